// SPDX-License-Identifier: BSD-2-Clause
// sendfile(2), copy_file_range(2), splice(2): from one descriptor to another without the program's
// memory.
//
// All three are reads and writes through the kernel's buffer. What has a position is read at it and
// the position moved by what has arrived on the other side, so nothing is lost when that takes
// less. What has none (a pipe) is read once, and all of that is written.
// Neighbours: vector.c (the buffer), calls.c, fd.c.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/poll.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/sys.h"

#define PIECE_MAX 65536u
_Static_assert(PIECE_MAX <= SCRATCH_BODY, "a piece fits the scratch");

// One side. `off`: the program's own offset; NULL: the file's position, if it has one.
struct side {
    struct file *f;
    int64_t *off;
    int64_t at; // where it goes on; -1: a stream
};

// 0, -EBADF, -EFAULT, -ESPIPE (an offset for what has none), -EINVAL (negative).
static long open_side(struct side *s, int fd, uint32_t access, int64_t *off)
{
    s->f = fd_for(fd, access);
    s->off = off;
    if (!s->f)
        return -EBADF;
    const struct file_ops *ops = file_ops(s->f);
    if (!ops->pread || !ops->pwrite) {
        s->at = -1;
        return off ? -ESPIPE : 0;
    }
    if (off && user_writable(off, sizeof *off) < 0)
        return -EFAULT;
    s->at = off ? *off : (int64_t)s->f->offset;
    return s->at < 0 ? -EINVAL : 0;
}

// Where it goes on next time.
static void close_side(const struct side *s, int64_t moved)
{
    if (s->at < 0 || moved == 0)
        return;
    if (s->off && user_writable(s->off, sizeof *s->off) == 0) // it may have waited
        *s->off = s->at;
    if (s->off)
        return;
    lock_take(&s->f->lock);
    s->f->offset = (uint64_t)s->at;
    lock_drop(&s->f->lock);
}

// From the program's offset or the file's; a stream gives what is there, and may wait for it.
static long read_side(const struct side *s, size_t len)
{
    const struct file_ops *ops = file_ops(s->f);
    void *buf = current->room->bytes;
    if (s->at >= 0)
        return ops->pread(s->f, buf, len, s->at);
    return ops->read ? ops->read(s->f, buf, len) : -EINVAL;
}

// A stream may take less than all, and may wait before it takes the first byte.
static long write_side(const struct side *s, size_t done, size_t len)
{
    const struct file_ops *ops = file_ops(s->f);
    const void *buf = current->room->bytes + done;
    if (s->at >= 0)
        return ops->pwrite(s->f, buf, len, s->at);
    return ops->write ? ops->write(s->f, buf, len) : -EINVAL;
}

// One piece: bytes moved, 0 at the end, or -errno.
static long move_chunk(struct side *in, struct side *out, size_t len)
{
    long n = read_side(in, min_u64(len, PIECE_MAX)), w = 0;
    size_t done = 0;
    // A stream's bytes are taken already: all must go, unless the other side fails for good.
    while (n > 0 && done < (size_t)n) {
        w = write_side(out, done, (size_t)n - done);
        if (w <= 0)
            break;
        done += (size_t)w;
        out->at += out->at >= 0 ? w : 0;
        if (in->at >= 0)
            break;
    }
    in->at += in->at >= 0 ? (int64_t)done : 0;
    return done ? (long)done : n <= 0 ? n : w;
}

// An error after the first bytes is not told: the count is, and the next call meets it again.
static long move_all(struct side *in, struct side *out, size_t len)
{
    size_t done = 0;
    long r = 0;
    if (!thread_room()) // what is between the two sides, over their waits
        return -ENOMEM;
    len = min_u64(len, RW_MAX);
    while (done < len) {
        r = move_chunk(in, out, len - done);
        if (r <= 0)
            break;
        done += (size_t)r;
        if (in->at < 0) // once: a stream gives what is there
            break;
    }
    close_side(in, (int64_t)done);
    close_side(out, (int64_t)done);
    return done ? (long)done : r;
}

