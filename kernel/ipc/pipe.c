// SPDX-License-Identifier: BSD-2-Clause
// Pipes: a ring of bytes in the window, one reader and one writer at a time, who share no lock.
//
// head and tail count bytes for ever and wrap at 2^32; a VM copies in or out first and publishes
// the counter after, in chunks, so that both sides copy at the same time. While both are busy
// nobody calls the host: the queues are empty and waking is one load. A writer that finds the ring
// empty starts again at its beginning: a pipe that never holds much touches few pages, and those
// stay in the caches. A VM that dies while it holds a side's lock has not published what it was
// copying, so there is nothing to repair.
// Neighbours: kernel/ipc/pipe_ends.c (opening and closing), kernel/window/waitq.c,
// kernel/file/file.c. POSIX: write(), "pipe or FIFO".

#include "kernel/ipc/pipe.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/poll.h"
#include "kernel/api/signal.h"
#include "kernel/entry.h"
#include "kernel/mem/copy.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/signal/signal.h"

// Published at once: small enough that both sides overlap and the copy is still in the cache.
#define CHUNK 8192u
// Moved under one hold of a side's lock.
#define BURST 65536u
// A long write that spins goes on when there is this much room.
#define SOME_ROOM 16384u

// --- moving bytes ---

// By the reader it may be too little, by the writer too much, never the other way: each changes
// only its own counter.
static uint32_t filled(const struct pipe *p)
{
    // Acquire pairs with the release of the other side's counter: the bytes, or the room, are
    // really there.
    uint32_t head = __atomic_load_n((uint32_t *)&p->head, __ATOMIC_ACQUIRE);
    uint32_t tail = __atomic_load_n((uint32_t *)&p->tail, __ATOMIC_ACQUIRE);
    return head - tail;
}

static uint32_t room(const struct pipe *p)
{
    // A limit below what is there already was set between two reads of ours: no room.
    uint32_t most = p->limit ? p->limit : p->size, n = filled(p);
    return most > n ? most - n : 0;
}

// Where byte number `at` is, and how many follow it without a gap: at most *n, which is set to
// that.
static uint8_t *ring_at(const struct pipe *p, uint32_t at, uint32_t *n)
{
    uint32_t i = (at - p->base) & (p->size - 1);
    uint32_t span = p->size < PIPE_RUN ? p->size : PIPE_RUN;
    *n = (uint32_t)min_u64(*n, span - i % span);
    return (uint8_t *)wref_ptr(p->ring[i / PIPE_RUN]) + i % span;
}

// The ring is empty, so the reader has no business in it and we may arrange it anew; it will see
// that when it sees the next head. Twice the size, if the last one was too small and there is
// memory.
static void start_over(struct pipe *p)
{
    p->base = p->head;
    if (!p->pressed || p->limit || p->size < PIPE_RUN || p->size >= PIPE_RUN * PIPE_GROWS)
        return;
    p->pressed = 0;
    if (pipe_more_runs(p, 2 * p->size) == 0)
        p->size *= 2;
}

// A writer asleep wants a certain room, and waking it for less would only cost two exits. The fence
// orders our new tail before the look at queue and need; the other half is in writable().
static void wake_writers(struct pipe *p)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (p->write_q.slots == 0 || room(p) < p->need)
        return;
    // Before taking the queue: whoever lowers it after this has a bit in the queue that we take,
    // and asks again.
    p->need = PIPE_NEED_NONE;
    waitq_wake(&p->write_q);
}

// Takes what is there, at most len. 0: the pipe is empty.
static uint32_t take_bytes(struct pipe *p, uint8_t *buf, uint32_t len)
{
    uint32_t done = 0;
    lock_take(&p->read_lock);
    uint32_t tail = p->tail;
    while (done < len) {
        uint32_t n = (uint32_t)min_u64(min_u64(filled(p), CHUNK), len - done);
        if (n == 0)
            break;
        const uint8_t *from =
            ring_at(p, tail, &n); // after filled(), which makes base and size visible
        copy_bytes(buf + done, from, n);
        tail += n;
        done += n;
        __atomic_store_n((uint32_t *)&p->tail, tail, __ATOMIC_RELEASE);
    }
    lock_drop(&p->read_lock);
    wake_writers(p);
    return done;
}

