// SPDX-License-Identifier: BSD-2-Clause
// readv(2), writev(2) and the two with an offset: one transfer, in pieces on the program's side.
//
// What has a position (files, disks) takes the pieces one after the other. A pipe, FIFO or terminal
// gives one read what is there and must not be asked again: that would wait for more, or take the
// next line. So there the pieces go through a buffer, and so does a short write, which pipes and
// appended files must not find split. Each piece is checked when its turn comes: a bad one ends the
// call with what was moved before, as on Linux.
// Neighbours: calls.c (the plain calls), fd.c.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/uio.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/lib.h"
#include "kernel/sys.h"

#define GATHER_MAX 65536u

#define FEW 1024u // bytes whose copy lies on the stack

_Static_assert(GATHER_MAX <= SCRATCH_BODY, "a vector's bytes fit the room");

// The caller's list as it was given; TOTAL is cut to what one call moves (RW_MAX).
struct vector {
    const struct k_iovec *iov;
    int n;
    size_t total;
    uint8_t *buffer; // of those that go through one: through()
};

// The pieces themselves are looked at only when their turn comes.
static int check_vector(struct vector *v)
{
    v->total = 0;
    if (v->n < 0 || v->n > K_IOV_MAX)
        return -EINVAL;
    if (user_readable(v->iov, (size_t)v->n * sizeof *v->iov) < 0)
        return -EFAULT;
    // XSH readv(): a sum above SSIZE_MAX is an error, before anything is moved.
    for (int i = 0; i < v->n; i++)
        if (v->iov[i].len > INT64_MAX || __builtin_add_overflow(v->total, v->iov[i].len, &v->total))
            return -EINVAL;
    v->total = min_u64(v->total, RW_MAX);
    return 0;
}

// Copies between the pieces and the buffer, at most len bytes. The bytes before a bad piece.
static size_t spread(const struct vector *v, size_t len, int gather)
{
    uint8_t *buffer = v->buffer;
    size_t done = 0;
    if (user_readable(v->iov, (size_t)v->n * sizeof *v->iov) < 0) // it may have waited
        return 0;
    // Each piece is checked again: a handler that ran during the wait may have unmapped it.
    for (int i = 0; i < v->n && done < len; i++) {
        size_t n = min_u64(v->iov[i].len, len - done);
        void *piece = v->iov[i].base;
        if ((gather ? user_readable(piece, n) : user_writable(piece, n)) < 0)
            break;
        if (gather)
            memcpy(buffer + done, piece, n);
        else
            memcpy(piece, buffer + done, n);
        done += n;
    }
    return done;
}

// Bytes of the leading pieces that may be written.
static size_t writable_prefix(const struct vector *v)
{
    size_t len = 0;
    for (int i = 0; i < v->n && user_writable(v->iov[i].base, v->iov[i].len) == 0; i++)
        len += v->iov[i].len;
    return min_u64(len, v->total);
}

// No more is read than certainly can be handed over: what a stream has given cannot be put back.
static long read_through(struct file *f, const struct file_ops *ops, const struct vector *v)
{
    size_t len = min_u64(writable_prefix(v), GATHER_MAX);
    if (len == 0)
        return -EFAULT;
    long n = ops->read(f, v->buffer, len);
    if (n <= 0)
        return n;
    size_t done = spread(v, (size_t)n, 0);
    return done ? (long)done : -EFAULT;
}

static long write_through(struct file *f, const struct file_ops *ops, const struct vector *v)
{
    size_t n = spread(v, v->total, 1);
    // A stream takes all of a short write or nothing; a file what came before the bad piece.
    if (n == 0 || (n < v->total && !ops->pwrite))
        return -EFAULT;
    return ops->write(f, v->buffer, n);
}

// By way of a buffer: of this call, since it may wait.
static long through(struct file *f, const struct file_ops *ops, struct vector *v, int write)
{
    uint8_t few[FEW];
    struct thread_room *room = v->total > FEW ? thread_room() : NULL;
    if (v->total > FEW && !room)
        return -ENOMEM;
    v->buffer = room ? room->bytes : few;
    return write ? write_through(f, ops, v) : read_through(f, ops, v);
}

