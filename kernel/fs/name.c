// SPDX-License-Identifier: BSD-2-Clause
// Names: creating them, linking, unlinking, symbolic links.
//
// Each change of a directory happens under that directory's lock alone; what a walk found before is
// looked up again there, because another VM may have been faster.
// Neighbours: rename.c (the one operation on two directories), path.c, fs/ram/dir.c. POSIX
// link(), unlink(), ...

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/entry.h"
#include "kernel/fs/fs.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"

// --- creating ---

// What a new inode takes from the directory it is born in.
static void inherit(struct inode *dir, struct inode *ip)
{
    if (dir->mode & S_ISGID) {
        ip->gid = dir->gid;
        if (inode_is(ip, S_IFDIR))
            ip->mode |= S_ISGID;
    }
    if (inode_is(ip, S_IFDIR)) {
        ip->parent = wref_of(dir);
        inode_get(dir);
    }
}

// Enters `ip` as name `w->name` of the locked directory w->dir.
static int enter(struct walk *w, struct inode *ip)
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
    r = inode_link(ip);
    if (r < 0)
        return r;
    r = dir_add(dir, &place, w->name, w->len, ip);
    if (r < 0)
        inode_unlink(ip);
    return r;
}

// Gives a new inode its name and its place. On failure the caller still has its reference.
static int enter_new(struct walk *w, struct inode *ip)
{
    if (w->dir->gen)
        return -EACCES; // /proc
    int r = inode_may(w->dir, W_OK | X_OK, 0);
    if (r < 0)
        return r;
    r = inode_lock(w->dir);
    if (r < 0)
        return r;
    inherit(w->dir, ip);
    r = enter(w, ip);
    if (r == 0 && inode_is(ip, S_IFDIR)) {
        ip->nlink++;     // its own "."
        w->dir->nlink++; // its ".."
    }
    inode_unlock(w->dir);
    return r;
}

int fs_create(struct walk *w, uint32_t mode, struct inode **out)
{
    struct inode *ip = inode_new(mode);
    if (!ip)
        return -ENOSPC;
    int r = enter_new(w, ip);
    if (r < 0) {
        inode_put(ip);
        return r;
    }
    *out = ip;
    return 0;
}

// Walks to a name that must not exist yet; `dir`: one with a slash at its end is allowed.
static long walk_new(int dirfd, const char *path, int dir, struct walk *w)
{
    long r = path_walk(dirfd, path, WALK_CREATE, w);
    if (r < 0)
        return r;
    if (w->inode || w->last != WALK_NAME)
        r = -EEXIST;
    else if (w->slash && !dir)
        r = -ENOENT;
    if (r < 0)
        walk_done(w);
    return r;
}

long fs_mknod(int dirfd, const char *path, unsigned mode, uint64_t dev)
{
    uint32_t type = mode & S_IFMT;
    if (type == 0)
        type = S_IFREG;
    int device = type == S_IFCHR || type == S_IFBLK;
    if (type != S_IFREG && type != S_IFDIR && type != S_IFIFO && !device)
        return type == S_IFLNK ? -EINVAL : -EPERM;
    if (device && proc_self->euid != 0)
        return -EPERM;
    struct walk w;
    long r = walk_new(dirfd, path, type == S_IFDIR, &w);
    if (r < 0)
        return r;
    // mkdir keeps the sticky bit but takes no set-id bits (Linux).
    uint32_t keep = type == S_IFDIR ? 01777 : 07777;
    struct inode *ip = inode_new(type | (mode & keep & ~proc_self->umask));
    r = -ENOSPC;
    if (ip) {
        if (device)
            ip->u.rdev = (uint32_t)dev;
        r = enter_new(&w, ip);
        inode_put(ip);
    }
    walk_done(&w);
    return r;
}

// A symlink's inode with its target: inside it if short, else in a page.
static struct inode *new_symlink(const char *target, uint32_t len)
{
    struct inode *ip = inode_new(S_IFLNK | 0777);
    if (!ip)
        return NULL;
    ip->size = len;
    if (len <= INODE_INLINE) {
        memcpy(ip->u.target, target, len);
        return ip;
    }
    void *page = data_page_make(ip, 0, 0);
    if (!page) {
        inode_put(ip);
        return NULL;
    }
    memcpy(page, target, len);
    return ip;
}

