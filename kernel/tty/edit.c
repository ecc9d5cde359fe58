// SPDX-License-Identifier: BSD-2-Clause
// Editing the unfinished line: erase, word erase, kill, reprint, quote.
//
// Only bytes from line_start on can be edited: earlier ones are complete lines. Erasing shows as
// backspace, blank, backspace; how many depends on how the byte was echoed, and for a tab on where
// the line began. Neighbours: line.c.

#include "kernel/lib.h"
#include "kernel/tty/edit.h"

// Positions only ever grow; the ring's index is what is left over.
static uint8_t byte_at(const struct tty *t, uint32_t pos)
{
    return t->cooked[pos % TTY_LINE_MAX];
}

static int is_control(uint8_t c)
{
    return c < ' ' || c == 127;
}

static int is_continuation(const struct tty *t, uint8_t c)
{
    // UTF-8's bytes after the first of a character: they take no column of their own.
    return (t->termios.iflag & IUTF8) && (c & 0xc0) == 0x80;
}

// Columns a typed byte takes when the cursor stands at `column`.
static uint32_t width(const struct tty *t, uint8_t c, uint32_t column)
{
    if (c == '\t')
        return 8 - column % 8;
    if (is_control(c))
        return t->termios.lflag & ECHOCTL ? 2 : 0;
    return !is_continuation(t, c);
}

// Columns the last byte of the line takes on the screen.
static uint32_t last_width(const struct tty *t)
{
    uint32_t column = t->line_column, w = 0;
    if (byte_at(t, t->head - 1) != '\t')
        return width(t, byte_at(t, t->head - 1), 0);
    // A tab's width depends on everything before it, so the whole line is measured.
    for (uint32_t pos = t->line_start; pos != t->head; pos++) {
        w = width(t, byte_at(t, pos), column);
        column += w;
    }
    return w;
}

// The blank wipes the character out, as terminals do not erase by going back.
static void show_erase(struct tty *t, struct tty_effect *e, uint32_t columns)
{
    for (uint32_t i = 0; i < columns; i++) {
        tty_echo(t, e, '\b');
        tty_echo(t, e, ' ');
        tty_echo(t, e, '\b');
    }
}

// Takes the last character off the line: one byte, or all bytes of one in UTF-8.
static void erase_last(struct tty *t, struct tty_effect *e, int show)
{
    while (t->head - 1 != t->line_start && is_continuation(t, byte_at(t, t->head - 1)))
        t->head--;
    uint32_t columns = last_width(t);
    t->head--;
    if (show)
        show_erase(t, e, columns);
}

// Without ECHOE the key itself is shown instead, as on a printing terminal (XBD 11.2.5).
static void erase(struct tty *t, uint8_t c, struct tty_effect *e)
{
    uint32_t lflag = t->termios.lflag;
    if (t->head == t->line_start)
        return;
    erase_last(t, e, (lflag & ECHO) && (lflag & ECHOE));
    if ((lflag & ECHO) && !(lflag & ECHOE))
        tty_echo_typed(t, e, c);
}

static int is_word(uint8_t c)
{
    return c != ' ' && c != '\t';
}

static void erase_word(struct tty *t, struct tty_effect *e)
{
    int show = (t->termios.lflag & ECHO) && (t->termios.lflag & ECHOE);
    // Blanks first, then the word before them, as on Linux. POSIX knows no VWERASE.
    while (t->head != t->line_start && !is_word(byte_at(t, t->head - 1)))
        erase_last(t, e, show);
    while (t->head != t->line_start && is_word(byte_at(t, t->head - 1)))
        erase_last(t, e, show);
}

// The whole line is wiped on the screen only while the effect has room for it; a longer one is
// abandoned where it stands, and a new line begun.
static void kill_line(struct tty *t, uint8_t c, struct tty_effect *e)
{
    uint32_t lflag = t->termios.lflag;
    uint32_t room = (TTY_ECHO_MAX - e->len) / 24; // a tab: 8 columns, 3 bytes each
    if (!(lflag & ECHO)) {
        t->head = t->line_start;
        return;
    }
    if ((lflag & ECHOKE) && (lflag & ECHOE) && t->head - t->line_start < room) {
        while (t->head != t->line_start)
            erase_last(t, e, 1);
        return;
    }
    t->head = t->line_start;
    tty_echo_typed(t, e, c);
    if (lflag & (ECHOK | ECHOKE))
        tty_echo(t, e, '\n');
}

static void reprint(struct tty *t, uint8_t c, struct tty_effect *e)
{
    tty_echo_typed(t, e, c);
    tty_echo(t, e, '\n');
    // The line begins in a new column now: tabs in it are measured from here.
    t->line_column = t->column;
    for (uint32_t pos = t->line_start; pos != t->head; pos++)
        tty_echo_typed(t, e, byte_at(t, pos));
}

// Under the terminal's lock. Returns whether the byte was a key and is used up; what it makes
// visible is collected in E and written by the caller.
// POSIX has only ERASE and KILL; the other keys are Linux's, and work with IEXTEN (XBD 11.2.5
// leaves them to us).
int tty_edit_key(struct tty *t, uint8_t c, struct tty_effect *e)
{
    uint32_t lflag = t->termios.lflag;
    if (tty_is_key(t, VERASE, c)) {
        erase(t, c, e);
        return 1;
    }
    if (tty_is_key(t, VKILL, c)) {
        kill_line(t, c, e);
        return 1;
    }
    if (!(lflag & IEXTEN))
        return 0;
    if (tty_is_key(t, VWERASE, c)) {
        erase_word(t, e);
        return 1;
    }
    if (tty_is_key(t, VREPRINT, c) && (lflag & ECHO)) {
        reprint(t, c, e);
        return 1;
    }
    if (tty_is_key(t, VLNEXT, c)) {
        t->literal = 1;
        if ((lflag & ECHO) && (lflag & ECHOCTL)) { // shown until the quoted character overwrites it
            tty_echo(t, e, '^');
            tty_echo(t, e, '\b');
        }
        return 1;
    }
    return 0;
}
