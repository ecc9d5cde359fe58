// SPDX-License-Identifier: BSD-2-Clause
// The line discipline: typed bytes in; cooked bytes, echo and signals out. A terminal at a keyboard
// away from every other part of the system (kernel/tty/line.c and kernel/tty/edit.c alone).
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/tty/tty.h"

static struct tty tty;
static struct tty_effect effect;

static void set_up(void)
{
    memset(&tty, 0, sizeof tty);
    memset(&effect, 0, sizeof effect);
    tty_line_init(&tty);
}

// Types bytes; the effect collects. Returns how many were taken before one had to wait.
static int type(const char *keys)
{
    int n = 0;
    for (; keys[n]; n++)
        if (tty_line_input(&tty, (uint8_t)keys[n], &effect) < 0)
            break;
    return n;
}

// What was echoed since the last call.
static const char *echoed(void)
{
    static char text[TTY_ECHO_MAX + 1];
    memcpy(text, effect.echo, effect.len);
    text[effect.len] = '\0';
    memset(&effect, 0, sizeof effect);
    return text;
}

static int eof;

// What a read of at most `len` bytes gets.
static const char *read_some(uint32_t len)
{
    static char text[TTY_LINE_MAX + 1];
    uint32_t n = tty_line_take(&tty, (uint8_t *)text, len, &eof);
    text[n] = '\0';
    return text;
}

static const char *read_line(void)
{
    return read_some(TTY_LINE_MAX);
}

static void test_line(void)
{
    int ready;
    set_up();
    type("hello");
    CHECK_EQ(effect.readable, 0);
    CHECK_STR(read_line(), "");
    tty_line_available(&tty, &ready);
    CHECK_EQ(ready, 0);
    type("\r"); // the key sends CR; ICRNL
    CHECK_EQ(effect.readable, 1);
    CHECK_STR(echoed(), "hello\r\n");
    CHECK_EQ(tty_line_available(&tty, &ready), 6);
    CHECK_EQ(ready, 1);
    CHECK_STR(read_line(), "hello\n");
    CHECK_EQ(eof, 0);
}

static void test_lines_one_by_one(void)
{
    set_up();
    type("one\ntwo\nthr");
    CHECK_STR(read_line(), "one\n");
    CHECK_STR(read_some(2), "tw");
    CHECK_STR(read_some(2), "o\n");
    CHECK_STR(read_line(), "");
    type("ee\n");
    CHECK_STR(read_line(), "three\n");
}

static void test_end_of_file(void)
{
    int ready;
    set_up();
    type("\x04");
    tty_line_available(&tty, &ready);
    CHECK_EQ(ready, 1);
    CHECK_STR(read_line(), "");
    CHECK_EQ(eof, 1);
    // Behind text it only makes the text readable.
    type("abc\x04"
         "d\n");
    CHECK_STR(read_line(), "abc");
    CHECK_EQ(eof, 0);
    CHECK_STR(read_line(), "d\n");
    // Also when the reader's buffer ends just before it.
    type("xyz\x04");
    CHECK_STR(read_some(3), "xyz");
    CHECK_STR(read_line(), "");
    CHECK_EQ(eof, 0);
    CHECK_EQ(effect.signals, 0);
}

static void test_erase(void)
{
    set_up();
    type("ab\x7f");
    CHECK_STR(echoed(), "ab\b \b");
    type("\x7f\x7f\x7f"); // more than there is
    CHECK_STR(echoed(), "\b \b");
    type("\x01\x7f"); // shown as ^A: two columns
    CHECK_STR(echoed(), "^A\b \b\b \b");
    type("ok\n");
    CHECK_STR(read_line(), "ok\n");
    // A finished line cannot be edited.
    type("done\n\x7f\x7f"
         "x\n");
    CHECK_STR(read_line(), "done\n");
    CHECK_STR(read_line(), "x\n");
}

static void test_erase_wide(void)
{
    set_up();
    type("a\xc3\xa4"); // ä: two bytes, one column
    echoed();
    type("\x7f");
    CHECK_STR(echoed(), "\b \b");
    type("\n");
    CHECK_STR(read_line(), "a\n");
    echoed();
    type("ab\t"); // a tab from column 2: six columns
    echoed();
    type("\x7f");
    CHECK_STR(echoed(), "\b \b\b \b\b \b\b \b\b \b\b \b");
    type("c\n");
    CHECK_STR(read_line(), "abc\n");
}