// One piece; `off` < 0: at the file's own position.
static long move_piece(struct file *f, const struct k_iovec *piece, int64_t off, int write)
{
    const struct file_ops *ops = file_ops(f);
    size_t len = min_u64(piece->len, RW_MAX);
    if ((write ? user_readable(piece->base, len) : user_writable(piece->base, len)) < 0)
        return -EFAULT;
    if (off >= 0)
        return write ? ops->pwrite(f, piece->base, len, off) : ops->pread(f, piece->base, len, off);
    return write ? ops->write(f, piece->base, len) : ops->read(f, piece->base, len);
}

// OFF < 0: at the file's own position, which moves. An error after the first bytes is not told: the
// count is, and the next call meets it again.
static long move_pieces(struct file *f, const struct vector *v, int64_t off, int write)
{
    size_t total = 0;
    for (int i = 0; i < v->n && total < RW_MAX; i++) {
        if (user_readable(&v->iov[i], sizeof v->iov[i]) < 0) // the last piece may have waited
            return total ? (long)total : -EFAULT;
        const struct k_iovec piece = v->iov[i];
        if (piece.len == 0)
            continue;
        long r = move_piece(f, &piece, off < 0 ? off : off + (int64_t)total, write);
        if (r < 0)
            return total ? (long)total : r;
        total += (size_t)r;
        // A short transfer ends the call: the next piece would not follow on it.
        if ((size_t)r < piece.len)
            break;
    }
    return (long)total;
}

static long do_readv(int fd, struct vector v)
{
    struct file *f = fd_for(fd, O_RDONLY);
    if (!f)
        return -EBADF;
    const struct file_ops *ops = file_ops(f);
    int r = check_vector(&v);
    if (r < 0)
        return r;
    if (!ops->read)
        return -EINVAL;
    if (v.total == 0)
        return 0;
    if (ops->vector)
        return ops->vector(f, v.iov, v.n, 0);
    // What has positions gives the pieces one by one; from a stream one read is made and then
    // spread, as two reads could wait twice.
    return ops->pread ? move_pieces(f, &v, -1, 0) : through(f, ops, &v, 0);
}

static long do_writev(int fd, struct vector v)
{
    struct file *f = fd_for(fd, O_WRONLY);
    if (!f)
        return -EBADF;
    const struct file_ops *ops = file_ops(f);
    int r = check_vector(&v);
    if (r < 0)
        return r;
    if (!ops->write)
        return -EINVAL;
    if (v.total == 0)
        return 0;
    if (ops->vector)
        return ops->vector(f, v.iov, v.n, 1);
    // Gathered, so that a pipe gets all of it as one write (PIPE_BUF's promise) and an appending
    // file in one piece.
    return v.total > GATHER_MAX ? move_pieces(f, &v, -1, 1) : through(f, ops, &v, 1);
}

long sys_readv(int fd, const struct k_iovec *iov, int n)
{
    long r;
    do {
        sys_enter();
        r = do_readv(fd, (struct vector){.iov = iov, .n = n});
    } while (sys_leave(&r));
    return r;
}

long sys_writev(int fd, const struct k_iovec *iov, int n)
{
    long r;
    do {
        sys_enter();
        r = do_writev(fd, (struct vector){.iov = iov, .n = n});
    } while (sys_leave(&r));
    return r;
}

static long do_at(int fd, struct vector v, int64_t off, int write)
{
    struct file *f;
    int r = fd_at(fd, write ? O_WRONLY : O_RDONLY, off, &f);
    if (r < 0)
        return r;
    r = write && !file_ops(f)->pwrite ? -EINVAL : check_vector(&v);
    return r < 0 ? r : move_pieces(f, &v, off, write);
}

long sys_preadv(int fd, const struct k_iovec *iov, int n, int64_t off)
{
    sys_enter();
    long r = do_at(fd, (struct vector){.iov = iov, .n = n}, off, 0);
    sys_leave(&r);
    return r;
}

long sys_pwritev(int fd, const struct k_iovec *iov, int n, int64_t off)
{
    sys_enter();
    long r = do_at(fd, (struct vector){.iov = iov, .n = n}, off, 1);
    sys_leave(&r);
    return r;
}
