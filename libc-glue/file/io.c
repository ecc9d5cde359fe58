// SPDX-License-Identifier: BSD-2-Clause
// Descriptors: open, read, write and everything that takes an open descriptor.
// Neighbours: path.c (names), stat.c (metadata), kernel/file/fd.c and file.c (the work).
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// The mode is an argument only when a file may be made (XSH open()): reading it always would take
// whatever the caller left in that register. The kernel takes the umask off it. Every mode_t is an
// int behind the dots.
int openat(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list ap;
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    return (int)GLUE_POINT(sys_openat(dirfd, path, flags, mode));
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list ap;
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    return (int)GLUE_POINT(sys_openat(AT_FDCWD, path, flags, mode));
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

// The descriptor is free when this returns, whatever it returns, and the number may be another
// file's at once: POSIX leaves open what EINTR means, here a close is never interrupted.
int close(int fd)
{
    return (int)GLUE_POINT(sys_close(fd));
}

// A call moves at most RW_MAX bytes, as on Linux; a program that asks for more sees a short count,
// which it must expect anyway. Restarting after a handler with SA_RESTART happens in the kernel, so
// EINTR seen here is final.
ssize_t read(int fd, void *buf, size_t len)
{
    return GLUE_POINT(sys_read(fd, buf, len));
}

ssize_t write(int fd, const void *buf, size_t len)
{
    return GLUE_POINT(sys_write(fd, buf, len));
}

// The file's own offset is neither used nor moved, so parent and child may share a descriptor and
// read different places of it.
ssize_t pread(int fd, void *buf, size_t len, off_t off)
{
    return GLUE_POINT(sys_pread(fd, buf, len, off));
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t off)
{
    return GLUE_POINT(sys_pwrite(fd, buf, len, off));
}

off_t lseek(int fd, off_t off, int whence)
{
    return glue_ret(sys_lseek(fd, off, whence));
}

// All pieces are one transfer: no other writer's bytes come in between where a plain read() or
// write() would keep them out.
ssize_t readv(int fd, const struct iovec *iov, int n)
{
    return GLUE_POINT(sys_readv(fd, KC(k_iovec, iov), n));
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
    return GLUE_POINT(sys_writev(fd, KC(k_iovec, iov), n));
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t off)
{
    return GLUE_POINT(sys_preadv(fd, KC(k_iovec, iov), n, off));
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
    return GLUE_POINT(sys_pwritev(fd, KC(k_iovec, iov), n, off));
}

int dup(int fd)
{
    return (int)glue_ret(sys_dup(fd));
}

// Atomic: `to` is at no moment free for somebody else's open(). When both are the same number it is
// returned as it is, close-on-exec and all, and dup3() says EINVAL instead.
int dup2(int fd, int to)
{
    return (int)glue_ret(sys_dup2(fd, to));
}

int dup3(int fd, int to, int flags)
{
    return (int)glue_ret(sys_dup3(fd, to, flags));
}

int fcntl(int fd, int cmd, ...)
{
    va_list ap;
    va_start(ap, cmd);
    long arg = va_arg(ap, long); // an int or a pointer: both fit, the kernel knows which
    va_end(ap);
    return (int)GLUE_POINT(sys_fcntl(fd, cmd, arg));
}

// The argument is a pointer, a number in its place (tcflush()) or missing: it is handed over as it
// comes, and the kernel looks at it only for requests that have one.
int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;
    va_start(ap, request);
    void *arg = va_arg(ap, void *);
    va_end(ap);
    return (int)glue_ret(sys_ioctl(fd, request, arg));
}

// O_CLOEXEC goes with the call, not by fcntl() behind it: with no moment in between, a handler that
// forks cannot pass the ends on.
int pipe2(int fds[2], int flags)
{
    return (int)glue_ret(sys_pipe2(fds, flags));
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}

// Files are memory of the family and need no writing back; what is behind a device is flushed, and
// there an error shows. Pipes and terminals are EINVAL: they cannot be synchronized (XSH fsync()).
int fsync(int fd)
{
    return (int)GLUE_POINT(sys_fsync(fd));
}

int fdatasync(int fd)
{
    return fsync(fd);
}

int syncfs(int fd)
{
    return fsync(fd);
}

// POSIX lets sync() return before all is written; ours is done then, but an error has no way out.
void sync(void)
{
    sys_sync();
}

// Both extend as well as cut, with zeros; shared mappings of the file see the change, and what lies
// behind the new end gives SIGBUS there (XSH mmap()).
int ftruncate(int fd, off_t len)
{
    return (int)glue_ret(sys_ftruncate(fd, len));
}

int truncate(const char *path, off_t len)
{
    return (int)glue_ret(sys_truncate(path, len));
}

// lockf() is POSIX's simpler face of record locks: from the current offset, LEN bytes.
int lockf(int fd, int cmd, off_t len)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = len};
    switch (cmd) {
    case F_ULOCK:
        lock.l_type = F_UNLCK;
        return fcntl(fd, F_SETLK, &lock);
    case F_LOCK:
        return fcntl(fd, F_SETLKW, &lock);
    case F_TLOCK:
        return fcntl(fd, F_SETLK, &lock);
    // F_GETLK reports only others' locks, but a lock of our own is no obstacle either way. EACCES
    // is one of the two errors POSIX allows; the other, EAGAIN, is what F_TLOCK's fcntl() gives.
    case F_TEST:
        if (fcntl(fd, F_GETLK, &lock) < 0)
            return -1;
        return lock.l_type == F_UNLCK || lock.l_pid == getpid() ? 0 : (int)glue_ret(-EACCES);
    default:
        return (int)glue_ret(-EINVAL);
    }
}

// BSD's locks, which belong to the open file description and not to the process: a child of fork()
// holds its parent's. They and those of fcntl() do not see each other, as on Linux.
int flock(int fd, int op)
{
    return (int)glue_ret(sys_flock(fd, op));
}

// Advice only, and everything is in memory; but a bad descriptor is still an error.
int posix_fadvise(int fd, off_t off, off_t len, int advice)
{
    (void)off, (void)len;
    if (advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
        return EINVAL;
    long r = sys_fcntl(fd, F_GETFD, 0);
    return r < 0 ? (int)-r : 0;
}
