// SPDX-License-Identifier: BSD-2-Clause
// rename(2): the one operation that changes two directories, and moves directories.
//
// One rename at a time in the family (rename_lock): then no directory changes its place while we
// compare places, and an order of locking exists: an ancestor first, unrelated ones by address.
// Others hold at most a directory and something directly in it, so they never wait for us in the
// other order. The new name is there before the old one goes.
// Neighbours: name.c, fs/ram/dir.c. POSIX rename(); docs/files.md lists the cases.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/fs/fs.h"
#include "kernel/lib.h"
#include "kernel/window/root.h"

#define AGAIN 1 // somebody changed a name between our look and our lock

// Whether `a` is `dir` or above it. Under rename_lock.
static int is_above(const struct inode *a, const struct inode *dir)
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

static int check_rights(const struct walk *from, const struct walk *to)
{
    if (to->dir->gen)
        return -EXDEV;
    int r = fs_may_remove(from);
    if (r == 0)
        r = to->inode ? fs_may_remove(to) : inode_may(to->dir, W_OK | X_OK, 0);
    // Moving a directory changes its "..".
    if (r == 0 && inode_is(from->inode, S_IFDIR) && from->dir != to->dir)
        r = inode_may(from->inode, W_OK, 0);
    return r;
}

// All that can be said before anything is locked.
static int check(const struct walk *from, const struct walk *to)
{
    if (from->last != WALK_NAME || to->last != WALK_NAME)
        return -EBUSY;
    int dir = inode_is(from->inode, S_IFDIR);
    if (dir && is_above(from->inode, to->dir))
        return -EINVAL;
    if (!dir && to->slash)
        return -ENOTDIR;
    if (to->inode && to->inode != from->inode) {
        if (dir && !inode_is(to->inode, S_IFDIR))
            return -ENOTDIR;
        if (!dir && inode_is(to->inode, S_IFDIR))
            return is_above(to->inode, from->dir) ? -ENOTEMPTY : -EISDIR;
        if (dir && is_above(to->inode, from->dir))
            return -ENOTEMPTY;
    }
    return check_rights(from, to);
}

static int lock_dirs(struct inode *a, struct inode *b)
{
    if (a == b)
        return inode_lock(a);
    int b_first = is_above(b, a) || (!is_above(a, b) && b < a);
    struct inode *first = b_first ? b : a, *second = b_first ? a : b;
    int r = inode_lock(first);
    if (r < 0)
        return r;
    r = inode_lock(second);
    if (r < 0)
        inode_unlock(first);
    return r;
}

static void unlock_dirs(struct inode *a, struct inode *b)
{
    inode_unlock(a);
    if (a != b)
        inode_unlock(b);
}

// Puts `ip` in the place of the target, which loses that name. A directory must be empty.
static int replace(struct walk *to, const struct dir_place *place, struct inode *ip)
{
    struct inode *old = to->inode;
    int dir = inode_is(old, S_IFDIR);
    if (dir) {
        int r = inode_lock(old);
        if (r < 0)
            return r;
        if (old->entries != 0) {
            inode_unlock(old);
            return -ENOTEMPTY;
        }
        old->nlink = 1;
        to->dir->nlink--;
    }
    dir_replace(to->dir, place, ip);
    inode_unlink(old);
    if (dir)
        inode_unlock(old);
    else
        inode_status_changed(old);
    return 0;
}

static void move_parent(struct walk *from, struct walk *to)
{
    struct inode *ip = from->inode;
    inode_get(to->dir);
    inode_lock(ip);
    ip->parent = wref_of(to->dir);
    inode_unlock(ip);
    to->dir->nlink++;
    from->dir->nlink--;
    inode_put(from->dir); // not the last: the walk has one
}

// Both directories are locked and the places looked up.
static int move(struct walk *from, const struct dir_place *old, struct walk *to,
                const struct dir_place *new)
{
    struct inode *ip = from->inode;
    // One more name while there are two: if we die in between, the count is right.
    int r = inode_link(ip);
    if (r < 0)
        return r;
    r = to->inode ? replace(to, new, ip) : dir_add(to->dir, new, to->name, to->len, ip);
    if (r < 0) {
        inode_unlink(ip);
        return r;
    }
    dir_remove(from->dir, old);
    inode_unlink(ip);
    inode_status_changed(ip);
    if (inode_is(ip, S_IFDIR) && from->dir != to->dir)
        move_parent(from, to);
    return 0;
}

// Looks both names up again, now that nothing can change them.
static int move_locked(struct walk *from, struct walk *to)
{
    struct dir_place old, new;
    int r = dir_find(to->dir, to->name, to->len, &new);
    if (r < 0 && r != -ENOENT)
        return r;
    if ((r == 0 ? dir_inode(to->dir, &new) : NULL) != to->inode)
        return AGAIN;
    if (to->dir->nlink == 0)
        return -ENOENT;
    r = dir_find(from->dir, from->name, from->len, &old);
    if (r < 0)
        return r;
    if (dir_inode(from->dir, &old) != from->inode)
        return AGAIN;
    return move(from, &old, to, &new);
}

static int rename_walked(struct walk *from, struct walk *to)
{
    int r = check(from, to);
    // Two names of one file: POSIX wants nothing done.
    if (r < 0 || from->inode == to->inode)
        return r;
    r = lock_dirs(from->dir, to->dir);
    if (r < 0)
        return r;
    r = move_locked(from, to);
    unlock_dirs(from->dir, to->dir);
    return r;
}

static long rename_once(int olddir, const char *old, int newdir, const char *path)
{
    struct walk from, to;
    long r = path_walk(olddir, old, 0, &from);
    if (r < 0)
        return r;
    r = path_walk(newdir, path, WALK_CREATE, &to);
    if (r == 0) {
        r = rename_walked(&from, &to);
        walk_done(&to);
    }
    walk_done(&from);
    return r;
}

long fs_rename(int olddir, const char *old, int newdir, const char *path)
{
    struct wlock *lock = &window_root()->rename_lock;
    long r;
    lock_take(lock); // protects an order, not data: nothing to repair after a death
    do
        r = rename_once(olddir, old, newdir, path);
    while (r == AGAIN);
    lock_drop(lock);
    return r;
}
