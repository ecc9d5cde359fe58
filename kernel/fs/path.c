// SPDX-License-Identifier: BSD-2-Clause
// From a path to an inode: one lookup at a time, each under one directory's lock and no other.
//
// A walk holds a reference on the directory it stands in, so that it cannot be freed; what it finds
// is referenced before the lock goes. POSIX 4.13 (pathname resolution); Linux where that leaves a
// choice.
// Neighbours: fs/ram/dir.c (lookup), fs/proc/proc.c (what /proc holds), inode.h (struct walk).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/file/file.h"
#include "kernel/file/fd.h"
#include "kernel/fs/proc/proc.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"

#define LINKS_MAX 40 // symlinks in one walk before it is called a loop

// A symlink's target joined with the rest of the path: two, because the rest may lie in one.
// Private, and a system call does not nest in another, so one pair is enough.
static char joined[2][FS_PATH_MAX] COLD("fs_path_joined");

struct state {
    struct inode *at; // referenced
    const char *rest; // of the path
    uint32_t links;   // symlinks followed
    uint32_t flags;
};

// Puts the walk into another directory; takes over a reference.
static void move(struct state *s, struct inode *to)
{
    inode_put(s->at);
    s->at = to;
}

static struct inode *referenced(struct inode *ip)
{
    inode_get(ip);
    return ip;
}

static struct inode *parent_of(struct inode *dir)
{
    // The parent of a directory changes under the directory's lock (rename), and the old one may go
    // at once.
    inode_lock(dir);
    struct inode *up = inode_at(dir->parent);
    if (dir == inode_at(proc_self->root))
        up = dir;
    inode_get(up);
    inode_unlock(dir);
    return up;
}

// Looks a name up. 0 and a referenced inode, or -errno.
static int lookup(struct inode *dir, const char *name, uint32_t len, struct inode **found)
{
    struct dir_place place;
    if (dir->gen)
        return gen_lookup(dir, name, len, found);
    int r = inode_lock(dir);
    if (r < 0)
        return r;
    r = dir_find(dir, name, len, &place);
    if (r == 0)
        *found = referenced(dir_inode(dir, &place));
    inode_unlock(dir);
    return r;
}

long link_target(struct inode *ip, char *buf, uint32_t size)
{
    if (ip->gen)
        return gen_target(ip, buf, size);
    // A symlink never changes after it has got its name: no lock.
    uint32_t len = (uint32_t)min_u64(ip->size, size - 1);
    if (ip->size <= INODE_INLINE && !ip->image_len)
        memcpy(buf, ip->u.target, len);
    else if (data_read(ip, buf, len, 0) != len)
        return -EIO;
    buf[len] = '\0';
    return len;
}

// Goes on with the target of a symlink, then with the rest of the path.
static int follow(struct state *s, struct inode *link)
{
    char *buf = joined[s->rest >= joined[0] && s->rest < joined[1]];
    if (++s->links > LINKS_MAX)
        return -ELOOP;
    long n = link_target(link, buf, FS_PATH_MAX);
    if (n < 0)
        return (int)n;
    if (n == 0)
        return -ENOENT;
    uint64_t rest = strlen(s->rest);
    if ((uint64_t)n + rest >= FS_PATH_MAX)
        return -ENAMETOOLONG;
    memmove(buf + n, s->rest, rest + 1); // starts with its slash, if there is any rest
    s->rest = buf;
    if (*buf == '/')
        move(s, referenced(inode_at(proc_self->root)));
    return 0;
}

static const char *skip_slashes(const char *p)
{
    while (*p == '/')
        p++;
    return p;
}

static enum walk_last kind_of(const char *name, uint32_t len)
{
    if (len == 0 || (len == 1 && name[0] == '.'))
        return WALK_DOT;
    return len == 2 && name[0] == '.' && name[1] == '.' ? WALK_DOTDOT : WALK_NAME;
}

// Finds the component [name, name + len) from where the walk stands. 0 with *found (NULL: missing).
static int step(struct state *s, const char *name, uint32_t len, struct inode **found)
{
    *found = NULL;
    if (!inode_is(s->at, S_IFDIR))
        return -ENOTDIR;
    if (len > FS_NAME_MAX)
        return -ENAMETOOLONG;
    int r = inode_may(s->at, X_OK, 0);
    if (r < 0)
        return r;
    switch (kind_of(name, len)) {
    case WALK_DOT:
        *found = referenced(s->at);
        return 0;
    case WALK_DOTDOT:
        *found = parent_of(s->at);
        return 0;
    default:
        r = lookup(s->at, name, len, found);
        return r == -ENOENT ? 0 : r;
    }
}

// The walk has come to its last component: fills w, which takes over both references.
static int finish(struct state *s, const char *name, uint32_t len, struct inode *found,
                  struct walk *w)
{
    w->slash = s->rest[0] == '/';
    w->last = kind_of(name, len);
    w->len = len;
    memcpy(w->name, name, len);
    w->name[len] = '\0';
    w->dir = s->at;
    w->inode = found;
    s->at = NULL;
    if (!found)
        return s->flags & WALK_CREATE ? 0 : -ENOENT;
    return w->slash && !inode_is(found, S_IFDIR) ? -ENOTDIR : 0;
}

// 1: finished, 0: go on, -errno.
static int walk_step(struct state *s, struct walk *w)
{
    struct inode *found;
    const char *name = skip_slashes(s->rest);
    uint32_t len = 0;
    while (name[len] && name[len] != '/')
        len++;
    int r = step(s, name, len, &found);
    if (r < 0)
        return r;
    s->rest = name + len;
    int last = *skip_slashes(s->rest) == '\0';
    if (found && inode_is(found, S_IFLNK) && (!last || *s->rest || s->flags & WALK_FOLLOW)) {
        struct inode *link = found;
        int by_text = link->gen != GEN_FD;
        r = by_text ? follow(s, link) : gen_follow(link, &found);
        inode_put(link);
        if (by_text || r < 0)
            return r;
    }
    if (last) {
        r = finish(s, name, len, found, w);
        return r < 0 ? r : 1;
    }
    if (!found)
        return -ENOENT;
    move(s, found);
    return 0;
}

// Where a relative path starts. 0 with a reference.
static int start_at(int dirfd, const char *path, struct inode **at)
{
    if (*path == '/' || dirfd == AT_FDCWD) {
        *at = referenced(inode_at(*path == '/' ? proc_self->root : proc_self->cwd));
        return 0;
    }
    struct file *f = fd_borrow(dirfd);
    if (!f)
        return -EBADF;
    if (!f->inode.unit)
        return *path ? -ENOTDIR : -ENOENT;
    *at = referenced(inode_at(f->inode));
    return 0;
}

int path_walk(int dirfd, const char *path, uint32_t flags, struct walk *w)
{
    struct state s = {.rest = path, .flags = flags};
    w->dir = w->inode = NULL;
    long n = user_strlen(path, FS_PATH_MAX);
    if (n < 0)
        return (int)n;
    if (!*path && !(flags & WALK_EMPTY))
        return -ENOENT;
    int r = start_at(dirfd, path, &s.at);
    if (r < 0)
        return r;
    if (!*path) {
        w->inode = s.at;
        w->last = WALK_DOT;
        return 0;
    }
    do
        r = walk_step(&s, w);
    while (r == 0);
    if (r < 0) {
        inode_put(s.at);
        walk_done(w);
    }
    return r < 0 ? r : 0;
}

void walk_done(struct walk *w)
{
    inode_put(w->dir);
    inode_put(w->inode);
    w->dir = w->inode = NULL;
}
