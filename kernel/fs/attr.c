// SPDX-License-Identifier: BSD-2-Clause
// What is known about a file: stat, owner, mode, times, access; truncation by name; the working
// directory's name.
//
// Neighbours: inode.c (the checks; inode_set() for file systems that store nothing elsewhere),
// calls.c and file/calls.c (the system calls).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/signal.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/mount.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"

#define NS_PER_SEC INT64_C(1000000000)

// How the AT_* flags of most calls want the last component treated.
static uint32_t walk_flags(int flags)
{
    return ((flags & AT_SYMLINK_NOFOLLOW) ? 0 : WALK_FOLLOW) |
           ((flags & AT_EMPTY_PATH) ? WALK_EMPTY : 0);
}

long fs_stat(int dirfd, const char *path, struct k_stat *st, int flags)
{
    struct walk w;
    if (flags &
        ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x800)) // 0x800: AT_NO_AUTOMOUNT, no meaning here
        return -EINVAL;
    long r = path_walk(dirfd, path, walk_flags(flags), &w);
    if (r < 0)
        return r;
    r = user_writable(st, sizeof *st);
    if (r == 0)
        inode_stat(w.inode, st);
    walk_done(&w);
    return r;
}

long fs_readlink(int dirfd, const char *path, char *buf, size_t len)
{
    char *target = thread_scratch.path;
    struct walk w;
    long r = path_walk(dirfd, path, WALK_EMPTY, &w);
    if (r < 0)
        return r;
    const struct inode_ops *ops = inode_ops(w.inode);
    if (!inode_is(w.inode, S_IFLNK))
        r = *path ? -EINVAL : -ENOENT;
    else
        r = ops->target ? ops->target(w.inode, target, FS_PATH_MAX) : -EIO;
    walk_done(&w);
    if (r < 0)
        return r;
    // Cut without a word, and no NUL, as POSIX has it.
    r = (long)min_u64((uint64_t)r, len);
    if (user_writable(buf, (size_t)r) < 0)
        return -EFAULT;
    memcpy(buf, target, (size_t)r);
    return r;
}

// --- mode and owner ---

static int owns(const struct inode *ip)
{
    return proc_self->euid == 0 || proc_self->euid == ip->uid;
}

// Changes attributes, after the caller's rights were checked.
static long change(struct inode *ip, const struct inode_change *c)
{
    const struct inode_ops *ops = inode_ops(ip);
    if (mount_of(ip)->flags & MOUNT_READ_ONLY)
        return -EROFS;
    return ops->set ? ops->set(ip, c) : -EPERM;
}

long inode_chmod(struct inode *ip, unsigned mode)
{
    if (inode_is(ip, S_IFLNK))
        return -EOPNOTSUPP;
    if (!owns(ip))
        return -EPERM;
    mode &= 07777;
    // XSH chmod(): the set-group-ID bit is not for those who are not in the group.
    if (proc_self->euid != 0 && !inode_in_group(ip->gid, 0))
        mode &= ~(unsigned)S_ISGID;
    return change(ip, &(struct inode_change){.what = INODE_SET_MODE, .mode = mode});
}

long inode_chown(struct inode *ip, uint32_t uid, uint32_t gid)
{
    const uint32_t keep = UINT32_MAX;
    if (proc_self->euid != 0 && (uid != keep || gid != keep)) {
        int owner = proc_self->euid == ip->uid;
        if (!owner || (uid != keep && uid != ip->uid) ||
            (gid != keep && gid != ip->gid && !inode_in_group(gid, 0)))
            return -EPERM;
    }
    // A set-id program must not change hands with its bits on (POSIX chown()).
    struct inode_change c = {.what = INODE_NO_SETID, .uid = uid, .gid = gid};
    c.what |= (uid != keep ? INODE_SET_UID : 0) | (gid != keep ? INODE_SET_GID : 0);
    return change(ip, &c);
}

long fs_chmod(int dirfd, const char *path, unsigned mode, int flags)
{
    struct walk w;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    long r = path_walk(dirfd, path, walk_flags(flags), &w);
    if (r < 0)
        return r;
    r = inode_chmod(w.inode, mode);
    walk_done(&w);
    return r;
}

long fs_chown(int dirfd, const char *path, uint32_t uid, uint32_t gid, int flags)
{
    struct walk w;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    long r = path_walk(dirfd, path, walk_flags(flags), &w);
    if (r < 0)
        return r;
    r = inode_chown(w.inode, uid, gid);
    walk_done(&w);
    return r;
}

// --- times ---

