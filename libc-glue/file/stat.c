// SPDX-License-Identifier: BSD-2-Clause
// File metadata: status, modes, times, file system figures.
// Neighbours: path.c (names, owners), include/sys/stat.h (layout), kernel/api/stat.h.
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "libc-glue/glue.h"

// The kernel fills the libc's struct stat itself (layout.c), every field of it: nothing of the
// caller's old contents remains, and on an error nothing is touched.
int stat(const char *restrict path, struct stat *restrict st)
{
    return (int)glue_ret(sys_fstatat(AT_FDCWD, path, K(k_stat, st), 0));
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    return (int)glue_ret(sys_fstatat(AT_FDCWD, path, K(k_stat, st), AT_SYMLINK_NOFOLLOW));
}

// Also of pipes and terminals, whose size is 0.
int fstat(int fd, struct stat *st)
{
    return (int)glue_ret(sys_fstat(fd, K(k_stat, st)));
}

int fstatat(int dirfd, const char *restrict path, struct stat *restrict st, int flags)
{
    return (int)glue_ret(sys_fstatat(dirfd, path, K(k_stat, st), flags));
}

int chmod(const char *path, mode_t mode)
{
    return (int)glue_ret(sys_fchmodat(AT_FDCWD, path, mode, 0));
}

int fchmod(int fd, mode_t mode)
{
    return (int)glue_ret(sys_fchmod(fd, mode));
}

// AT_SYMLINK_NOFOLLOW is for the kernel to judge: a link has no mode of its own that anybody asks
// for.
int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
    return (int)glue_ret(sys_fchmodat(dirfd, path, mode, flags));
}

// Cannot fail, so errno is left alone. There is no way to read the mask without setting it.
mode_t umask(mode_t mask)
{
    return (mode_t)sys_umask(mask);
}

int mknod(const char *path, mode_t mode, dev_t dev)
{
    return (int)glue_ret(sys_mknodat(AT_FDCWD, path, mode, dev));
}

int mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
    return (int)glue_ret(sys_mknodat(dirfd, path, mode, dev));
}

// A type in the caller's mode is dropped rather than refused: POSIX gives only the permission bits
// a meaning here.
int mkfifo(const char *path, mode_t mode)
{
    return mknod(path, (mode & ~S_IFMT) | S_IFIFO, 0);
}

int mkfifoat(int dirfd, const char *path, mode_t mode)
{
    return mknodat(dirfd, path, (mode & ~S_IFMT) | S_IFIFO, 0);
}

// times[0] is the access, times[1] the modification; UTIME_NOW and UTIME_OMIT stand in tv_nsec and
// are the kernel's to read. NULL is "now" for both, which also somebody who may only write the file
// is allowed.
int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
    return (int)glue_ret(sys_utimensat(dirfd, path, KC(k_timespec, times), flags));
}

// As on Linux, a NULL path means the descriptor itself.
int futimens(int fd, const struct timespec times[2])
{
    return (int)glue_ret(sys_utimensat(fd, NULL, KC(k_timespec, times), 0));
}

// The older calls in microseconds or seconds: converted, NULL stays "now".
static const struct timespec *from_timeval(const struct timeval *tv, struct timespec *ts)
{
    if (!tv)
        return NULL;
    for (int i = 0; i < 2; i++)
        ts[i] = (struct timespec){tv[i].tv_sec, tv[i].tv_usec * 1000};
    return ts;
}

// A tv_usec out of range becomes a tv_nsec out of range, so the kernel's EINVAL covers it.
int utimes(const char *path, const struct timeval *tv)
{
    struct timespec ts[2];
    return utimensat(AT_FDCWD, path, from_timeval(tv, ts), 0);
}

int lutimes(const char *path, const struct timeval *tv)
{
    struct timespec ts[2];
    return utimensat(AT_FDCWD, path, from_timeval(tv, ts), AT_SYMLINK_NOFOLLOW);
}

int futimes(int fd, const struct timeval *tv)
{
    struct timespec ts[2];
    return futimens(fd, from_timeval(tv, ts));
}

int utime(const char *path, const struct utimbuf *t)
{
    struct timespec ts[2];
    if (t) {
        ts[0] = (struct timespec){t->actime, 0};
        ts[1] = (struct timespec){t->modtime, 0};
    }
    return utimensat(AT_FDCWD, path, t ? ts : NULL, 0);
}

// Linux's call; POSIX's is statvfs(), below. Free space is what the family's window has left, for
// all file systems in it.
int statfs(const char *path, struct statfs *st)
{
    return (int)glue_ret(sys_statfs(path, K(k_statfs, st)));
}

int fstatfs(int fd, struct statfs *st)
{
    return (int)glue_ret(sys_fstatfs(fd, K(k_statfs, st)));
}

// POSIX's figures from Linux's. Blocks are counted in f_frsize there, in f_bsize here; the kernel
// gives both the same, and a 0 for the former means "as the latter". R is the call's result, passed
// on.
static int to_statvfs(int r, const struct statfs *in, struct statvfs *out)
{
    if (r == 0)
        // Free inodes are anybody's: none are kept for root.
        *out = (struct statvfs){
            .f_bsize = (unsigned long)in->f_bsize,
            .f_frsize = (unsigned long)(in->f_frsize ? in->f_frsize : in->f_bsize),
            .f_blocks = in->f_blocks,
            .f_bfree = in->f_bfree,
            .f_bavail = in->f_bavail,
            .f_files = in->f_files,
            .f_ffree = in->f_ffree,
            .f_favail = in->f_ffree,
            .f_fsid = (unsigned long)(unsigned)in->f_fsid.__val[0],
            .f_flag = (unsigned long)in->f_flags,
            .f_namemax = (unsigned long)in->f_namelen,
        };
    return r;
}

int statvfs(const char *restrict path, struct statvfs *restrict out)
{
    struct statfs st;
    return to_statvfs(statfs(path, &st), &st, out);
}

int fstatvfs(int fd, struct statvfs *out)
{
    struct statfs st;
    return to_statvfs(fstatfs(fd, &st), &st, out);
}

// One kind of file system, so the answers do not depend on the file.
static long path_limit(int name)
{
    switch (name) {
    case _PC_LINK_MAX:
        return LINK_MAX;
    case _PC_MAX_CANON:
    case _PC_MAX_INPUT:
        return MAX_CANON;
    case _PC_NAME_MAX:
        return NAME_MAX;
    case _PC_PATH_MAX:
    case _PC_SYMLINK_MAX:
        return PATH_MAX;
    case _PC_PIPE_BUF:
        return PIPE_BUF;
    case _PC_CHOWN_RESTRICTED:
    case _PC_NO_TRUNC:
    case _PC_2_SYMLINKS:
        return 1;
    case _PC_VDISABLE:
        return 0;
    case _PC_FILESIZEBITS:
        return 64;
    case _PC_TIMESTAMP_RESOLUTION:
        return 1;
    default:
        return glue_ret(-EINVAL);
    }
}

// The file must exist all the same: programs tell a missing file by it. -1 with errno unchanged
// would mean "no limit"; no answer here does.
long pathconf(const char *path, int name)
{
    struct stat st;
    return stat(path, &st) < 0 ? -1 : path_limit(name);
}

long fpathconf(int fd, int name)
{
    struct stat st;
    return fstat(fd, &st) < 0 ? -1 : path_limit(name);
}
