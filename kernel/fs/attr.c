// SPDX-License-Identifier: BSD-2-Clause
// What is known about a file: stat, owner, mode, times, access; truncation by name; the working
// directory's name.
//
// Neighbours: inode.c (the checks), calls.c and file/calls.c (the system calls).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/signal.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/fs/fs.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/window/root.h"

#define NS_PER_SEC  INT64_C(1000000000)
#define TMPFS_MAGIC 0x01021994 // what programs take a RAM file system for

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
    inode_stat(w.inode, st);
    walk_done(&w);
    return 0;
}

long fs_readlink(int dirfd, const char *path, char *buf, size_t len)
{
    static char target[FS_PATH_MAX];
    struct walk w;
    long r = path_walk(dirfd, path, WALK_EMPTY, &w);
    if (r < 0)
        return r;
    r = inode_is(w.inode, S_IFLNK) ? link_target(w.inode, target, sizeof target) : -EINVAL;
    walk_done(&w);
    if (r < 0)
        return r;
    r = (long)min_u64((uint64_t)r, len);
    memcpy(buf, target, (size_t)r);
    return r;
}

// --- mode and owner ---

static int owns(const struct inode *ip)
{
    return proc_self->euid == 0 || proc_self->euid == ip->uid;
}

static int member(uint32_t gid)
{
    if (gid == proc_self->egid)
        return 1;
    for (uint32_t i = 0; i < proc_self->ngroups && i < PROC_NGROUPS; i++)
        if (proc_self->groups[i] == gid)
            return 1;
    return 0;
}

long inode_chmod(struct inode *ip, unsigned mode)
{
    if (inode_is(ip, S_IFLNK))
        return -EOPNOTSUPP;
    if (!owns(ip) || ip->gen)
        return -EPERM;
    long r = inode_lock(ip);
    if (r < 0)
        return r;
    mode &= 07777;
    if (proc_self->euid != 0 && !member(ip->gid))
        mode &= ~(unsigned)S_ISGID;
    ip->mode = (ip->mode & S_IFMT) | mode;
    inode_status_changed(ip);
    inode_unlock(ip);
    return 0;
}

long inode_chown(struct inode *ip, uint32_t uid, uint32_t gid)
{
    const uint32_t keep = UINT32_MAX;
    if (proc_self->euid != 0) {
        int owner = proc_self->euid == ip->uid;
        if (!owner || (uid != keep && uid != ip->uid) ||
            (gid != keep && gid != ip->gid && !member(gid)))
            return -EPERM;
    }
    long r = inode_lock(ip);
    if (r < 0)
        return r;
    if (uid != keep)
        ip->uid = uid;
    if (gid != keep)
        ip->gid = gid;
    // A set-id program must not change hands with its bits on (POSIX chown()).
    if (!inode_is(ip, S_IFDIR)) {
        ip->mode &= ~(uint32_t)S_ISUID;
        if (ip->mode & 0010)
            ip->mode &= ~(uint32_t)S_ISGID;
    }
    inode_status_changed(ip);
    inode_unlock(ip);
    return 0;
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
    int64_t now = inode_now(), a, m;
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
    long r = inode_lock(ip);
    if (r < 0)
        return r;
    if (set_a)
        ip->atime = a;
    if (set_m)
        ip->mtime = m;
    inode_status_changed(ip);
    inode_unlock(ip);
    return 0;
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
    long r = path_walk(dirfd, path, walk_flags(flags), &w);
    if (r < 0)
        return r;
    r = mode ? inode_may(w.inode, (uint32_t)mode, !(flags & AT_EACCESS)) : 0;
    walk_done(&w);
    return r;
}

long inode_truncate(struct inode *ip, int64_t len)
{
    if (len < 0 || (!inode_is(ip, S_IFREG) && !inode_is(ip, S_IFDIR)))
        return -EINVAL;
    if (inode_is(ip, S_IFDIR))
        return -EISDIR;
    if (ip->gen)
        return -EACCES;
    if ((uint64_t)len > proc_self->rlimits[RLIMIT_FSIZE].cur) {
        proc_signal(proc_self, SIGXFSZ, SI_KERNEL, 0);
        return -EFBIG;
    }
    long r = inode_lock(ip);
    if (r < 0)
        return r;
    r = data_resize(ip, (uint64_t)len);
    if (r == 0)
        inode_changed(ip);
    inode_unlock(ip);
    return r;
}

long fs_truncate(int dirfd, const char *path, int64_t len)
{
    struct walk w;
    long r = path_walk(dirfd, path, WALK_FOLLOW, &w);
    if (r < 0)
        return r;
    r = inode_is(w.inode, S_IFDIR) ? -EISDIR : inode_may(w.inode, W_OK, 0);
    if (r == 0)
        r = inode_truncate(w.inode, len);
    walk_done(&w);
    return r;
}

// Puts "/NAME", the name `child` has in `dir`, before *at. 0, -ENOENT, or -ERANGE at the start of
// the buffer.
static int prepend_name(struct inode *dir, const struct inode *child, char *buf, size_t *at)
{
    struct dir_item item;
    uint64_t pos = 0;
    int r = inode_lock(dir);
    if (r < 0)
        return r;
    while ((r = dir_next(dir, &pos, &item)) == 1 && inode_at(item.inode) != child)
        ;
    if (r == 1) {
        r = *at < item.len + 1 ? -ERANGE : 0;
        if (r == 0) {
            *at -= item.len + 1;
            buf[*at] = '/';
            memcpy(buf + *at + 1, item.name, item.len);
        }
    } else if (r == 0) {
        r = -ENOENT; // removed
    }
    inode_unlock(dir);
    return r;
}

long fs_getcwd(char *buf, size_t len)
{
    static char path[FS_PATH_MAX] COLD("fs_attr_path");
    size_t at = sizeof path - 1;
    struct inode *root = inode_at(proc_self->root), *dir = inode_at(proc_self->cwd);
    long r = 0;
    path[at] = '\0';
    // Nobody moves a directory meanwhile, so that the names belong together and no parent goes
    // away.
    lock_take(&window_root()->rename_lock);
    if (dir == root)
        path[--at] = '/';
    while (r == 0 && dir != root) {
        struct inode *up = inode_at(dir->parent);
        r = up == dir || up->gen ? -ENOENT : prepend_name(up, dir, path, &at);
        dir = up;
    }
    lock_drop(&window_root()->rename_lock);
    if (r < 0)
        return r == -ERANGE ? -ENAMETOOLONG : r;
    if (sizeof path - at > len)
        return -ERANGE;
    memcpy(buf, path + at, sizeof path - at);
    return (long)(sizeof path - at);
}

void fs_statfs(struct k_statfs *st)
{
    const struct wtable *inodes = &window_root()->inodes;
    uint64_t total = window_pages_total(), used = window_pages_used();
    *st = (struct k_statfs){.type = TMPFS_MAGIC,
                            .bsize = WPAGE,
                            .blocks = total,
                            .bfree = total - used,
                            .bavail = total - used,
                            .files = inodes->count,
                            .ffree = inodes->count - inodes->used,
                            .namelen = FS_NAME_MAX,
                            .frsize = WPAGE};
}
