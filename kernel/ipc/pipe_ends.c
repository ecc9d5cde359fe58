// SPDX-License-Identifier: BSD-2-Clause
// Pipes come and go: the ring's memory, and the ends that are open on it.
//
// Readers and writers are counted, because the last of either matters to the other side; all ends
// together decide when the ring is freed. A VM that dies leaves its ends to its undertaker, which
// closes its descriptors one by one as they would have been.
// Neighbours: kernel/ipc/pipe.c (the bytes), kernel/ipc/fifo.c (pipes with a name).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/ipc/pipe.h"
#include "kernel/lib.h"
#include "kernel/root.h"

// No ends yet: the caller attaches them, or frees it. The ring is not cleared, as nothing is read
// of it that was not written.
struct pipe *pipe_new(void)
{
    struct pipe *p = wtable_claim(&window_root()->pipes, 1);
    if (!p)
        return NULL;
    void *ring = window_pages_alloc_raw(PIPE_RUN_PAGES);
    p->size = PIPE_RUN;
    if (!ring) { // no run free: a small ring keeps all promises, PIPE_ATOMIC included
        ring = window_pages_alloc_raw(1);
        p->size = WPAGE;
    }
    if (!ring) {
        wtable_free(&window_root()->pipes, p);
        return NULL;
    }
    p->ring[0] = wref_of(ring);
    p->need = PIPE_NEED_NONE;
    return p;
}

// Only adds runs; the size is the caller's to change. What was added stays with the pipe until its
// end.
int pipe_more_runs(struct pipe *p, uint32_t size)
{
    for (uint32_t i = p->size / PIPE_RUN; i < size / PIPE_RUN; i++) {
        if (!p->ring[i].unit) // may be left from an attempt that ran out half-way
            p->ring[i] = wref_of(window_pages_alloc_raw(PIPE_RUN_PAGES));
        if (!p->ring[i].unit)
            return -ENOMEM;
    }
    return 0;
}

// Where an offset in the ring is; the bytes after it are there up to the end of its run.
static uint8_t *ring_byte(const struct pipe *p, uint32_t offset)
{
    return (uint8_t *)wref_ptr(p->ring[offset / PIPE_RUN]) + offset % PIPE_RUN;
}

// Makes the ring larger with what is in it, both locks held. What had wrapped round to the ring's
// beginning goes on behind its old end.
static int enlarge(struct pipe *p, uint32_t size)
{
    uint32_t start = (p->tail - p->base) & (p->size - 1), end = start + (p->head - p->tail);
    if (p->size < PIPE_RUN) // the small ring of a full window
        return -ENOMEM;
    if (pipe_more_runs(p, size) < 0)
        return -ENOMEM;
    for (uint32_t at = p->size; at < end;) {
        uint32_t n = (uint32_t)min_u64(end - at, PIPE_RUN - at % PIPE_RUN);
        memcpy(ring_byte(p, at), ring_byte(p, at - p->size), n);
        at += n;
    }
    p->base = p->tail - start;
    p->size = size;
    return 0;
}

long pipe_get_size(const struct pipe *p)
{
    // That a pressed one has grown by itself is nobody's business.
    return (long)(p->limit ? p->limit : min_u64(p->size, PIPE_RUN));
}

// F_SETPIPE_SZ (Linux): rounded up to a power of two; EBUSY when more is in it. Both locks, the
// writer's first, as nobody else takes both.
long pipe_set_size(struct pipe *p, long wanted)
{
    uint32_t size = WPAGE;
    int r = 0;
    if (wanted < 0 || wanted > INT32_MAX)
        return -EINVAL;
    while (size < (uint32_t)wanted)
        size *= 2;
    if (size > PIPE_RUN * PIPE_RUNS)
        return -EPERM;
    lock_take(&p->write_lock);
    lock_take(&p->read_lock);
    if (p->head - p->tail > size)
        r = -EBUSY;
    else if (size > p->size)
        r = enlarge(p, size);
    if (r == 0)
        p->limit = size;
    lock_drop(&p->read_lock);
    lock_drop(&p->write_lock);
    waitq_wake(&p->write_q); // there may be room now, or another idea of what is enough
    return r < 0 ? r : (long)size;
}

void pipe_free(struct pipe *p)
{
    uint32_t pages = p->size < PIPE_RUN ? 1 : PIPE_RUN_PAGES;
    for (uint32_t i = 0; i < PIPE_RUNS; i++)
        if (p->ring[i].unit)
            window_pages_free(wref_ptr(p->ring[i]), pages);
    wtable_free(&window_root()->pipes, p);
}

// Attaching and detaching are several counts: who calls keeps a kill away meanwhile.
void pipe_attach(struct pipe *p, struct file *f)
{
    f->object = wref_of(p);
    if (pipe_reads(f)) {
        p->readers++;
        p->reader_opens++;
        waitq_wake(&p->write_q);
    }
    if (pipe_writes(f)) {
        p->writers++;
        p->writer_opens++;
        waitq_wake(&p->read_q);
    }
    p->ends++;
}

// Returns how many ends are left; at 0 the caller frees the pipe.
uint32_t pipe_detach(struct pipe *p, struct file *f)
{
    if (pipe_reads(f) && --p->readers == 0)
        waitq_wake(&p->write_q); // EPIPE for them
    if (pipe_writes(f) && --p->writers == 0)
        waitq_wake(&p->read_q); // end of file
    return --p->ends;
}

// ends[0] reads, ends[1] writes. Files that could be made are let go of as ends, which frees the
// pipe.
int pipe_make(struct file *ends[2], uint32_t flags)
{
    struct pipe *p = pipe_new();
    if (!p)
        return -ENFILE;
    ends[0] = file_new(FILE_PIPE, O_RDONLY | flags);
    ends[1] = file_new(FILE_PIPE, O_WRONLY | flags);
    critical_begin();
    for (int i = 0; i < 2; i++)
        if (ends[i])
            pipe_attach(p, ends[i]);
    critical_end();
    if (ends[0] && ends[1])
        return 0;
    if (!ends[0] && !ends[1])
        pipe_free(p);
    for (int i = 0; i < 2; i++)
        if (ends[i])
            file_unref(ends[i]);
    return -ENFILE;
}
