// SPDX-License-Identifier: BSD-2-Clause
// Type-ahead: what is typed before anybody reads waits, and is not lost (kernel/tty/line.c).
#include <stdio.h>

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

// Lines that nobody has read yet are not lost: what comes after them waits, and without a trace.
static void test_type_ahead(void)
{
    int typed = 0, got = 0;
    char line[64], want[64];
    set_up();
    while (1) {
        snprintf(line, sizeof line, "line %04d .................................................",
                 typed);
        line[59] = typed % 10 == 9 ? 4 : '\n'; // now and then an end of file ends it
        line[60] = '\0';
        int n = type(line);
        memset(effect.echo, 0, effect.len);
        effect.len = 0;
        for (; n < 60; n += type(line + n)) {
            CHECK_EQ(effect.len, 0); // nothing was echoed of what waits
            snprintf(want, sizeof want, "line %04d", got);
            CHECK(strncmp(read_line(), want, 9) == 0);
            got++;
            if (eof)
                break;
        }
        if (++typed == 300)
            break;
    }
    CHECK(got > 100 && got < 300);
    for (; got < 300; got++) {
        snprintf(want, sizeof want, "line %04d", got);
        CHECK(strncmp(read_line(), want, 9) == 0);
    }
    // A quoted byte that has to wait is still quoted when it comes again.
    set_up();
    tty.termios.lflag &= ~(uint32_t)ECHO;
    for (int i = 0; i < TTY_LINE_MAX / 4 - 1; i++)
        type("abc\n");
    type("ab\x16");
    CHECK_EQ(type("\x03"), 1);
    CHECK_EQ(type("\x16"), 1);
    CHECK_EQ(type("\x03"), 0);
    CHECK_EQ(effect.signals, 0);
    CHECK_STR(read_line(), "abc\n");
    CHECK_EQ(type("\x03"), 1);
    CHECK_EQ(effect.signals, 0);
}

int main(void)
{
    RUN(test_type_ahead);
    return check_done("type_ahead");
}