static void test_erase_after_prompt(void)
{
    uint8_t out[16];
    uint32_t used;
    set_up();
    tty_line_output(&tty, (const uint8_t *)"$ ", 2, &used, out, sizeof out);
    type("\t\x7f"); // the prompt moved the cursor: the tab took six
    CHECK_STR(echoed(), "\t\b \b\b \b\b \b\b \b\b \b\b \b");
}

static void test_kill_and_word(void)
{
    set_up();
    type("one two  \x17");
    CHECK_STR(echoed(), "one two  \b \b\b \b\b \b\b \b\b \b");
    type("2\n");
    CHECK_STR(read_line(), "one 2\n");
    echoed();
    type("gone\x15");
    CHECK_STR(echoed(), "gone\b \b\b \b\b \b\b \b");
    type("\n");
    CHECK_STR(read_line(), "\n");
    tty.termios.lflag &= ~(uint32_t)ECHOKE;
    echoed();
    type("gone\x15new\n");
    CHECK_STR(echoed(), "gone^U\r\nnew\r\n");
    CHECK_STR(read_line(), "new\n");
}

static void test_literal_and_reprint(void)
{
    set_up();
    type("a\x16\x03z"); // ^V^C: the byte, no signal
    CHECK_EQ(effect.signals, 0);
    CHECK_STR(echoed(), "a^\b^Cz");
    type("\x12");
    CHECK_STR(echoed(), "^R\r\na^Cz");
    type("\x16\x04\n"); // a quoted VEOF is a byte too
    CHECK_STR(read_line(), "a\x03z\x04\n");
    CHECK_EQ(eof, 0);
}

static void test_signals(void)
{
    set_up();
    type("lost\x03");
    CHECK_EQ(effect.signals, 1 << SIGINT);
    CHECK_STR(echoed(), "lost^C");
    type("kept\n");
    CHECK_STR(read_line(), "kept\n");
    type("\x1c\x1a");
    CHECK_EQ(effect.signals, 1 << SIGQUIT | 1 << SIGTSTP);
    tty.termios.lflag |= NOFLSH;
    type("stays\x03\n");
    CHECK_STR(read_line(), "stays\n");
    tty.termios.lflag &= ~(uint32_t)ISIG;
    memset(&effect, 0, sizeof effect);
    type("\x03\n");
    CHECK_EQ(effect.signals, 0);
    CHECK_STR(read_line(), "\x03\n");
    tty.termios.lflag |= ISIG;
    tty.termios.cc[VINTR] = 0; // switched off: NUL is not the key
    CHECK_EQ(tty_line_input(&tty, 0, &effect), 0);
    CHECK_EQ(effect.signals, 0);
}

static void test_flow_control(void)
{
    set_up();
    type("\x13");
    CHECK_EQ(tty.stopped, 1);
    type("a");
    CHECK_EQ(tty.stopped, 1);
    type("\x11");
    CHECK_EQ(tty.stopped, 0);
    CHECK_EQ(effect.resumed, 1);
    tty.termios.iflag |= IXANY;
    type("\x13"
         "b");
    CHECK_EQ(tty.stopped, 0);
    type("\x13\x03"); // a signal key starts output again, or its effect could not be seen
    CHECK_EQ(tty.stopped, 0);
    tty.termios.iflag &= ~(uint32_t)(IXON | IXANY);
    type("\x13\n");
    CHECK_STR(read_line(), "\x13\n");
}

static void test_input_mapping(void)
{
    set_up();
    tty.termios.iflag = IGNCR;
    type("a\rb\n");
    CHECK_STR(read_line(), "ab\n");
    tty.termios.iflag = INLCR;
    type("c\n\x04");
    CHECK_STR(read_line(), "c\r");
    tty.termios.iflag = ISTRIP;
    type("\xe1\n");
    CHECK_STR(read_line(), "a\n");
    tty.termios.iflag = 0;
    tty.termios.cc[VEOL] = ';';
    type("x;y\n");
    CHECK_STR(read_line(), "x;");
    CHECK_STR(read_line(), "y\n");
}

static void test_no_echo(void)
{
    set_up();
    tty.termios.lflag &= ~(uint32_t)ECHO;
    type("secret\x7f\x7ft\x15word\x03"
         "a\n");
    CHECK_STR(echoed(), "");
    CHECK_STR(read_line(), "a\n");
    tty.termios.lflag |= ECHONL;
    type("pw\n");
    CHECK_STR(echoed(), "\r\n");
}

