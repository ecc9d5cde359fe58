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
#include "kernel/window/root.h"

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

void pipe_free(struct pipe *p)
{
    uint32_t pages = p->size < PIPE_RUN ? 1 : PIPE_RUN_PAGES;
    for (uint32_t i = 0; i < PIPE_RUNS; i++)
        if (p->ring[i].unit)
            window_pages_free(wref_ptr(p->ring[i]), pages);
    wtable_free(&window_root()->pipes, p);
}

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

uint32_t pipe_detach(struct pipe *p, struct file *f)
{
    if (pipe_reads(f) && --p->readers == 0)
        waitq_wake(&p->write_q); // EPIPE for them
    if (pipe_writes(f) && --p->writers == 0)
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