// The target may be anything that can be written, its position is its own.
static long do_sendfile(int to, int from, int64_t *off, size_t len)
{
    struct side in, out;
    long r = open_side(&in, from, O_RDONLY, off);
    if (r == 0)
        r = open_side(&out, to, O_WRONLY, NULL);
    if (r < 0)
        return r;
    // Linux: the source has pages, and what is appended has no position.
    if (in.at < 0 || (out.f->flags & O_APPEND))
        return -EINVAL;
    return move_all(&in, &out, len);
}

long sys_sendfile(int to, int from, int64_t *off, size_t len)
{
    long r;
    do {
        sys_enter();
        r = do_sendfile(to, from, off, len);
    } while (sys_leave(&r));
    return r;
}

// What has contents of its own: the kernel could copy a device's, Linux does not.
static int is_regular(const struct file *f)
{
    return f->kind == FILE_REGULAR;
}

// Two regular files, of whatever file systems: a copy is a copy.
static long do_copy_range(int from, int64_t *from_off, int to, int64_t *to_off, size_t len)
{
    struct side in, out;
    long r = open_side(&in, from, O_RDONLY, from_off);
    if (r == 0)
        r = open_side(&out, to, O_WRONLY, to_off);
    if (r == -ESPIPE)
        return -EINVAL;
    if (r < 0)
        return r;
    if (in.f->kind == FILE_DIR || out.f->kind == FILE_DIR)
        return -EISDIR;
    if (!is_regular(in.f) || !is_regular(out.f))
        return -EINVAL;
    if (out.f->flags & O_APPEND)
        return -EBADF;
    len = min_u64(len, RW_MAX);
    int64_t apart = in.at > out.at ? in.at - out.at : out.at - in.at;
    if (in.f->inode.unit == out.f->inode.unit && (uint64_t)apart < len)
        return -EINVAL; // they overlap
    return move_all(&in, &out, len);
}

long sys_copy_file_range(int from, int64_t *from_off, int to, int64_t *to_off, size_t len,
                         unsigned flags)
{
    if (flags)
        return -EINVAL;
    sys_enter();
    return sys_done(do_copy_range(from, from_off, to, to_off, len));
}

// SPLICE_F_NONBLOCK: does not wait for the pipe, whatever its O_NONBLOCK says.
static int would_wait(struct file *f, uint32_t events)
{
    struct waitq *queues[2];
    uint32_t n = 0, console = 0;
    return f->kind == FILE_PIPE && !(file_ops(f)->poll(f, queues, &n, &console) & events);
}

static long do_splice(int from, int64_t *from_off, int to, int64_t *to_off, size_t len,
                      unsigned flags)
{
    struct side in, out;
    long r = open_side(&in, from, O_RDONLY, from_off);
    if (r == 0)
        r = open_side(&out, to, O_WRONLY, to_off);
    if (r < 0)
        return r;
    // Exactly one is a pipe here: from pipe to pipe nothing must be taken that does not fit.
    if ((in.f->kind == FILE_PIPE) == (out.f->kind == FILE_PIPE) || (out.f->flags & O_APPEND))
        return -EINVAL;
    if ((flags & SPLICE_F_NONBLOCK) &&
        (would_wait(in.f, POLLIN | POLLHUP) || would_wait(out.f, POLLOUT | POLLERR)))
        return -EAGAIN;
    return move_all(&in, &out, len);
}

long sys_splice(int from, int64_t *from_off, int to, int64_t *to_off, size_t len, unsigned flags)
{
    long r;
    if (flags & ~(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT))
        return -EINVAL;
    if (len == 0)
        return 0;
    do {
        sys_enter();
        r = do_splice(from, from_off, to, to_off, len, flags);
    } while (sys_leave(&r));
    return r;
}
