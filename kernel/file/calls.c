// SPDX-License-Identifier: BSD-2-Clause
// System calls on descriptors: checks and dispatch. Paths are in fs/calls.c, the work is in the
// files below.
//
// Each reads: enter, do the work, leave (which delivers signals); those that can block go round
// again when a signal wants them restarted (kernel/entry.h).
// Neighbours: fd.c, file.c (operations by kind), fs/regular.c, fs/listing.c, pipe.c, dev.c, tty.c,
// hoststream.c.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/termios.h"
#include "kernel/dev/driver.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/mount.h"
#include "kernel/lib.h"
#include "kernel/ipc/pipe.h"
#include "kernel/sys.h"

// --- reading and writing ---

static long do_read(int fd, void *buf, size_t len)
{
    struct file *f = fd_for(fd, O_RDONLY);
    if (!f)
        return -EBADF;
    // Cut before the check: only what may be moved need be the program's memory.
    len = min_u64(len, RW_MAX);
    if (user_writable(buf, len) < 0)
        return -EFAULT;
    const struct file_ops *ops = file_ops(f);
    return ops->read ? ops->read(f, buf, len) : -EINVAL;
}

long sys_read(int fd, void *buf, size_t len)
{
    long r;
    do {
        sys_enter();
        r = do_read(fd, buf, len);
    } while (sys_leave(&r));
    return r;
}

static long do_write(int fd, const void *buf, size_t len)
{
    struct file *f = fd_for(fd, O_WRONLY);
    if (!f)
        return -EBADF;
    len = min_u64(len, RW_MAX);
    if (user_readable(buf, len) < 0)
        return -EFAULT;
    const struct file_ops *ops = file_ops(f);
    return ops->write ? ops->write(f, buf, len) : -EINVAL;
}

long sys_write(int fd, const void *buf, size_t len)
{
    long r;
    do {
        sys_enter();
        r = do_write(fd, buf, len);
    } while (sys_leave(&r));
    return r;
}

static long do_pread(int fd, void *buf, size_t len, int64_t off)
{
    struct file *f;
    int r = fd_at(fd, O_RDONLY, off, &f);
    if (r < 0)
        return r;
    len = min_u64(len, RW_MAX);
    if (user_writable(buf, len) < 0)
        return -EFAULT;
    return file_ops(f)->pread(f, buf, len, off);
}

// No loop: what has positions is not interrupted for a handler, so there is nothing to restart.
long sys_pread(int fd, void *buf, size_t len, int64_t off)
{
    sys_enter();
    return sys_done(do_pread(fd, buf, len, off));
}

static long do_pwrite(int fd, const void *buf, size_t len, int64_t off)
{
    struct file *f;
    int r = fd_at(fd, O_WRONLY, off, &f);
    if (r < 0)
        return r;
    len = min_u64(len, RW_MAX);
    if (user_readable(buf, len) < 0)
        return -EFAULT;
    const struct file_ops *ops = file_ops(f);
    return ops->pwrite ? ops->pwrite(f, buf, len, off) : -EINVAL;
}

long sys_pwrite(int fd, const void *buf, size_t len, int64_t off)
{
    sys_enter();
    return sys_done(do_pwrite(fd, buf, len, off));
}

static long do_lseek(int fd, int64_t off, int whence)
{
    struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return -EBADF;
    const struct file_ops *ops = file_ops(f);
    return ops->lseek ? ops->lseek(f, off, whence) : -ESPIPE;
}

long sys_lseek(int fd, int64_t off, int whence)
{
    sys_enter();
    return sys_done(do_lseek(fd, off, whence));
}

static long do_getdents(int fd, void *buf, size_t len)
{
    struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return -EBADF;
    return user_writable(buf, len) < 0 ? -EFAULT : fs_getdents(f, buf, len);
}

long sys_getdents64(int fd, void *buf, size_t len)
{
    sys_enter();
    return sys_done(do_getdents(fd, buf, len));
}

// Requests that are the descriptor's business, whatever it is open on. 1: this is none of them.
static long fd_ioctl(int fd, struct file *f, unsigned long request, const void *arg)
{
    int32_t on;
    uint32_t bit;
    switch (request) {
    case FIOCLEX:
    case FIONCLEX:
        return fd_fcntl(fd, F_SETFD, request == FIOCLEX ? FD_CLOEXEC : 0);
    case FIONBIO:
    case FIOASYNC:
        bit = request == FIONBIO ? O_NONBLOCK : O_ASYNC;
        if (user_readable(arg, sizeof on) < 0)
            return -EFAULT;
        memcpy(&on, arg, sizeof on);
        return fd_fcntl(fd, F_SETFL, (long)(on ? f->flags | bit : f->flags & ~bit));
    default:
        return 1;
    }
}

static long do_ioctl(int fd, unsigned long request, void *arg)
{
    struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return -EBADF;
    long r = fd_ioctl(fd, f, request, arg);
    if (r <= 0)
        return r;
    const struct file_ops *ops = file_ops(f);
    return ops->ioctl ? ops->ioctl(f, request, arg) : -ENOTTY;
}

long sys_ioctl(int fd, unsigned long request, void *arg)
{
    long r;
    do {
        sys_enter();
        r = do_ioctl(fd, request, arg);
    } while (sys_leave(&r));
    return r;
}

// --- descriptors ---

long sys_close(int fd)
{
    sys_enter();
    return sys_done(fd_close(fd));
}

