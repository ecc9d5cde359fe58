// SPDX-License-Identifier: BSD-2-Clause
// rename(2) in the RAM file system: the one operation that changes two directories, and moves
// directories.
//
// Called under rename_lock, so no directory changes its place meanwhile, and an order of locking
// exists: an ancestor first, unrelated ones by address. Others hold at most a directory and
// something directly in it, so they never wait for us in the other order. The new name is there
// before the old one goes.
// Neighbours: fs/rename.c (the cases and the rights), dir.c.

#include "kernel/api/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/ram/ram.h"

// Once for both when they are the same.
static void lock_dirs(struct inode *a, struct inode *b)
{
    int b_first = fs_is_above(b, a) || (!fs_is_above(a, b) && b < a);
    inode_lock(b_first ? b : a);
    if (a != b)
        inode_lock(b_first ? a : b);
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
    if (!inode_is(old, S_IFDIR)) {
        dir_replace(to->dir, place, ip);
        inode_unlink(old);
        inode_status_changed(old);
        return 0;
    }
    inode_lock(old);
    int empty = ram(old)->entries == 0;
    if (empty) {
        old->nlink = 1;
        to->dir->nlink--;
        dir_replace(to->dir, place, ip);
        inode_unlink(old);
    }
    inode_unlock(old);
    return empty ? 0 : -ENOTEMPTY;
}

// ".." is no record in the directory but its parent: one reference moves, and a count of names.
static void change_parent(struct walk *from, struct walk *to)
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
static int move_name(struct walk *from, const struct dir_place *old, struct walk *to,
                     const struct dir_place *new)
{
    struct inode *ip = from->inode;
    // One more name while there are two: if we die in between, the count is right.
    int r = inode_link(ip, 0);
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
        change_parent(from, to);
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
        return FS_AGAIN;
    if (to->dir->nlink == 0)
        return -ENOENT;
    r = dir_find(from->dir, from->name, from->len, &old);
    if (r < 0)
        return r;
    if (dir_inode(from->dir, &old) != from->inode)
        return FS_AGAIN;
    return move_name(from, &old, to, &new);
}

// FS_AGAIN when a name is another's by now than the walk had found: under the locks is the look
// that counts.
int ram_rename(struct walk *from, struct walk *to)
{
    lock_dirs(from->dir, to->dir);
    int r = move_locked(from, to);
    unlock_dirs(from->dir, to->dir);
    return r;
}

// --- exchanging ---

// Each file has two names for a moment, and is counted so: if we die in between, none is lost.
static int swap_names(struct walk *from, const struct dir_place *old, struct walk *to,
                      const struct dir_place *new)
{
    int r = inode_link(from->inode, 0);
    if (r < 0)
        return r;
    r = inode_link(to->inode, 0);
    if (r == 0) {
        dir_replace(to->dir, new, from->inode);
        dir_replace(from->dir, old, to->inode);
        inode_unlink(to->inode);
        inode_status_changed(to->inode);
        inode_status_changed(from->inode);
    }
    inode_unlink(from->inode);
    if (r < 0 || from->dir == to->dir)
        return r;
    if (inode_is(from->inode, S_IFDIR))
        change_parent(from, to);
    if (inode_is(to->inode, S_IFDIR))
        change_parent(to, from);
    return 0;
}

// Looks both names up again, now that nothing can change them.
static int swap_locked(struct walk *from, struct walk *to)
{
    struct dir_place old, new;
    int r = dir_find(from->dir, from->name, from->len, &old);
    if (r == 0)
        r = dir_find(to->dir, to->name, to->len, &new);
    if (r < 0)
        return r;
    if (dir_inode(from->dir, &old) != from->inode || dir_inode(to->dir, &new) != to->inode)
        return FS_AGAIN;
    return swap_names(from, &old, to, &new);
}

// FS_AGAIN as for ram_rename().
int ram_exchange(struct walk *from, struct walk *to)
{
    lock_dirs(from->dir, to->dir);
    int r = swap_locked(from, to);
    unlock_dirs(from->dir, to->dir);
    return r;
}
