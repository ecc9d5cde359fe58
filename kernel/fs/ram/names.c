// SPDX-License-Identifier: BSD-2-Clause
// Names of the RAM file system: looking them up, listing, creating, linking, unlinking.
//
// Each change of a directory happens under that directory's lock alone; what a walk found before is
// looked up again there, because another VM may have been faster.
// Neighbours: dir.c (records), rename.c (the one operation on two directories), fs/name.c (who
// checked rights and walked).

#include "kernel/api/errno.h"
#include "kernel/fs/ram/ram.h"
#include "kernel/lib.h"

int ram_lookup(struct inode *dir, const char *name, uint32_t len, struct inode **found)
{
    struct dir_place place;
    inode_lock(dir);
    int r = dir_find(dir, name, len, &place);
    if (r == 0) {
        *found = dir_inode(dir, &place);
        inode_get(*found);
    }
    inode_unlock(dir);
    return r;
}

// A copy, made under the lock: the record may be another's as soon as that is dropped.
int ram_next(struct inode *dir, uint64_t *pos, struct dir_item *item)
{
    struct dir_record record;
    inode_lock(dir);
    int r = dir_next(dir, pos, &record);
    if (r == 1) {
        item->ino = inode_at(record.inode)->ino;
        item->len = record.len;
        item->type = record.type;
        memcpy(item->name, record.name, record.len);
    }
    inode_unlock(dir);
    return r;
}

// From end to end: getcwd() asks this for each directory on the way up, and no index goes by inode.
long ram_name_of(struct inode *dir, const struct inode *child, char *buf)
{
    struct dir_record record;
    uint64_t pos = 0;
    long r;
    inode_lock(dir);
    while ((r = dir_next(dir, &pos, &record)) == 1 && inode_at(record.inode) != child)
        ;
    if (r == 1) {
        memcpy(buf, record.name, record.len);
        r = record.len;
    } else if (r == 0) {
        r = -ENOENT; // removed
    }
    inode_unlock(dir);
    return r;
}

// --- creating ---

// A symlink's target: inside the inode if short, else in a page.
static int set_target(struct inode *ip, const char *target, uint32_t len)
{
    ip->size = len;
    char *to = len <= RAM_INLINE ? ram(ip)->target : data_page_make(ip, 0, 0);
    if (!to)
        return -ENOSPC;
    memcpy(to, target, len);
    return 0;
}

static struct inode *make_inode(struct inode *dir, const struct inode_make *what)
{
    struct inode *ip = inode_new(dir->mount, what->mode);
    if (!ip)
        return NULL;
    ip->gid = what->gid;
    if (inode_is_device(ip))
        ip->rdev = what->rdev;
    if (inode_is(ip, S_IFLNK) && set_target(ip, what->target, what->len) < 0) {
        inode_put(ip);
        return NULL;
    }
    if (inode_is(ip, S_IFDIR)) {
        ip->parent = wref_of(dir);
        inode_get(dir);
    }
    return ip;
}

// Enters `ip` as name `w->name` of the locked directory w->dir.
static int add_name(struct walk *w, struct inode *ip, int first)
{
    struct inode *dir = w->dir;
    struct dir_place place;
    if (dir->nlink == 0)
        return -ENOENT; // removed while somebody stands in it
    int r = dir_find(dir, w->name, w->len, &place);
    if (r != -ENOENT)
        return r < 0 ? r : -EEXIST;
    if (inode_is(ip, S_IFDIR) && dir->nlink >= FS_LINKS_MAX)
        return -EMLINK;
    // Counted before it is named: a death in between leaves a count too high, which leaks, not one
    // too low, which would free a file in use.
    r = inode_link(ip, first);
    if (r < 0)
        return r;
    r = dir_add(dir, &place, w->name, w->len, ip);
    if (r < 0)
        inode_unlink(ip);
    return r;
}

// The inode is made before the lock is taken, complete but for its name: whoever finds the name
// finds all of it. *OUT has a reference.
int ram_create(struct walk *w, const struct inode_make *what, struct inode **out)
{
    struct inode *ip = make_inode(w->dir, what);
    if (!ip)
        return -ENOSPC;
    inode_lock(w->dir);
    int r = add_name(w, ip, 1);
    if (r == 0 && inode_is(ip, S_IFDIR)) {
        ip->nlink++;     // its own "."
        w->dir->nlink++; // its ".."
    }
    inode_unlock(w->dir);
    if (r < 0)
        inode_put(ip);
    else
        *out = ip;
    return r;
}

int ram_link(struct walk *w, struct inode *ip)
{
    inode_lock(w->dir);
    int r = add_name(w, ip, 0);
    inode_unlock(w->dir);
    if (r == 0)
        inode_status_changed(ip);
    return r;
}

// --- removing ---

static int remove_dir(struct walk *w, const struct dir_place *place)
{
    struct inode *ip = w->inode;
    inode_lock(ip); // inside its parent's, which is the order everywhere
    int empty = ram(ip)->entries == 0;
    if (empty) {
        dir_remove(w->dir, place);
        w->dir->nlink--;
        // Two of its links go at once, "." and the name; ".." was its parent's.
        ip->nlink = 1; // under its lock: nobody can add anything to it from here on
        inode_unlink(ip);
    }
    inode_unlock(ip);
    return empty ? 0 : -ENOTEMPTY;
}

// Removes w->name from the locked w->dir, if it is still w->inode's.
static int remove_name(struct walk *w)
{
    struct dir_place place;
    struct inode *ip = w->inode;
    int r = dir_find(w->dir, w->name, w->len, &place);
    if (r == 0 && dir_inode(w->dir, &place) != ip)
        r = -ENOENT; // replaced meanwhile: what we were to remove has gone
    if (r < 0)
        return r;
    if (inode_is(ip, S_IFDIR))
        return remove_dir(w, &place);
    dir_remove(w->dir, &place);
    inode_status_changed(ip);
    inode_unlink(ip);
    return 0;
}

int ram_unlink(struct walk *w)
{
    inode_lock(w->dir);
    int r = remove_name(w);
    inode_unlock(w->dir);
    return r;
}
