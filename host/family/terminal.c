// SPDX-License-Identifier: BSD-2-Clause
// The host's terminal: raw while the family runs, its input handed to the guests' line discipline.
// Neighbours: supervisor.c (the loop), abi/window.h (the ring), kernel/tty/tty.c (the consumer).

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "host/family/supervisor.h"

static struct termios saved, raw;
static int is_raw;

static struct window_tty *tty(const struct family *f)
{
    return (struct window_tty *)(f->window + sizeof(struct window_header) +
                                 (f->opt->max_procs + 1) * sizeof(struct window_door));
}

// Whether the terminal is ours to set: a change of it from the background would stop us, and the
// foreground has its own idea of it. A terminal that controls another session does not mind.
static int may_set(void)
{
    pid_t foreground = tcgetpgrp(0);
    return foreground < 0 || foreground == getpgrp();
}

// TCSANOW: a terminal that takes no output would never be drained.
void terminal_restore(void)
{
    if (is_raw && may_set())
        tcsetattr(0, TCSANOW, &saved);
    is_raw = 0;
}

// After a stop: whoever had the terminal meanwhile has set it for himself.
void terminal_again(void)
{
    if (is_raw && may_set())
        tcsetattr(0, TCSANOW, &raw);
}

// At SIGWINCH. Two words, each whole: a guest that reads in between sees the change in two steps.
void terminal_resize(struct family *f)
{
    struct winsize ws;
    if (ioctl(0, TIOCGWINSZ, &ws) == 0) {
        tty(f)->rows = ws.ws_row;
        tty(f)->cols = ws.ws_col;
    }
}

// 1: standard input is no terminal, or none that can be set, and is left alone.
int terminal_init(struct family *f)
{
    if (f->stdio[0] != PV_STDIO_TTY || tcgetattr(0, &saved) < 0)
        return 1;
    terminal_resize(f);
    // In the background of a job-control shell this would stop us: take the signal's default
    // action.
    raw = saved;
    cfmakeraw(&raw);
    // read() never blocks, not even when somebody else was faster: there is no other way that
    // leaves the descriptor's flags, which we share, alone.
    raw.c_cc[VMIN] = raw.c_cc[VTIME] = 0;
    if (tcsetattr(0, TCSANOW, &raw) == 0)
        is_raw = 1;
    atexit(terminal_restore);
    return 0;
}

// Our own copy of how far we are: the guests could move the one in the window.
static uint32_t head;

static uint32_t room(const struct family *f)
{
    // `tail` is the guests' to write. One that makes no sense leaves no room, so that input waits
    // in the host's terminal.
    uint32_t used = head - __atomic_load_n(&tty(f)->tail, __ATOMIC_ACQUIRE);
    return used > WINDOW_TTY_RING ? 0 : WINDOW_TTY_RING - used;
}

int terminal_room(const struct family *f)
{
    return room(f) > 0;
}

// 1: there is something new in the ring; 0: nothing; -1: the terminal is gone, and need not be
// watched any more.
int terminal_input(struct family *f, int hung_up)
{
    uint8_t buf[256];
    uint32_t space = room(f), want = space < sizeof buf ? space : sizeof buf;
    if (want == 0)
        return 0;
    ssize_t n = read(0, buf, want);
    if (n <= 0) {
        if (n < 0 ? errno == EINTR || errno == EAGAIN : is_raw && !hung_up)
            return 0;
        // The kernel sees it at its next look and sends SIGHUP; there is no more to read.
        tty(f)->hangup = 1;
        return -1;
    }
    for (ssize_t i = 0; i < n; i++)
        tty(f)->ring[(head + (uint32_t)i) % WINDOW_TTY_RING] = buf[i];
    head += (uint32_t)n;
    __atomic_store_n(&tty(f)->head, head, __ATOMIC_RELEASE);
    return 1;
}
