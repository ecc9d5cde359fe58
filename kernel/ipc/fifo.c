// SPDX-License-Identifier: BSD-2-Clause
// FIFOs: a pipe found by name. The inode refers to the ring while any end is open.
//
// POSIX open(): opening for reading blocks until a writer comes and the other way round. An opener
// is counted before it waits, so two that come at the same time find each other; and it waits for
// the count of opens ever to move, so that a partner which opens, writes and leaves at once is not
// missed.
// Neighbours: kernel/ipc/pipe.c, kernel/fs/open.c.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/fs/inode.h"
#include "kernel/ipc/pipe.h"
#include "kernel/pv.h"

// Under the inode's lock, since two openers may both find no pipe. ENXIO for a writer that does not
// want to wait for a reader (XSH open()).
int fifo_attach(struct file *f)
{
    struct inode *ip = inode_at(f->inode);
    int r = 0;
    inode_lock(ip);
    struct pipe *p = wref_ptr(ip->pipe);
    int fresh = !p;
    if (fresh)
        p = pipe_new();
    if (!p)
        r = -ENOSPC;
    else if ((f->flags & (O_ACCMODE | O_NONBLOCK)) == (O_WRONLY | O_NONBLOCK) && p->readers == 0)
        r = -ENXIO;
    if (r == 0) {
        // What the other side had opened before us: fifo_wait() looks for more than that, and is
        // content at once if somebody is there now, though he may be gone when it looks; and poll()
        // tells of a hang-up only when one has come. Kept in the offset, which a FIFO has no other
        // use for.
        f->offset = (f->flags & O_ACCMODE) == O_RDONLY ? p->writer_opens - (p->writers != 0)
                                                       : p->reader_opens - (p->readers != 0);
        pipe_attach(p, f);
        ip->pipe = wref_of(p);
    } else if (p && fresh) {
        pipe_free(p);
    }
    inode_unlock(ip);
    return r;
}

static int partner_came(void *arg)
{
    struct file *f = arg;
    struct pipe *p = wref_ptr(f->object);
    if ((f->flags & O_ACCMODE) == O_RDONLY)
        return p->writer_opens != (uint32_t)f->offset;
    return p->reader_opens != (uint32_t)f->offset;
}

// The end is counted and in the descriptor table already: -ERESTART makes the caller close it, and
// the call begins again with a new one.
int fifo_wait(struct file *f)
{
    struct pipe *p = wref_ptr(f->object);
    uint32_t mode = f->flags & O_ACCMODE;
    if (mode == O_RDWR || (f->flags & O_NONBLOCK))
        return 0;
    struct waitq *q = mode == O_RDONLY ? &p->read_q : &p->write_q;
    struct wait w = {
        .ready = partner_came, .arg = f, .queues = &q, .nqueues = 1, .deadline = PV_FOREVER};
    int r = wait_for(&w);
    return r < 0 ? r : 0;
}

// What nobody has read goes with the last end, as POSIX leaves open.
void fifo_detach(struct file *f)
{
    struct inode *ip = inode_at(f->inode);
    struct pipe *p = wref_ptr(f->object);
    inode_lock(ip); // nobody attaches meanwhile
    if (pipe_detach(p, f) == 0) {
        ip->pipe = (struct wref){0};
        pipe_free(p);
    }
    inode_unlock(ip);
}