// Puts in what fits, at most len, if at least `least` does. 0: it does not. Wakes nobody: a
// sleeping reader costs two exits to wake, so that happens once, when the write is over or cannot
// go on.
static uint32_t put_bytes(struct pipe *p, const uint8_t *buf, uint32_t len, uint32_t least)
{
    uint32_t done = 0;
    lock_take(&p->write_lock);
    if (filled(p) == 0)
        start_over(p);
    uint32_t head = p->head;
    uint32_t fits = room(p) < least ? 0 : (uint32_t)min_u64(room(p), len);
    while (done < fits) {
        uint32_t n = (uint32_t)min_u64(fits - done, CHUNK);
        uint8_t *to = ring_at(p, head, &n);
        copy_bytes(to, buf + done, n);
        head += n;
        done += n;
        __atomic_store_n((uint32_t *)&p->head, head, __ATOMIC_RELEASE);
        if (done == fits && done < len) // the reader has made room meanwhile: go on
            fits = (uint32_t)min_u64((uint64_t)done + room(p), len);
    }
    lock_drop(&p->write_lock);
    return done;
}

// --- waiting ---

// Also at the end of the file: a wait must not outlast the last writer.
static int readable(void *arg)
{
    struct pipe *p = arg;
    return filled(p) != 0 || p->writers == 0;
}

// A waiting writer goes on at `least` room if it is still awake, but is woken for `need` only.
struct writer {
    struct pipe *p;
    uint32_t least, need;
};

