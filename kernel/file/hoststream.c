// SPDX-License-Identifier: BSD-2-Clause
// FILE_STREAM: the family's stdin, stdout and stderr when they are pipes, files or devices of the
// host.
//
// The host moves the bytes (PV_CALL_CONSOLE) and tells when a blocked descriptor is ready
// (PV_CALL_WAIT). To a program such a descriptor looks like a pipe, whatever it is on the host.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/poll.h"
#include "kernel/api/signal.h"
#include "kernel/entry.h"
#include "kernel/file/file.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"

// More than the host moves at once anyway; keeps lengths in range.
#define MOVE_MAX (UINT64_C(1) << 30)

// What is left of one read() or write(), for the attempts of a wait.
struct transfer {
    const struct file *f;
    int write;
    uint8_t *buf;
    uint64_t len;
    int64_t result;
};

static uint32_t wait_bit(const struct file *f)
{
    return 1u << f->minor; // PV_WAIT_IN, OUT, ERR are in the order of the descriptors
}

// One attempt; a wait's ready(): the host is asked again whenever it says that something may have
// changed.
static int try_move(void *arg)
{
    struct transfer *t = arg;
    // Each time: what was checked before a wait is not trusted after it.
    if ((t->write ? user_readable(t->buf, t->len) : user_writable(t->buf, t->len)) < 0) {
        t->result = -EFAULT;
        return 1;
    }
    t->result = pv_console(t->f->minor, t->write, t->buf, t->len);
    return t->result != -EAGAIN;
}

// Moves some bytes. -EAGAIN with O_NONBLOCK, -ERESTART.
static int64_t move_some(struct transfer *t)
{
    struct wait w = {
        .ready = try_move, .arg = t, .console = wait_bit(t->f), .deadline = PV_FOREVER, .spin = 1};
    if (try_move(t) || (t->f->flags & O_NONBLOCK))
        return t->result;
    int r = wait_for(&w);
    return r < 0 ? r : t->result;
}

// A length of 0 does not ask the host: it must not wait, and 0 from the host would be the end.
static long stream_read(struct file *f, void *buf, size_t len)
{
    struct transfer t = {.f = f, .buf = buf, .len = min_u64(len, MOVE_MAX)};
    return len ? move_some(&t) : 0;
}

static long stream_write(struct file *f, const void *buf, size_t len)
{
    struct transfer t = {.f = f, .write = 1, .buf = (uint8_t *)(uintptr_t)buf};
    uint64_t total = min_u64(len, MOVE_MAX), done = 0;
    // A blocking write returns when all is written (POSIX), or a signal came after a part.
    while (done < total) {
        t.len = total - done;
        int64_t n = move_some(&t);
        if (n == -EPIPE && !done)
            proc_signal(proc_self, SIGPIPE, SI_KERNEL, 0);
        if (n <= 0)
            return done ? (long)done : n;
        done += (uint64_t)n;
        t.buf += n;
    }
    return (long)done;
}

// No queue of the window: a change comes from the host, to whoever waits for this bit.
static uint32_t stream_poll(struct file *f, struct waitq **queues, uint32_t *n, uint32_t *console)
{
    (void)queues, (void)n;
    *console |= wait_bit(f);
    // A wait that ends at once says what holds now; "may hold" is near enough, as a read that would
    // block after all does so.
    int64_t ready = pv_wait(window_door(lock_self_slot())->bell, 0, wait_bit(f));
    if (ready <= 0 || !((uint64_t)ready & wait_bit(f)))
        return 0;
    return f->minor == 0 ? POLLIN | POLLRDNORM : POLLOUT | POLLWRNORM;
}

// A pipe for all that a program can tell, so that the C library buffers and nobody seeks.
static long stream_stat(struct file *f, struct k_stat *st)
{
    memset(st, 0, sizeof *st);
    st->ino = f->minor + 1;
    st->nlink = 1;
    st->mode = S_IFIFO | 0600;
    st->blksize = 4096;
    return 0;
}

const struct file_ops stream_ops = {
    .read = stream_read,
    .write = stream_write,
    .stat = stream_stat,
    .poll = stream_poll,
};