// One of the two times of utimensat: *at in ns; 1 to set it, 0 to leave it, -EINVAL.
static int time_wanted(const struct k_timespec *t, int64_t now, int64_t *at)
{
    if (!t || t->nsec == UTIME_NOW) {
        *at = now;
        return 1;
    }
    if (t->nsec == UTIME_OMIT)
        return 0;
    if (t->nsec < 0 || t->nsec >= NS_PER_SEC)
        return -EINVAL;
    // 292 years either way: what does not fit is as far as it goes.
    if (__builtin_mul_overflow(t->sec, NS_PER_SEC, at) || __builtin_add_overflow(*at, t->nsec, at))
        *at = t->sec < 0 ? INT64_MIN : INT64_MAX;
    return 1;
}

static int is_now(const struct k_timespec *times)
{
    return !times || (times[0].nsec == UTIME_NOW && times[1].nsec == UTIME_NOW);
}

static long set_times(struct inode *ip, const struct k_timespec *times)
{
    int64_t now = inode_now(), a = 0, m = 0;
    int set_a = time_wanted(times, now, &a);
    int set_m = time_wanted(times ? &times[1] : NULL, now, &m);
    if (set_a < 0 || set_m < 0)
        return -EINVAL;
    if (!set_a && !set_m)
        return 0;
    // To "now" whoever may write it, to any other time its owner only.
    if (!owns(ip)) {
        if (!is_now(times))
            return -EPERM;
        if (inode_may(ip, W_OK, 0) < 0)
            return -EACCES;
    }
    struct inode_change c = {.atime = a, .mtime = m};
    c.what = (set_a ? INODE_SET_ATIME : 0) | (set_m ? INODE_SET_MTIME : 0);
    return change(ip, &c);
}

long fs_utimens(int dirfd, const char *path, const struct k_timespec *times, int flags)
{
    struct walk w;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    // A null path means dirfd itself: that is how futimens() calls it.
    long r = path_walk(dirfd, path ? path : "", walk_flags(flags) | (path ? 0 : WALK_EMPTY), &w);
    if (r < 0)
        return r;
    r = set_times(w.inode, times);
    walk_done(&w);
    return r;
}

// --- access, size, place ---

long fs_access(int dirfd, const char *path, int mode, int flags)
{
    struct walk w;
    if ((mode & ~(R_OK | W_OK | X_OK)) ||
        (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    // By the real ids, all the way (Linux; POSIX says so of the file only).
    int real = !(flags & AT_EACCESS);
    long r = path_walk(dirfd, path, walk_flags(flags) | (real ? WALK_REAL : 0), &w);
    if (r < 0)
        return r;
    r = mode ? inode_may(w.inode, (uint32_t)mode, real) : 0;
    walk_done(&w);
    return r;
}

long inode_truncate(struct inode *ip, int64_t len)
{
    const struct inode_ops *ops = inode_ops(ip);
    if (len < 0 || !inode_is(ip, S_IFREG))
        return -EINVAL;
    // Only growing counts against the limit: a file that is above it may be cut to any smaller
    // size.
    if ((uint64_t)len > ip->size && (uint64_t)len > proc_self->rlimits[RLIMIT_FSIZE].cur) {
        proc_signal(proc_self, SIGXFSZ, SI_KERNEL, 0);
        return -EFBIG;
    }
    uint32_t seal = (uint64_t)len > ip->size   ? F_SEAL_GROW
                    : (uint64_t)len < ip->size ? F_SEAL_SHRINK
                                               : 0;
    if (inode_sealed(ip, seal) < 0)
        return -EPERM;
    return ops->truncate ? ops->truncate(ip, (uint64_t)len) : -EACCES;
}

long fs_truncate(int dirfd, const char *path, int64_t len)
{
    struct walk w;
    long r = path_walk(dirfd, path, WALK_FOLLOW, &w);
    if (r < 0)
        return r;
    if (inode_is(w.inode, S_IFREG))
        r = inode_may(w.inode, W_OK, 0);
    else
        r = inode_is(w.inode, S_IFDIR) ? -EISDIR : -EINVAL;
    if (r == 0)
        r = inode_truncate(w.inode, len);
    walk_done(&w);
    return r;
}

long fs_getcwd(char *buf, size_t len)
{
    char *path = thread_scratch.path;
    uint32_t at;
    long r = path_of(inode_at(proc_self->cwd), inode_at(proc_self->root), path, &at);
    if (r < 0)
        return r;
    // The path was built from its end, so it stands at the end of the buffer, with its NUL.
    if (FS_PATH_MAX - at > len)
        return -ERANGE;
    memcpy(buf, path + at, FS_PATH_MAX - at);
    return (long)(FS_PATH_MAX - at);
}