static void test_raw(void)
{
    int ready;
    set_up();
    tty.termios.lflag &= ~(uint32_t)(ICANON | ECHO | ISIG);
    tty.termios.iflag = 0;
    type("a\x7f\x04\r");
    CHECK_EQ(effect.readable, 1);
    CHECK_EQ(tty_line_available(&tty, &ready), 4);
    CHECK_STR(read_some(3), "a\x7f\x04");
    CHECK_EQ(eof, 0);
    CHECK_STR(read_some(9), "\r");
    tty_line_available(&tty, &ready);
    CHECK_EQ(ready, 0);
}

// A full buffer: raw input waits, a line that is too long loses its end but can still be finished.
static void test_full(void)
{
    static char keys[TTY_LINE_MAX + 100];
    memset(keys, 'k', sizeof keys - 1);
    set_up();
    tty.termios.lflag &= ~(uint32_t)(ICANON | ECHO);
    CHECK_EQ(type(keys), TTY_LINE_MAX - 1);
    CHECK_EQ(strlen(read_some(10)), 10);
    CHECK_EQ(type(keys), 10);
    set_up();
    tty.termios.lflag &= ~(uint32_t)ECHO;
    CHECK_EQ(type(keys), sizeof keys - 1);
    type("\n");
    CHECK_EQ(strlen(read_line()), TTY_LINE_MAX);
    CHECK_EQ(eof, 0);
    type("next\n");
    CHECK_STR(read_line(), "next\n");
}

// Round and round the buffer: positions are counters, the bytes and marks wrap.
static void test_wrap(void)
{
    static char line[1000];
    set_up();
    tty.head = tty.tail = tty.line_start = UINT32_MAX - 700;
    memset(line, 'w', sizeof line - 2);
    line[sizeof line - 2] = '\n';
    for (int i = 0; i < 20; i++) {
        type(line);
        memset(&effect, 0, sizeof effect);
        if (!CHECK_STR(read_line(), line))
            return;
    }
}

static void test_mode_change(void)
{
    struct k_termios t;
    set_up();
    type("typed");
    t = tty.termios;
    t.lflag &= ~(uint32_t)ICANON;
    tty_line_set(&tty, &t); // an editor starts: what was typed ahead is there
    CHECK_STR(read_some(2), "ty");
    t.lflag |= ICANON;
    tty_line_set(&tty, &t);
    CHECK_STR(read_line(), "ped");
    CHECK_EQ(eof, 0);
    type("x\n");
    CHECK_STR(read_line(), "x\n");
}

static const char *output(const char *in, uint32_t room)
{
    static char out[64];
    uint32_t used, n = tty_line_output(&tty, (const uint8_t *)in, (uint32_t)strlen(in), &used,
                                       (uint8_t *)out, room);
    CHECK(used <= strlen(in) && n <= room);
    out[n] = '\0';
    return out;
}

static void test_output(void)
{
    set_up();
    CHECK_STR(output("a\nb", 60), "a\r\nb");
    CHECK_EQ(tty.column, 1);
    CHECK_STR(output("xy\n", 3), "xy"); // CR LF does not fit: not half of it
    tty.termios.oflag |= XTABS;
    tty.column = 5;
    CHECK_STR(output("\tz", 60), "   z");
    CHECK_EQ(tty.column, 9);
    CHECK_STR(output("\t", 3), "");
    tty.termios.oflag = OPOST | OCRNL | OLCUC;
    CHECK_STR(output("up\r", 60), "UP\n");
    tty.termios.oflag = 0;
    CHECK_STR(output("a\n\t", 60), "a\n\t");
    CHECK_STR(output("abcdef", 4), "abcd");
}

int main(void)
{
    RUN(test_line);
    RUN(test_lines_one_by_one);
    RUN(test_end_of_file);
    RUN(test_erase);
    RUN(test_erase_wide);
    RUN(test_erase_after_prompt);
    RUN(test_kill_and_word);
    RUN(test_literal_and_reprint);
    RUN(test_signals);
    RUN(test_flow_control);
    RUN(test_input_mapping);
    RUN(test_no_echo);
    RUN(test_raw);
    RUN(test_full);
    RUN(test_wrap);
    RUN(test_mode_change);
    RUN(test_output);
    return check_done("tty");
}
