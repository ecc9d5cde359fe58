// SPDX-License-Identifier: BSD-2-Clause
// Pipes: a ring of bytes in the window, one reader and one writer at a time, who share no lock.
//
// head and tail count bytes for ever and wrap at 2^32; a VM copies in or out first and publishes the counter
// after, in chunks, so that both sides copy at the same time. While both are busy nobody calls the host: the queues
// are empty and waking is one load. A VM that dies while it holds a side's lock has not published what it was
// copying, so there is nothing to repair.
// Neighbours: kernel/fifo.c (pipes with a name), kernel/waitq.c, kernel/file.c. POSIX: write(), "pipe or FIFO".

#include "kernel/pipe.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/poll.h"
#include "kernel/api/signal.h"
#include "kernel/api/termios.h"
#include "kernel/entry.h"
#include "kernel/inode.h"
#include "kernel/lib.h"
#include "kernel/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/signal.h"

#define RING_PAGES 16u
// Published at once: small enough that both sides overlap and the copy is still in the cache.
#define CHUNK 8192u
// Moved under one hold of a side's lock.
#define BURST 65536u
#define NEED_NONE UINT32_MAX

struct pipe *pipe_new(void)
{
    struct pipe *p = wtable_claim(&window_root()->pipes, 1);
    if (!p)
        return NULL;
    void *ring = window_pages_alloc_raw(RING_PAGES);
    p->size = RING_PAGES * WPAGE;
    if (!ring) { // no run free: a small ring keeps all promises, PIPE_ATOMIC included
        ring = window_pages_alloc_raw(1);
        p->size = WPAGE;
    }
    if (!ring) {
        wtable_free(&window_root()->pipes, p);
        return NULL;
    }
    p->ring = wref_of(ring);
    p->need = NEED_NONE;
    return p;
}

void pipe_free(struct pipe *p)
{
    window_pages_free(wref_ptr(p->ring), p->size / WPAGE);
    wtable_free(&window_root()->pipes, p);
}

static int reads(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_WRONLY;
}

static int writes(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_RDONLY;
}

void pipe_attach(struct pipe *p, struct file *f)
{
    f->object = wref_of(p);
    if (reads(f)) {
        p->readers++;
        p->reader_opens++;
        waitq_wake(&p->write_q);
    }
    if (writes(f)) {
        p->writers++;
        p->writer_opens++;
        waitq_wake(&p->read_q);
    }
    p->ends++;
}

uint32_t pipe_detach(struct pipe *p, struct file *f)
{
    if (reads(f) && --p->readers == 0)
        waitq_wake(&p->write_q); // EPIPE for them
    if (writes(f) && --p->writers == 0)
        waitq_wake(&p->read_q); // end of file
    return --p->ends;
}

int pipe_make(struct file *ends[2], uint32_t flags)
{
    struct pipe *p = pipe_new();
    if (!p)
        return -ENFILE;
    ends[0] = file_new(FILE_PIPE, O_RDONLY | flags);
    ends[1] = file_new(FILE_PIPE, O_WRONLY | flags);
    for (int i = 0; i < 2; i++)
        if (ends[i])
            pipe_attach(p, ends[i]);
    if (ends[0] && ends[1])
        return 0;
    if (!ends[0] && !ends[1])
        pipe_free(p);
    for (int i = 0; i < 2; i++)
        if (ends[i])
            file_unref(ends[i]);
    return -ENFILE;
}

// --- moving bytes ---

static uint32_t filled(const struct pipe *p)
{
    // Acquire pairs with the release of the other side's counter: the bytes, or the room, are really there.
    uint32_t head = __atomic_load_n((uint32_t *)&p->head, __ATOMIC_ACQUIRE);
    uint32_t tail = __atomic_load_n((uint32_t *)&p->tail, __ATOMIC_ACQUIRE);
    return head - tail;
}

static uint32_t room(const struct pipe *p)
{
    return p->size - filled(p);
}

static void ring_get(const struct pipe *p, uint32_t at, uint8_t *to, uint32_t n)
{
    const uint8_t *ring = wref_ptr(p->ring);
    uint32_t i = at & (p->size - 1);
    uint32_t first = (uint32_t)min_u64(n, p->size - i);
    memcpy(to, ring + i, first);
    memcpy(to + first, ring, n - first);
}

static void ring_put(const struct pipe *p, uint32_t at, const uint8_t *from, uint32_t n)
{
    uint8_t *ring = wref_ptr(p->ring);
    uint32_t i = at & (p->size - 1);
    uint32_t first = (uint32_t)min_u64(n, p->size - i);
    memcpy(ring + i, from, first);
    memcpy(ring, from + first, n - first);
}

// A writer asleep wants a certain room, and waking it for less would only cost two exits. The fence orders our
// new tail before the look at queue and need; the other half is in writable().
static void wake_writers(struct pipe *p)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (p->write_q.slots == 0 || room(p) < p->need)
        return;
    // Before taking the queue: whoever lowers it after this has a bit in the queue that we take, and asks again.
    p->need = NEED_NONE;
    waitq_wake(&p->write_q);
}