// Lowers p->need to ours before the last look: a reader that did not see it has made its room
// visible to us.
static int has_room(struct pipe *p, uint32_t least, uint32_t need)
{
    if (room(p) >= least)
        return 1;
    uint32_t old = p->need;
    while (need < old)
        if (__atomic_compare_exchange_n((uint32_t *)&p->need, &old, need, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
            break;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return room(p) >= least;
}

static int writable(void *arg)
{
    struct writer *w = arg;
    return w->p->readers == 0 || has_room(w->p, w->least, w->need);
}

static int pipe_wait(struct waitq *q, int (*ready)(void *), void *arg)
{
    struct wait w = {
        .ready = ready, .arg = arg, .queues = &q, .nqueues = 1, .deadline = PV_FOREVER};
    return wait_for(&w);
}

// --- operations ---

// As much as is there, burst by burst, so that other readers get their turn.
static size_t take_all(struct pipe *p, uint8_t *buf, size_t len)
{
    size_t done = 0, want, n;
    do {
        want = min_u64(len - done, BURST);
        done += n = take_bytes(p, buf + done, (uint32_t)want);
    } while (n == want && done < len);
    return done;
}

// As much as is there, and 0 only when there is no writer (XSH read()).
static long pipe_read(struct file *f, void *buf, size_t len)
{
    struct pipe *p = wref_ptr(f->object);
    if (len == 0)
        return 0;
    for (;;) {
        // The order matters: bytes written before the last writer closed must still be found.
        uint32_t writers = p->writers;
        size_t n = take_all(p, buf, len);
        if (n || writers == 0)
            return (long)n;
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        int r = pipe_wait(&p->read_q, readable, p);
        if (r < 0)
            return r;
        if (user_writable(buf, len) < 0) // what was checked before the wait
            return -EFAULT;
    }
}

// What was written before the last reader went is told first; the signal comes in any case.
static long broken(size_t done)
{
    proc_signal(proc_self, SIGPIPE, SI_USER, 0);
    return done ? (long)done : -EPIPE;
}

// Waits for room: for all of a short write, which must not be split. A long one is woken when the
// reader has taken everything, which costs least; the ring grows then.
static int wait_for_room(struct pipe *p, size_t left, int atomic)
{
    uint32_t least = (uint32_t)min_u64(left, SOME_ROOM);
    uint32_t most = p->limit ? p->limit : p->size;
    struct writer w = {p, (uint32_t)min_u64(least, most / 4), most};
    if (atomic)
        w.least = w.need = (uint32_t)left;
    waitq_wake(&p->read_q);
    if (has_room(p, w.least, w.need))
        return 1;
    p->pressed = 1;
    return pipe_wait(&p->write_q, writable, &w);
}

// XSH write(): up to PIPE_BUF bytes all or nothing, also with O_NONBLOCK; more in any portions, and
// without O_NONBLOCK all of it unless a signal comes.
static long pipe_write(struct file *f, const void *buf, size_t len)
{
    struct pipe *p = wref_ptr(f->object);
    const int atomic = len <= PIPE_ATOMIC;
    size_t done = 0;
    while (done < len) {
        size_t left = len - done;
        if (p->readers == 0)
            return broken(done);
        uint32_t want = (uint32_t)min_u64(left, BURST);
        uint32_t n = put_bytes(p, (const uint8_t *)buf + done, want, atomic ? (uint32_t)len : 1);
        done += n;
        if (n == want) // all of it, or another burst
            continue;
        int r = f->flags & O_NONBLOCK  ? -EAGAIN
                : signal_deliverable() ? -ERESTART
                                       : wait_for_room(p, len - done, atomic);
        if (r >= 0 && user_readable((const uint8_t *)buf + done, len - done) < 0)
            r = -EFAULT; // what was checked before the wait
        if (r < 0) {
            waitq_wake(&p->read_q);
            return done ? (long)done : r;
        }
    }
    waitq_wake(&p->read_q);
    return (long)done;
}

// Writable means that a write of PIPE_BUF bytes would not block (XSH pselect()); asking for it
// lowers the need, so that the poll is woken when it holds.
static uint32_t pipe_poll(struct file *f, struct waitq **queues, uint32_t *n, uint32_t *console)
{
    struct pipe *p = wref_ptr(f->object);
    uint32_t events = 0;
    (void)console;
    if (pipe_reads(f)) {
        queues[(*n)++] = &p->read_q;
        // Not before a writer has come since this one opened (fifo_attach(); a pipe's is there).
        if (p->writers == 0 && p->writer_opens != (uint32_t)f->offset)
            events |= POLLHUP;
        if (filled(p) != 0)
            events |= POLLIN | POLLRDNORM;
    }
    if (pipe_writes(f)) {
        queues[(*n)++] = &p->write_q;
        if (p->readers == 0)
            events |= POLLERR;
        if (has_room(p, PIPE_ATOMIC, PIPE_ATOMIC))
            events |= POLLOUT | POLLWRNORM;
    }
    return events;
}

static long pipe_ioctl(struct file *f, unsigned long request, void *arg)
{
    return file_ioctl_unread(request, arg, filled(wref_ptr(f->object)));
}

static long pipe_stat(struct file *f, struct k_stat *st)
{
    if (f->inode.unit) {
        inode_stat(inode_at(f->inode), st);
        return 0;
    }
    *st = (struct k_stat){.dev = FS_DEV + 1,
                          .ino = wtable_index(&window_root()->pipes, wref_ptr(f->object)) + 1,
                          .nlink = 1,
                          .mode = S_IFIFO | 0600,
                          .uid = proc_self->euid,
                          .gid = proc_self->egid,
                          .blksize = WPAGE};
    return 0;
}

static void pipe_release(struct file *f)
{
    struct pipe *p = wref_ptr(f->object);
    if (!p)
        return; // a FIFO's open that failed half-way
    if (f->inode.unit)
        fifo_detach(f);
    else if (pipe_detach(p, f) == 0)
        pipe_free(p);
}

const struct file_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .ioctl = pipe_ioctl,
    .stat = pipe_stat,
    .poll = pipe_poll,
    .release = pipe_release,
};