long sys_dup(int fd)
{
    sys_enter();
    return sys_done(fd_fcntl(fd, F_DUPFD, 0));
}

long sys_dup2(int fd, int to)
{
    sys_enter();
    // XSH dup2(): to itself it changes nothing, the close-on-exec flag included.
    if (fd == to)
        return sys_done(fd_borrow(fd) ? fd : -EBADF);
    return sys_done(fd_dup_to(fd, to, 0));
}

long sys_dup3(int fd, int to, int flags)
{
    if (fd == to || (flags & ~O_CLOEXEC))
        return -EINVAL;
    sys_enter();
    return sys_done(fd_dup_to(fd, to, flags & O_CLOEXEC));
}

long sys_fcntl(int fd, int cmd, long arg)
{
    long r;
    do {
        sys_enter();
        r = fd_fcntl(fd, cmd, arg);
    } while (sys_leave(&r));
    return r;
}

long sys_flock(int fd, int op)
{
    long r;
    do {
        sys_enter();
        struct file *f = fd_borrow(fd);
        r = f && !(f->flags & O_PATH) ? flock_whole(f, op) : -EBADF;
    } while (sys_leave(&r));
    return r;
}

static long do_pipe(int fds[2], int flags)
{
    struct file *ends[2];
    int fd[2];
    if (user_writable(fds, 2 * sizeof fds[0]) < 0)
        return -EFAULT;
    int r = pipe_make(ends, (uint32_t)flags & O_NONBLOCK);
    if (r < 0)
        return r;
    // The reading end gets the lower number, if both fit; an end that has no descriptor is closed
    // by dropping its only reference.
    for (int i = 0; i < 2; i++) {
        fd[i] = fd_install(ends[i], 0, flags & O_CLOEXEC);
        if (fd[i] >= 0)
            continue;
        file_unref(ends[1]);
        if (i == 0)
            file_unref(ends[0]);
        else
            fd_close(fd[0]);
        return fd[i];
    }
    fds[0] = fd[0];
    fds[1] = fd[1];
    return 0;
}

long sys_pipe2(int fds[2], int flags)
{
    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    sys_enter();
    return sys_done(do_pipe(fds, flags));
}

// --- the inode behind a descriptor ---

static long do_fstat(int fd, struct k_stat *st)
{
    struct file *f = fd_borrow(fd);
    if (!f)
        return -EBADF;
    if (user_writable(st, sizeof *st) < 0)
        return -EFAULT;
    // O_PATH is enough for fstat(): it needs no right on the file.
    const struct file_ops *ops = file_ops(f);
    if (ops->stat)
        return ops->stat(f, st);
    if (!f->inode.unit)
        return -EBADF;
    inode_stat(inode_at(f->inode), st);
    return 0;
}

long sys_fstat(int fd, struct k_stat *st)
{
    sys_enter();
    return sys_done(do_fstat(fd, st));
}

// The inode of an open file, borrowed. What has none cannot be changed: `none` is the error for
// that.
static long inode_of(int fd, long none, struct inode **ip)
{
    struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return -EBADF;
    *ip = inode_at(f->inode);
    return *ip ? 0 : none;
}

long sys_fchmod(int fd, unsigned mode)
{
    struct inode *ip;
    sys_enter();
    long r = inode_of(fd, -EPERM, &ip);
    return sys_done(r < 0 ? r : inode_chmod(ip, mode));
}

long sys_fchown(int fd, uint32_t uid, uint32_t gid)
{
    struct inode *ip;
    sys_enter();
    long r = inode_of(fd, -EPERM, &ip);
    return sys_done(r < 0 ? r : inode_chown(ip, uid, gid));
}

static long do_ftruncate(int fd, int64_t len)
{
    if (len < 0)
        return -EINVAL;
    struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return -EBADF;
    // XSH ftruncate(): -EINVAL for a descriptor that was not opened for writing, where most calls
    // say -EBADF.
    if (!fd_for(fd, O_WRONLY) || f->kind != FILE_REGULAR)
        return -EINVAL;
    return inode_truncate(inode_at(f->inode), len);
}

long sys_ftruncate(int fd, int64_t len)
{
    sys_enter();
    return sys_done(do_ftruncate(fd, len));
}

static long do_fsync(int fd)
{
    struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return -EBADF;
    const struct file_ops *ops = file_ops(f);
    if (ops->sync)
        return ops->sync(f);
    // Files are in memory: they are where they belong as soon as they are written.
    return f->kind == FILE_REGULAR || f->kind == FILE_DIR ? 0 : -EINVAL;
}

long sys_fsync(int fd)
{
    sys_enter();
    return sys_done(do_fsync(fd));
}

long sys_sync(void)
{
    sys_enter();
    drivers_sync(); // sync(2) has no way to tell of an error
    return sys_done(0);
}

static long do_fstatfs(int fd, struct k_statfs *st)
{
    struct file *f = fd_borrow(fd);
    if (!f)
        return -EBADF;
    if (user_writable(st, sizeof *st) < 0)
        return -EFAULT;
    // Pipes and the like are on a file system of the kernel's own: its figures are the root's.
    mount_statfs(inode_at(f->inode.unit ? f->inode : window_root()->root_inode), st);
    return 0;
}

long sys_fstatfs(int fd, struct k_statfs *st)
{
    sys_enter();
    return sys_done(do_fstatfs(fd, st));
}
