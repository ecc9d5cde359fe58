// SPDX-License-Identifier: BSD-2-Clause
// rename(2): its cases and its rights. The names are changed by the file system.
//
// One rename at a time in the family (rename_lock): then no directory changes its place while we
// compare places. A file system that finds another name than the walk did has the walk done again.
// Neighbours: name.c, ram/rename.c. POSIX rename(); docs/files.md lists the cases.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/fs/fs.h"
#include "kernel/lib.h"
#include "kernel/root.h"

// Under rename_lock, which keeps every parent where it is. Does not cross mounts, and need not: the
// two names of a rename lie in one.
int fs_is_above(const struct inode *a, const struct inode *dir)
{
    for (;;) {
        if (a == dir)
            return 1;
        const struct inode *up = inode_at(dir->parent);
        if (!up || up == dir)
            return 0;
        dir = up;
    }
}

// DIR: what is renamed is a directory, and so must be what it replaces (XSH rename(): EISDIR,
// ENOTDIR); fs_may_remove() says so of both.
static int check_rights(const struct walk *from, const struct walk *to, int dir)
{
    int r = fs_may_remove(from, dir);
    if (r < 0)
        return r;
    if (to->inode)
        r = fs_may_remove(to, dir);
    else
        r = to->dir->nlink == 0 ? -ENOENT : inode_may(to->dir, W_OK | X_OK, 0);
    // Moving a directory changes its "..".
    if (r == 0 && dir && from->dir != to->dir)
        r = inode_may(from->inode, W_OK, 0);
    return r;
}

// Whether the replaced directory is empty is not known here: the file system looks under its lock.
// All that can be said before anything is locked. 0 also for two names of one file.
static int check_rename(const struct walk *from, const struct walk *to)
{
    if (from->dir->mount != to->dir->mount)
        return -EXDEV;
    if (from->last != WALK_NAME || to->last != WALK_NAME)
        return -EBUSY;
    if (!from->inode)
        return from->error ? from->error : -ENOENT;
    if (to->error)
        return to->error;
    int dir = inode_is(from->inode, S_IFDIR);
    if (!dir && (from->slash || to->slash))
        return -ENOTDIR;
    // A directory moved into itself would hang on nothing but itself.
    if (dir && fs_is_above(from->inode, to->dir))
        return -EINVAL;
    if (to->inode && inode_is(to->inode, S_IFDIR) && fs_is_above(to->inode, from->dir))
        return -ENOTEMPTY;
    return from->inode == to->inode ? 0 : check_rights(from, to, dir);
}

// Two names that change places: both are there, neither file is above the other's directory.
static int check_exchange(const struct walk *from, const struct walk *to)
{
    int from_dir = inode_is(from->inode, S_IFDIR), to_dir = inode_is(to->inode, S_IFDIR);
    if ((!from_dir && from->slash) || (!to_dir && to->slash))
        return -ENOTDIR;
    if (fs_is_above(from->inode, to->dir) || fs_is_above(to->inode, from->dir))
        return -EINVAL;
    int r = fs_may_remove(from, from_dir);
    if (r == 0)
        r = fs_may_remove(to, to_dir);
    if (from->dir == to->dir)
        return r;
    if (r == 0 && from_dir) // each changes its ".."
        r = inode_may(from->inode, W_OK, 0);
    return r == 0 && to_dir ? inode_may(to->inode, W_OK, 0) : r;
}

// What it does not say is left to check_exchange(): here are the errors of the names themselves.
static int exchange_walked(struct walk *from, struct walk *to)
{
    if (from->dir->mount != to->dir->mount)
        return -EXDEV;
    if (from->last != WALK_NAME || to->last != WALK_NAME)
        return -EBUSY;
    if (!from->inode || !to->inode)
        return from->error ? from->error : to->error ? to->error : -ENOENT;
    if (from->inode == to->inode)
        return 0;
    int r = check_exchange(from, to);
    const struct inode_ops *ops = inode_ops(from->dir);
    return r < 0 ? r : ops->exchange ? ops->exchange(from, to) : -EINVAL;
}

static int rename_walked(struct walk *from, struct walk *to, unsigned flags)
{
    if (flags & K_RENAME_EXCHANGE)
        return exchange_walked(from, to);
    if ((flags & K_RENAME_NOREPLACE) && from->inode && to->inode)
        return from->dir->mount == to->dir->mount ? -EEXIST : -EXDEV;
    int r = check_rename(from, to);
    // Two names of one file: POSIX wants nothing done.
    if (r < 0 || from->inode == to->inode)
        return r;
    const struct inode_ops *ops = inode_ops(from->dir);
    return ops->rename ? ops->rename(from, to) : -EPERM;
}

// Neither name follows a symbolic link: a link is renamed itself (XSH rename()).
static long rename_once(int olddir, const char *old, int newdir, const char *path, unsigned flags)
{
    struct walk from, to;
    long r = path_walk(olddir, old, WALK_PARENT, &from);
    if (r < 0)
        return r;
    r = path_walk(newdir, path, WALK_PARENT, &to);
    if (r == 0) {
        r = rename_walked(&from, &to, flags);
        walk_done(&to);
    }
    walk_done(&from);
    return r;
}

long fs_rename(int olddir, const char *old, int newdir, const char *path, unsigned flags)
{
    struct wlock *lock = &window_root()->rename_lock;
    long r;
    if ((flags & ~(K_RENAME_NOREPLACE | K_RENAME_EXCHANGE)) ||
        flags == (K_RENAME_NOREPLACE | K_RENAME_EXCHANGE))
        return -EINVAL;
    lock_take(lock); // protects an order, not data: nothing to repair after a death
    do
        r = rename_once(olddir, old, newdir, path, flags);
    while (r == FS_AGAIN);
    lock_drop(lock);
    return r;
}
