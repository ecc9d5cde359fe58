// SPDX-License-Identifier: BSD-2-Clause
// The line discipline: what POSIX chapter 11 says happens to each byte of a terminal.
//
// Pure functions over struct tty: input bytes become cooked bytes, echo and signals; output bytes
// become the terminal's. Nothing here calls the host or another VM, so unit tests can drive all of
// it. In cooked[] a marked byte ends a line; a marked NUL is VEOF (a typed NUL is never marked).
// Neighbours: edit.c (erase and the other editing keys), tty.c (who calls, under tty->lock).

#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/lib.h"
#include "kernel/tty/edit.h"

#define SLOT(pos) ((pos) % TTY_LINE_MAX)
#define BELL      '\a'

// Linux's defaults, which programs compare with after `stty sane`. VEOL, VEOL2 and VSWTC are
// disabled.
void tty_line_init(struct tty *t)
{
    static const uint8_t keys[NCCS] = {
        [VINTR] = 3,     [VQUIT] = 28,   [VERASE] = 127, [VKILL] = 21, [VEOF] = 4,
        [VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,   [VSUSP] = 26, [VREPRINT] = 18,
        [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
    };
    t->termios = (struct k_termios){
        .iflag = ICRNL | IXON | IUTF8,
        .oflag = OPOST | ONLCR,
        .cflag = B38400 | CS8 | CREAD | HUPCL,
        .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    };
    memcpy(t->termios.cc, keys, sizeof keys);
}

int tty_is_key(const struct tty *t, int key, uint8_t c)
{
    return c && t->termios.cc[key] == c; // 0 is _POSIX_VDISABLE
}

// --- marks ---

// One bit for each byte of cooked[]: positions wrap together.
static void set_mark(struct tty *t, uint32_t pos, int on)
{
    uint8_t bit = (uint8_t)(1 << SLOT(pos) % 8);
    if (on)
        t->mark[SLOT(pos) / 8] |= bit;
    else
        t->mark[SLOT(pos) / 8] &= (uint8_t)~bit;
}

static int is_marked(const struct tty *t, uint32_t pos)
{
    return t->mark[SLOT(pos) / 8] >> SLOT(pos) % 8 & 1;
}

static int is_eof(const struct tty *t, uint32_t pos)
{
    return is_marked(t, pos) && t->cooked[SLOT(pos)] == 0;
}

// --- output ---

// 0 when the blanks do not all fit: half a tab would leave the column wrong for the rest.
static uint32_t put_tab(struct tty *t, uint8_t *out, uint32_t room)
{
    uint32_t n = 8 - t->column % 8;
    if ((t->termios.oflag & TABDLY) != XTABS) {
        out[0] = '\t';
        t->column += n;
        return 1;
    }
    if (n > room)
        return 0;
    memset(out, ' ', n);
    t->column += n;
    return n;
}

static uint32_t put_newline(struct tty *t, uint8_t *out, uint32_t room)
{
    if (!(t->termios.oflag & ONLCR)) {
        if (t->termios.oflag & ONLRET)
            t->column = 0;
        out[0] = '\n';
        return 1;
    }
    if (room < 2)
        return 0;
    out[0] = '\r';
    out[1] = '\n';
    t->column = 0;
    return 2;
}

// One byte. Returns the bytes made (0 with *used 1: dropped), or *used = 0: no room.
static uint32_t put_byte(struct tty *t, uint8_t c, uint32_t *used, uint8_t *out, uint32_t room)
{
    uint32_t oflag = t->termios.oflag, n = 1;
    *used = 1;
    // XBD 11.2.3. ONOCR is decided by the byte as it was written, before OCRNL makes another of it.
    if (c == '\r' && (oflag & ONOCR) && t->column == 0)
        return 0;
    if (c == '\r' && (oflag & OCRNL))
        c = '\n';
    if (c == '\n' || c == '\t') {
        n = c == '\n' ? put_newline(t, out, room) : put_tab(t, out, room);
        *used = n != 0;
        return n;
    }
    if ((oflag & OLCUC) && c >= 'a' && c <= 'z')
        c -= 'a' - 'A';
    out[0] = c;
    if (c == '\r')
        t->column = 0;
    else if (c == '\b')
        t->column -= t->column > 0;
    else if (c >= ' ' && (c & 0xc0) != 0x80) // not a continuation byte of UTF-8
        t->column++;
    return n;
}

// Returns the bytes made, of *USED bytes taken; what has no room is the next call's. Under the
// terminal's lock, for the column.
uint32_t tty_line_output(struct tty *t, const uint8_t *in, uint32_t len, uint32_t *used,
                         uint8_t *out, uint32_t room)
{
    uint32_t made = 0, i = 0, one = 1;
    if (!(t->termios.oflag & OPOST)) {
        i = made = len < room ? len : room;
        memcpy(out, in, made);
    }
    while (i < len && made < room && one) {
        made += put_byte(t, in[i], &one, out + made, room - made);
        i += one;
    }
    *used = i;
    return made;
}

// --- input ---

// Processed as output is, by the same rules. What has no room is lost; pull_input() keeps enough
// free.
void tty_echo(struct tty *t, struct tty_effect *e, uint8_t c)
{
    uint32_t used;
    e->len += tty_line_output(t, &c, 1, &used, e->echo + e->len, TTY_ECHO_MAX - e->len);
}

// A typed byte as it is shown: control characters as ^X with ECHOCTL.
void tty_echo_typed(struct tty *t, struct tty_effect *e, uint8_t c)
{
    if ((t->termios.lflag & ECHOCTL) && (c < ' ' || c == 127) && c != '\n' && c != '\t') {
        tty_echo(t, e, '^');
        c ^= 0x40;
    }
    tty_echo(t, e, c);
}

static int has_place(const struct tty *t, int mark)
{
    // One byte is kept back, so that a full line can still be ended.
    return t->head - t->tail < TTY_LINE_MAX - (uint32_t)!mark;
}

// Whether a byte waits for a place that a reader will make. An unfinished line that fills all of
// the buffer cannot be read before it ends: what is too much of it is dropped instead.
static int must_wait(const struct tty *t, int mark)
{
    return !has_place(t, mark) && (!(t->termios.lflag & ICANON) || t->line_start != t->tail);
}

// Puts a byte into the buffer. 0: no room.
static int store_byte(struct tty *t, uint8_t c, int mark)
{
    if (!has_place(t, mark))
        return 0;
    // The column in which a line begins: erasing a tab needs it later.
    if (t->head == t->line_start)
        t->line_column = t->column;
    t->cooked[SLOT(t->head)] = c;
    set_mark(t, t->head, mark);
    t->head++;
    return 1;
}

// C is 0 for the end of a file, which ends a line without being part of it.
static void end_line(struct tty *t, uint8_t c, struct tty_effect *e)
{
    if (!store_byte(t, c, 1))
        return;
    t->line_start = t->head;
    e->readable = 1;
}

// A byte that means nothing special. -EAGAIN leaves it in the ring: it comes again when there is
// room.
static int plain(struct tty *t, uint8_t c, struct tty_effect *e)
{
    uint32_t lflag = t->termios.lflag;
    if (must_wait(t, 0))
        return -EAGAIN;
    if (!store_byte(t, c, 0)) {
        if (t->termios.iflag & IMAXBEL)
            tty_echo(t, e, BELL);
        return 0;
    }
    if (lflag & ECHO)
        tty_echo_typed(t, e, c);
    e->readable |= !(lflag & ICANON);
    return 0;
}

static void resume(struct tty *t, struct tty_effect *e)
{
    e->resumed |= t->stopped;
    t->stopped = 0;
}

// IXON: 1 when the byte was flow control.
static int flow_control(struct tty *t, uint8_t c, struct tty_effect *e)
{
    uint32_t iflag = t->termios.iflag;
    if (!(iflag & IXON))
        return 0;
    if (t->stopped && (iflag & IXANY))
        resume(t, e);
    if (tty_is_key(t, VSTART, c)) {
        resume(t, e);
        return 1;
    }
    if (!tty_is_key(t, VSTOP, c))
        return 0;
    t->stopped = 1;
    return 1;
}

// ISIG: 1 when the byte was a signal key.
// The key is used up and is no input, whether or not anybody gets the signal.
static int signal_key(struct tty *t, uint8_t c, struct tty_effect *e)
{
    static const struct {
        int key, sig;
    } keys[] = {{VINTR, SIGINT}, {VQUIT, SIGQUIT}, {VSUSP, SIGTSTP}};
    for (uint32_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (!tty_is_key(t, keys[i].key, c))
            continue;
        // XBD 11.2.5: the queues are flushed unless NOFLSH says otherwise; output has none.
        if (!(t->termios.lflag & NOFLSH))
            tty_line_flush_input(t);
        if (t->termios.lflag & ECHO)
            tty_echo_typed(t, e, c);
        resume(t, e);
        e->signals |= 1u << keys[i].sig;
        return 1;
    }
    return 0;
}

static int ends_line(const struct tty *t, uint8_t c)
{
    return c == '\n' || tty_is_key(t, VEOL, c) ||
           ((t->termios.lflag & IEXTEN) && tty_is_key(t, VEOL2, c));
}

// The order is that of the keys' strength: editing, end of file, end of line, everything else.
static int canonical(struct tty *t, uint8_t c, struct tty_effect *e)
{
    uint32_t lflag = t->termios.lflag;
    if (tty_edit_key(t, c, e))
        return 0;
    if ((tty_is_key(t, VEOF, c) || ends_line(t, c)) && must_wait(t, 1))
        return -EAGAIN; // before it is echoed: it will be seen again
    if (tty_is_key(t, VEOF, c)) {
        end_line(t, 0, e);
        return 0;
    }
    if (ends_line(t, c)) {
        if ((lflag & ECHO) || (c == '\n' && (lflag & ECHONL)))
            tty_echo_typed(t, e, c);
        end_line(t, c, e);
        return 0;
    }
    return plain(t, c, e);
}

// 0, or -EAGAIN: nothing has happened, and the byte is to be given again later. XBD 11.2.2 has the
// order of the input modes.
int tty_line_input(struct tty *t, uint8_t c, struct tty_effect *e)
{
    uint32_t iflag = t->termios.iflag, lflag = t->termios.lflag;
    if (iflag & ISTRIP)
        c &= 0x7f;
    // ISTRIP comes before it, CR and NL mapping after: a quoted CR stays one.
    if (t->literal) { // after VLNEXT nothing is special
        int r = plain(t, c, e);
        t->literal = r < 0; // it comes again
        return r;
    }
    if (flow_control(t, c, e) || ((lflag & ISIG) && signal_key(t, c, e)))
        return 0;
    if (c == '\r') {
        if (iflag & IGNCR)
            return 0;
        c = iflag & ICRNL ? '\n' : c;
    } else if (c == '\n' && (iflag & INLCR)) {
        c = '\r';
    }
    return lflag & ICANON ? canonical(t, c, e) : plain(t, c, e);
}

// --- reading ---

// In canonical mode at most one line, or the part of it that fits; the rest is the next read's.
uint32_t tty_line_take(struct tty *t, uint8_t *buf, uint32_t len, int *eof)
{
    int canon = (t->termios.lflag & ICANON) != 0;
    uint32_t end = canon ? t->line_start : t->head, n = 0;
    *eof = 0;
    while (t->tail != end && n < len) {
        uint32_t pos = t->tail++;
        // VEOF at the beginning of a line is the end of the file; behind bytes it only ends the
        // line.
        if (canon && is_eof(t, pos)) {
            *eof = n == 0;
            return n;
        }
        buf[n++] = t->cooked[SLOT(pos)];
        if (canon && is_marked(t, pos))
            return n;
    }
    // A VEOF right behind a full buffer ends this read, not the next one with nothing in it.
    if (canon && n && t->tail != end && is_eof(t, t->tail))
        t->tail++;
    return n;
}

uint32_t tty_line_available(const struct tty *t, int *ready)
{
    if (!(t->termios.lflag & ICANON)) {
        *ready = t->head != t->tail;
        return t->head - t->tail;
    }
    uint32_t pos = t->tail;
    *ready = pos != t->line_start;
    // Of the first line only: one read gives no more (XBD 11.1.6).
    while (pos != t->line_start && !is_marked(t, pos))
        pos++;
    return pos - t->tail + (pos != t->line_start && !is_eof(t, pos));
}

void tty_line_flush_input(struct tty *t)
{
    t->tail = t->line_start = t->head;
    t->literal = 0;
}

void tty_line_set(struct tty *t, const struct k_termios *termios)
{
    uint32_t changed = t->termios.lflag ^ termios->lflag;
    t->termios = *termios;
    if (!(changed & ICANON))
        return;
    // What was typed under the other mode stays readable: as one line, or as bytes (POSIX leaves it
    // open).
    for (uint32_t pos = t->tail; (termios->lflag & ICANON) && pos != t->head; pos++)
        set_mark(t, pos, pos + 1 == t->head);
    t->line_start = t->head;
}