long fs_symlink(const char *target, int dirfd, const char *path)
{
    long len = user_strlen(target, FS_PATH_MAX); // with the NUL
    if (len < 0)
        return len;
    if (len == 1)
        return -ENOENT;
    struct walk w;
    long r = walk_new(dirfd, path, 0, &w);
    if (r < 0)
        return r;
    struct inode *ip = new_symlink(target, (uint32_t)len - 1);
    r = -ENOSPC;
    if (ip) {
        r = enter_new(&w, ip);
        inode_put(ip);
    }
    walk_done(&w);
    return r;
}

static long link_to(struct inode *ip, int newdir, const char *path)
{
    struct walk w;
    if (inode_is(ip, S_IFDIR) || ip->gen)
        return -EPERM;
    long r = walk_new(newdir, path, 0, &w);
    if (r < 0)
        return r;
    r = inode_may(w.dir, W_OK | X_OK, 0);
    if (r == 0 && w.dir->gen)
        r = -EXDEV;
    if (r == 0)
        r = inode_lock(w.dir);
    if (r == 0) {
        r = enter(&w, ip);
        inode_unlock(w.dir);
    }
    if (r == 0)
        inode_status_changed(ip);
    walk_done(&w);
    return r;
}

long fs_link(int olddir, const char *old, int newdir, const char *path, int flags)
{
    struct walk w;
    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    uint32_t how = ((flags & AT_SYMLINK_FOLLOW) ? WALK_FOLLOW : 0) |
                   ((flags & AT_EMPTY_PATH) ? WALK_EMPTY : 0);
    long r = path_walk(olddir, old, how, &w);
    if (r < 0)
        return r;
    r = link_to(w.inode, newdir, path);
    walk_done(&w);
    return r;
}

// --- removing ---

int fs_may_remove(const struct walk *w)
{
    uint32_t me = proc_self->euid;
    if (w->dir->gen || w->inode->gen)
        return -EPERM;
    int r = inode_may(w->dir, W_OK | X_OK, 0);
    if (r < 0)
        return r;
    // In a sticky directory only the owner of the file or of the directory may.
    if ((w->dir->mode & S_ISVTX) && me != 0 && me != w->inode->uid && me != w->dir->uid)
        return -EPERM;
    return 0;
}

// Removes w->name from the locked w->dir, if it is still w->inode's. A directory must be empty; its
// lock is taken inside its parent's, which is the order everywhere.
static int remove_name(struct walk *w)
{
    struct dir_place place;
    struct inode *ip = w->inode;
    int r = dir_find(w->dir, w->name, w->len, &place);
    if (r == 0 && dir_inode(w->dir, &place) != ip)
        r = -ENOENT; // replaced meanwhile: what we were to remove has gone
    if (r < 0)
        return r;
    if (!inode_is(ip, S_IFDIR)) {
        dir_remove(w->dir, &place);
        inode_status_changed(ip);
        inode_unlink(ip);
        return 0;
    }
    r = inode_lock(ip);
    if (r < 0)
        return r;
    if (ip->entries != 0) {
        inode_unlock(ip);
        return -ENOTEMPTY;
    }
    dir_remove(w->dir, &place);
    w->dir->nlink--;
    ip->nlink = 1; // under its lock: nobody can add anything to it from here on
    inode_unlink(ip);
    inode_unlock(ip);
    return 0;
}

static long unlink_walked(struct walk *w, int rmdir)
{
    if (rmdir && w->inode == inode_at(proc_self->root))
        return -EBUSY;
    if (w->last != WALK_NAME)
        return !rmdir ? -EISDIR : w->last == WALK_DOTDOT ? -ENOTEMPTY : -EINVAL;
    int r = fs_may_remove(w);
    if (r < 0)
        return r;
    int dir = inode_is(w->inode, S_IFDIR);
    if (dir != rmdir)
        return dir ? -EISDIR : -ENOTDIR;
    r = inode_lock(w->dir);
    if (r < 0)
        return r;
    r = remove_name(w);
    inode_unlock(w->dir);
    return r;
}

long fs_unlink(int dirfd, const char *path, int flags)
{
    struct walk w;
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    long r = path_walk(dirfd, path, 0, &w);
    if (r < 0)
        return r;
    r = unlink_walked(&w, (flags & AT_REMOVEDIR) != 0);
    walk_done(&w);
    return r;
}
