// SPDX-License-Identifier: BSD-2-Clause
// Writing to the terminal: output is processed (line.c) and handed to the host, whose terminal is
// in raw mode. Neighbours: tty.c (reading, the table of operations), ioctl.c (flow control).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/signal.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/tty/tty.h"

// Standard output before standard error: either may have been redirected.
uint32_t tty_host_fd(void)
{
    for (uint32_t fd = 1; fd <= 2; fd++)
        if (boot_info->stdio[fd] == PV_STDIO_TTY)
            return fd;
    return 0;
}

// One write to the host, over all its waits.
struct tty_write {
    uint32_t fd;
    const uint8_t *buf;
    uint32_t len;
    int64_t result; // of the last attempt: bytes, or -errno
};

static int push_output(void *arg)
{
    struct tty_write *w = arg;
    w->result = pv_console(w->fd, 1, w->buf, w->len);
    return w->result != -EAGAIN;
}

// Hands processed bytes to the host, all of them once the first went: only the beginning of a chunk
// can be interrupted, so that a caller knows which of its own bytes are out.
static long write_host(const uint8_t *buf, uint32_t len, int nonblock)
{
    struct tty_write out = {.fd = tty_host_fd(), .buf = buf, .len = len};
    struct wait w = {.ready = push_output,
                     .arg = &out,
                     .console = 1u << out.fd,
                     .deadline = PV_FOREVER,
                     .spin = 1};
    if (nonblock && !push_output(&out))
        return -EAGAIN;
    while (out.len) {
        int n = nonblock && out.len == len ? 1 : wait_for(&w);
        if (n < 0)
            return n;
        if (out.result <= 0) // 0: a host that takes nothing and does not say why
            return out.result == -EPIPE || out.result == 0 ? -EIO : out.result;
        out.buf += out.result;
        out.len -= (uint32_t)out.result;
        // From the second piece on only SIGKILL ends the wait.
        w.interrupted = wait_hooks.killed;
    }
    return len;
}

// A terminal that is gone lets everybody out, to be told so.
static int may_write(void *arg)
{
    const struct tty *t = arg;
    return !__atomic_load_n(&t->stopped, __ATOMIC_RELAXED) || t->hung;
}

// Waits while VSTOP holds output back.
static long wait_resumed(struct tty *t, int nonblock)
{
    struct waitq *queues[] = {&t->readers};
    struct wait w = {.ready = may_write,
                     .arg = t,
                     .queues = queues,
                     .nqueues = 1,
                     .deadline = PV_FOREVER,
                     .spin = 1};
    if (may_write(t))
        return t->hung ? -EIO : 0;
    if (nonblock)
        return -EAGAIN;
    int n = wait_for(&w);
    return n < 0 ? n : t->hung ? -EIO : 0;
}

// The count is of the program's bytes, not of those made of them. A background process may write
// unless TOSTOP says otherwise (XBD 11.1.4).
long tty_write(struct file *f, const void *buf, size_t len)
{
    struct tty *t = &window_root()->tty;
    const uint8_t *in = buf;
    uint8_t out[TTY_OUT_CHUNK];
    int nonblock = (f->flags & O_NONBLOCK) != 0;
    size_t done = 0;
    long r = t->termios.lflag & TOSTOP ? tty_job_control(t, SIGTTOU) : 0;
    while (r >= 0 && done < len) {
        uint32_t used, made;
        r = wait_resumed(t, nonblock);
        if (r == 0 && user_readable(in + done, len - done) < 0)
            r = -EFAULT; // checked before the wait, not since
        if (r < 0)
            break;
        tty_lock();
        // The lock keeps the column right. It is dropped before the host is called, so output of
        // two processes may mix, in pieces of one chunk.
        made = tty_line_output(t, in + done, (uint32_t)min_u64(len - done, TTY_OUT_CHUNK), &used,
                               out, sizeof out);
        tty_unlock();
        r = write_host(out, made, nonblock);
        if (r >= 0)
            done += used;
    }
    return done ? (long)done : r;
}
