// SPDX-License-Identifier: BSD-2-Clause
// System calls on paths, and those on the process's place in the file system.
//
// Neighbours: file/calls.c (on descriptors), fs.h (the work), path.c (which checks the paths).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/mount.h"
#include "kernel/proc/proc.h"
#include "kernel/sys.h"

// Opening a FIFO blocks; nothing else does.
long sys_openat(int dirfd, const char *path, int flags, unsigned mode)
{
    long r;
    do {
        sys_enter();
        r = fd_open(dirfd, path, flags, mode);
    } while (sys_leave(&r));
    return r;
}

long sys_fstatat(int dirfd, const char *path, struct k_stat *st, int flags)
{
    sys_enter();
    return sys_done(fs_stat(dirfd, path, st, flags));
}

static long do_statfs(const char *path, struct k_statfs *st)
{
    struct walk w;
    long r = path_walk(AT_FDCWD, path, WALK_FOLLOW, &w);
    if (r < 0)
        return r;
    r = user_writable(st, sizeof *st);
    if (r == 0)
        mount_statfs(w.inode, st);
    walk_done(&w);
    return r;
}

long sys_statfs(const char *path, struct k_statfs *st)
{
    sys_enter();
    return sys_done(do_statfs(path, st));
}

long sys_mkdirat(int dirfd, const char *path, unsigned mode)
{
    sys_enter();
    return sys_done(fs_mknod(dirfd, path, S_IFDIR | (mode & 07777), 0));
}

long sys_mknodat(int dirfd, const char *path, unsigned mode, uint64_t dev)
{
    if ((mode & S_IFMT) == S_IFDIR)
        return -EPERM;
    sys_enter();
    return sys_done(fs_mknod(dirfd, path, mode, dev));
}

long sys_unlinkat(int dirfd, const char *path, int flags)
{
    sys_enter();
    return sys_done(fs_unlink(dirfd, path, flags));
}

long sys_linkat(int olddir, const char *old, int newdir, const char *path, int flags)
{
    sys_enter();
    return sys_done(fs_link(olddir, old, newdir, path, flags));
}

long sys_symlinkat(const char *target, int dirfd, const char *path)
{
    sys_enter();
    return sys_done(fs_symlink(target, dirfd, path));
}

long sys_readlinkat(int dirfd, const char *path, char *buf, size_t len)
{
    if ((int64_t)len <= 0)
        return -EINVAL;
    sys_enter();
    return sys_done(fs_readlink(dirfd, path, buf, len));
}

long sys_renameat2(int olddir, const char *old, int newdir, const char *path, unsigned flags)
{
    sys_enter();
    return sys_done(fs_rename(olddir, old, newdir, path, flags));
}

long sys_fchmodat(int dirfd, const char *path, unsigned mode, int flags)
{
    sys_enter();
    return sys_done(fs_chmod(dirfd, path, mode, flags));
}

long sys_fchownat(int dirfd, const char *path, uint32_t uid, uint32_t gid, int flags)
{
    sys_enter();
    return sys_done(fs_chown(dirfd, path, uid, gid, flags));
}

long sys_utimensat(int dirfd, const char *path, const struct k_timespec *times, int flags)
{
    if (times && user_readable(times, 2 * sizeof *times) < 0)
        return -EFAULT;
    sys_enter();
    return sys_done(fs_utimens(dirfd, path, times, flags));
}

long sys_faccessat(int dirfd, const char *path, int mode, int flags)
{
    sys_enter();
    return sys_done(fs_access(dirfd, path, mode, flags));
}

long sys_truncate(const char *path, int64_t len)
{
    if (len < 0)
        return -EINVAL;
    sys_enter();
    return sys_done(fs_truncate(AT_FDCWD, path, len));
}

// --- the working directory ---

// Makes `dir` the working directory; takes over the reference.
static void change_to(struct inode *dir)
{
    struct wref old = proc_self->cwd;
    proc_self->cwd = wref_of(dir); // one store: if we die here, one reference leaks
    inode_unref(old);
}

static long do_chdir(const char *path)
{
    struct inode *dir;
    long r = fs_directory(AT_FDCWD, path, &dir);
    if (r == 0)
        change_to(dir);
    return r;
}

long sys_chdir(const char *path)
{
    sys_enter();
    return sys_done(do_chdir(path));
}

static long do_fchdir(int fd)
{
    struct file *f = fd_borrow(fd);
    if (!f)
        return -EBADF;
    struct inode *dir = inode_at(f->inode);
    if (!dir || !inode_is(dir, S_IFDIR))
        return -ENOTDIR;
    // The right to search is asked for now, not when the directory was opened (XSH fchdir()).
    int r = inode_may(dir, X_OK, 0);
    if (r < 0)
        return r;
    inode_get(dir);
    change_to(dir);
    return 0;
}

long sys_fchdir(int fd)
{
    sys_enter();
    return sys_done(do_fchdir(fd));
}

long sys_getcwd(char *buf, size_t len)
{
    if (user_writable(buf, len) < 0)
        return -EFAULT;
    sys_enter();
    return sys_done(fs_getcwd(buf, len));
}

long sys_umask(unsigned mask)
{
    uint32_t old = proc_self->umask;
    proc_self->umask = mask & 0777;
    return (long)old;
}