// Takes what is there, at most len. 0: the pipe is empty.
static uint32_t take(struct pipe *p, uint8_t *buf, uint32_t len)
{
    uint32_t done = 0;
    lock_take(&p->read_lock);
    uint32_t tail = p->tail;
    while (done < len) {
        uint32_t n = (uint32_t)min_u64(min_u64(filled(p), CHUNK), len - done);
        if (n == 0)
            break;
        ring_get(p, tail, buf + done, n);
        tail += n;
        done += n;
        __atomic_store_n((uint32_t *)&p->tail, tail, __ATOMIC_RELEASE);
        if (p->write_q.slots) // a hint here; the exact look is below, when all is done
            wake_writers(p);
    }
    lock_drop(&p->read_lock);
    wake_writers(p);
    return done;
}

// Puts in what fits, at most len, if at least `least` does. 0: it does not.
static uint32_t put(struct pipe *p, const uint8_t *buf, uint32_t len, uint32_t least)
{
    uint32_t done = 0;
    lock_take(&p->write_lock);
    uint32_t head = p->head;
    uint32_t fits = room(p) < least ? 0 : (uint32_t)min_u64(room(p), len);
    while (done < fits) {
        uint32_t n = (uint32_t)min_u64(fits - done, CHUNK);
        ring_put(p, head, buf + done, n);
        head += n;
        done += n;
        __atomic_store_n((uint32_t *)&p->head, head, __ATOMIC_RELEASE);
        if (p->read_q.slots)
            waitq_wake(&p->read_q);
        if (done == fits && done < len) // the reader has made room meanwhile: go on
            fits = (uint32_t)min_u64((uint64_t)done + room(p), len);
    }
    lock_drop(&p->write_lock);
    waitq_wake(&p->read_q);
    return done;
}

// --- waiting ---

static int readable(void *arg)
{
    struct pipe *p = arg;
    return filled(p) != 0 || p->writers == 0;
}

struct writer {
    struct pipe *p;
    uint32_t need;
};

// Lowers p->need to ours before the last look: a reader that did not see it has made its room visible to us.
static int has_room(struct pipe *p, uint32_t need)
{
    if (room(p) >= need)
        return 1;
    uint32_t old = p->need;
    while (need < old)
        if (__atomic_compare_exchange_n((uint32_t *)&p->need, &old, need, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
            break;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return room(p) >= need;
}

static int writable(void *arg)
{
    struct writer *w = arg;
    return w->p->readers == 0 || has_room(w->p, w->need);
}

static int pipe_wait(struct waitq *q, int (*ready)(void *), void *arg)
{
    struct wait w = {.ready = ready, .arg = arg, .queues = &q, .nqueues = 1, .deadline = PV_FOREVER};
    return wait_for(&w);
}

// --- operations ---

static long pipe_read(struct file *f, void *buf, size_t len)
{
    struct pipe *p = wref_ptr(f->object);
    if (len == 0)
        return 0;
    for (;;) {
        // The order matters: bytes written before the last writer closed must still be found.
        uint32_t writers = p->writers;
        uint32_t n = take(p, buf, (uint32_t)min_u64(len, BURST));
        if (n || writers == 0)
            return n;
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        int r = pipe_wait(&p->read_q, readable, p);
        if (r < 0)
            return r;
    }
}

// How much room a writer with `left` bytes to go waits for: all of a short write, which must not be split; of
// a long one a good part of the ring, so that it is not woken for every chunk.
static uint32_t need_for(const struct pipe *p, size_t left)
{
    return left <= PIPE_ATOMIC ? (uint32_t)left : p->size / 4;
}

static long broken(size_t done)
{
    proc_signal(proc_self, SIGPIPE, SI_USER, 0);
    return done ? (long)done : -EPIPE;
}

static long pipe_write(struct file *f, const void *buf, size_t len)
{
    struct pipe *p = wref_ptr(f->object);
    const int atomic = len <= PIPE_ATOMIC;
    size_t done = 0;
    while (done < len) {
        size_t left = len - done;
        int nonblock = (f->flags & O_NONBLOCK) != 0;
        uint32_t least = atomic ? (uint32_t)len : nonblock ? 1 : need_for(p, left);
        if (p->readers == 0)
            return broken(done);
        done += put(p, (const uint8_t *)buf + done, (uint32_t)min_u64(left, BURST), least);
        if (done == len)
            break;
        if (nonblock)
            return done ? (long)done : -EAGAIN;
        struct writer w = {p, atomic ? (uint32_t)len : need_for(p, len - done)};
        int r = signal_deliverable() ? -ERESTART : pipe_wait(&p->write_q, writable, &w);
        if (r < 0)
            return done ? (long)done : r;
    }
    return (long)done;
}

static uint32_t pipe_poll(struct file *f, struct waitq **queues, uint32_t *n, uint32_t *console)
{
    struct pipe *p = wref_ptr(f->object);
    uint32_t events = 0;
    (void)console;
    if (reads(f)) {
        queues[(*n)++] = &p->read_q;
        if (p->writers == 0 && p->writer_opens != 0)
            events |= POLLHUP;
        if (filled(p) != 0)
            events |= POLLIN | POLLRDNORM;
    }
    if (writes(f)) {
        queues[(*n)++] = &p->write_q;
        if (p->readers == 0)
            events |= POLLERR;
        if (has_room(p, PIPE_ATOMIC))
            events |= POLLOUT | POLLWRNORM;
    }
    return events;
}

static long pipe_ioctl(struct file *f, unsigned long request, void *arg)
{
    int32_t n = (int32_t)filled(wref_ptr(f->object));
    if (request != FIONREAD)
        return -ENOTTY;
    if (user_writable(arg, sizeof n) < 0)
        return -EFAULT;
    memcpy(arg, &n, sizeof n);
    return 0;
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
