// SPDX-License-Identifier: BSD-2-Clause
// Pipes and FIFOs: a ring in the window between VMs (kernel/ipc/pipe.c, kernel/ipc/fifo.c).
#ifndef RAMET_KERNEL_PIPE_H
#define RAMET_KERNEL_PIPE_H

#include <stdint.h>
#include "kernel/api/fcntl.h"
#include "kernel/file/file.h"
#include "kernel/window/lock.h"
#include "kernel/window/waitq.h"
#include "kernel/window/window.h"

#define PIPE_ATOMIC    4096u  // PIPE_BUF: writes up to this long are never split
#define PIPE_RUN       65536u // the ring grows by doubling, from one run of this many bytes
#define PIPE_RUNS      16u    // to this many, a megabyte: Linux's limit
#define PIPE_GROWS     4u     // but not beyond this many by itself
#define PIPE_RUN_PAGES (PIPE_RUN / WPAGE)
#define PIPE_NEED_NONE UINT32_MAX

// Each line of this is written by one side only while data flows: `head` by the writer, `tail` by
// the reader.
struct pipe {
    uint32_t used; // 0 = free
    // Atomic, but rarely written.
    _Atomic uint32_t ends; // open descriptions; the last to leave frees it
    _Atomic uint32_t readers, writers;
    _Atomic uint32_t reader_opens, writer_opens; // ever: a FIFO's open waits for a change
    _Atomic uint32_t need; // room the most modest waiting writer needs, or PIPE_NEED_NONE
    // Changed by the writer while the ring is empty, like `base`; published by `head`. Or with both
    // locks held.
    uint32_t size;  // of the ring, a power of two
    uint32_t limit; // F_SETPIPE_SZ: bytes it holds at most, not more than `size`; 0: `size`
    uint32_t reserved[3];
    struct waitq read_q, write_q;
    // Writers.
    struct wlock write_lock;
    _Atomic uint32_t head; // bytes ever put in; under write_lock
    uint32_t base;         // the byte count that is at the start of the ring
    uint32_t pressed;      // a writer had to wait: a larger ring would have helped
    uint64_t reserved2[6];
    // Readers.
    struct wlock read_lock;
    _Atomic uint32_t tail; // bytes ever taken out; under read_lock
    uint64_t reserved3[7];
    // The ring, in pieces; changed as `size` is.
    struct wref ring[PIPE_RUNS];
};
_Static_assert(sizeof(struct pipe) == 256, "four cache lines");

// Whether a description is an end to read from, to write to; a FIFO's may be both.
static inline int pipe_reads(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_WRONLY;
}

static inline int pipe_writes(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_RDONLY;
}

// A new pipe with no end open. NULL: no pipe or no page left.
struct pipe *pipe_new(void);
// Between the two files: takes memory for a ring of that size. 0 or -ENOMEM; `size` is as it was.
int pipe_more_runs(struct pipe *p, uint32_t size);
void pipe_free(struct pipe *p);

// Opens one more description on the pipe, as its access mode says; f->object is set.
void pipe_attach(struct pipe *p, struct file *f);
// Closes it again, waking whoever waits for that. Returns the descriptions left.
uint32_t pipe_detach(struct pipe *p, struct file *f);

// F_GETPIPE_SZ and F_SETPIPE_SZ: what the pipe holds. The size, rounded up; -EBUSY: more is in it
// than that; -EPERM, -EINVAL: more than PIPE_RUNS hold; -ENOMEM.
long pipe_get_size(const struct pipe *p);
long pipe_set_size(struct pipe *p, long size);

// Both ends of a new pipe. 0, -ENFILE or -ENOSPC... in the files each one reference.
int pipe_make(struct file *ends[2], uint32_t flags);

struct inode;
// Opens a FIFO: attaches f (kind FILE_PIPE, inode set). -ENXIO: O_WRONLY | O_NONBLOCK without a
// reader. Then the caller stores f in its table, so that its end is closed if it dies, and calls
// fifo_wait(), which blocks until the other side has come: 0 or -ERESTART.
int fifo_attach(struct file *f);
int fifo_wait(struct file *f);
// The last thing that happens to a FIFO's description: detaches it, frees the ring after the last
// one.
void fifo_detach(struct file *f);

#endif
