// SPDX-License-Identifier: BSD-2-Clause
// From a path to an inode: one lookup at a time, each under one directory's lock and no other.
//
// A walk holds a reference on the directory it stands in, so that it cannot be freed; what it finds
// is referenced before the lock goes. Where something is mounted, the walk goes on in its root, and
// back from there. POSIX 4.13 (pathname resolution); Linux where that leaves a choice, and for
// which of several errors is told.
// Neighbours: inode.h (the file systems' lookup), mount.c (what is mounted), path.h (struct walk).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/file/file.h"
#include "kernel/file/fd.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/path.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"

#define LINKS_MAX 40 // symlinks in one walk before it is called a loop

_Static_assert(FS_PATH_MAX == SCRATCH_PATH, "a path fits the scratch");

struct state {
    struct inode *at; // referenced
    const char *rest; // of the path
    uint32_t links;   // symlinks followed
    uint32_t flags;
};

// Puts the walk into another directory; takes over a reference.
static void go_to(struct state *s, struct inode *to)
{
    inode_put(s->at);
    s->at = to;
}

static struct inode *referenced(struct inode *ip)
{
    inode_get(ip);
    return ip;
}

// ".." at the root of the process is the root itself, and at the root of a mount leads to what the
// mount point's parent is. Returns a reference.
struct inode *path_up(struct inode *dir)
{
    if (dir == inode_at(proc_self->root))
        return referenced(dir);
    dir = mount_point(dir);
    // The parent of a directory changes under the directory's lock (rename), and the old one may go
    // at once.
    inode_lock(dir);
    struct inode *up = referenced(inode_at(dir->parent));
    inode_unlock(dir);
    return mount_top(up);
}

// Looks a name up. 0 and a referenced inode, or -errno.
static int look_up_name(struct inode *dir, const char *name, uint32_t len, struct inode **found)
{
    const struct inode_ops *ops = inode_ops(dir);
    int r = ops->lookup ? ops->lookup(dir, name, len, found) : -EIO;
    if (r == 0)
        *found = mount_top(*found);
    return r;
}

// Two buffers take turns: the rest of the path may lie in the one that the last link was put into.
// The whole of what is still to be walked has to fit FS_PATH_MAX, though each part does by itself.
// Goes on with the target of a symlink, then with the rest of the path.
static int follow_text(struct state *s, struct inode *link)
{
    char(*joined)[FS_PATH_MAX] = thread_scratch.joined;
    char *buf = joined[s->rest >= joined[0] && s->rest < joined[1]]; // the one not in use
    if (++s->links > LINKS_MAX)
        return -ELOOP;
    const struct inode_ops *ops = inode_ops(link);
    long n = ops->target ? ops->target(link, buf, FS_PATH_MAX) : -EIO;
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
        go_to(s, referenced(inode_at(proc_self->root)));
    return 0;
}

static const char *skip_slashes(const char *p)
{
    while (*p == '/')
        p++;
    return p;
}

// No name at all, as in "/" or behind a slash at the end, is the directory itself: ".".
static enum walk_last last_kind(const char *name, uint32_t len)
{
    if (len == 0 || (len == 1 && name[0] == '.'))
        return WALK_DOT;
    return len == 2 && name[0] == '.' && name[1] == '.' ? WALK_DOTDOT : WALK_NAME;
}

// Finds the component [name, name + len) from where the walk stands. 0 with *found (NULL: missing).
static int find_component(struct state *s, const char *name, uint32_t len, struct inode **found)
{
    *found = NULL;
    if (!inode_is(s->at, S_IFDIR))
        return -ENOTDIR;
    // XBD 4.13: each directory on the way must be searchable, also for `.` and `..`.
    int r = inode_may(s->at, X_OK, (s->flags & WALK_REAL) != 0);
    if (r < 0)
        return r;
    switch (last_kind(name, len)) {
    case WALK_DOT:
        *found = referenced(s->at);
        return 0;
    case WALK_DOTDOT:
        *found = path_up(s->at);
        return 0;
    default:
        if ((s->flags & WALK_OPEN) && name[len] == '/' && *skip_slashes(name + len) == '\0')
            return -EISDIR;
        if (len > FS_NAME_MAX)
            return -ENAMETOOLONG;
        r = look_up_name(s->at, name, len, found);
        return r == -ENOENT ? 0 : r;
    }
}

// The walk has come to its last component: fills w, which takes over both references.
static int finish(struct state *s, const char *name, uint32_t len, struct inode *found,
                  struct walk *w)
{
    w->slash = s->rest[0] == '/';
    w->last = last_kind(name, len);
    w->len = w->error ? 0 : len;
    memcpy(w->name, name, w->len);
    w->name[w->len] = '\0';
    w->dir = s->at;
    w->inode = found;
    s->at = NULL;
    if (s->flags & WALK_PARENT)
        return 0;
    if (!found)
        return s->flags & WALK_CREATE ? 0 : -ENOENT;
    return w->slash && !inode_is(found, S_IFDIR) ? -ENOTDIR : 0;
}

// Follows a symlink in the place of *found, which it is. 1: to the inode now in *found; 0: the walk
// goes on with its text.
static int follow(struct state *s, struct inode **found)
{
    struct inode *link = *found, *to = NULL;
    const struct inode_ops *ops = inode_ops(link);
    int r = ops->follow ? ops->follow(link, &to) : 0;
    if (r == 0 && !to)
        r = follow_text(s, link);
    inode_put(link);
    *found = to;
    return r < 0 ? r : to != NULL;
}

// Whether the link that was found is to be followed.
static int follows(const struct state *s, const struct inode *found, int last)
{
    if (!found || !inode_is(found, S_IFLNK))
        return 0;
    if (!last)
        return 1;
    // A slash behind the last component means what the link leads to, unless it is the name itself
    // that the caller wants.
    return !(s->flags & WALK_PARENT) && (*s->rest || (s->flags & WALK_FOLLOW));
}

// The links followed and the length of the path bound the number of steps, so that no path keeps a
// call going for ever.
// 1: finished, 0: go on, -errno.
static int walk_step(struct state *s, struct walk *w)
{
    struct inode *found;
    const char *name = skip_slashes(s->rest);
    uint32_t len = 0;
    while (name[len] && name[len] != '/')
        len++;
    int last = *skip_slashes(name + len) == '\0';
    int r = find_component(s, name, len, &found);
    // Of the last component it is the caller's to tell, who may have an error that comes first.
    if (r == -ENAMETOOLONG && last && (s->flags & WALK_PARENT)) {
        w->error = r;
        r = 0;
    }
    if (r < 0)
        return r;
    s->rest = name + len;
    if (follows(s, found, last)) {
        r = follow(s, &found);
        if (r <= 0)
            return r;
    }
    if (last) {
        r = finish(s, name, len, found, w);
        return r < 0 ? r : 1;
    }
    if (!found)
        return -ENOENT;
    go_to(s, found);
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

// On success the caller has w's references and gives them back by walk_done(); on failure there are
// none. Nothing is locked when it returns: what it found may have another name by then.
int path_walk(int dirfd, const char *path, uint32_t flags, struct walk *w)
{
    struct state s = {.rest = path, .flags = flags};
    w->dir = w->inode = NULL;
    w->error = 0;
    // Checked once. The walk reads the path in place: no handler runs before the call ends.
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
        return r;
    }
    if (*skip_slashes(path) == '\0')
        w->last = WALK_ROOT;
    return 0;
}

void walk_done(struct walk *w)
{
    inode_put(w->dir);
    inode_put(w->inode);
    w->dir = w->inode = NULL;
}

int walk_found_mount(const struct walk *w)
{
    return w->last == WALK_NAME && w->inode && w->inode->mount != w->dir->mount;
}

// --- from a directory to its path ---

// Puts "/NAME", the name `child` has in `dir`, before *at. 0, -ENOENT, or -ENAMETOOLONG at the
// start of the buffer.
static long prepend_name(struct inode *dir, const struct inode *child, char *buf, uint32_t *at)
{
    char name[FS_NAME_MAX + 1];
    const struct inode_ops *ops = inode_ops(dir);
    long len = ops->name_of ? ops->name_of(dir, child, name) : -ENOENT;
    if (len < 0)
        return len;
    if (*at < len + 1)
        return -ENAMETOOLONG;
    *at -= (uint32_t)len + 1;
    buf[*at] = '/';
    memcpy(buf + *at + 1, name, (uint64_t)len);
    return 0;
}

// Written from the end of the buffer, of FS_PATH_MAX bytes, since the last name is known first. A
// directory that was removed, or lies outside the root, is ENOENT.
long path_of(struct inode *dir, const struct inode *root, char *buf, uint32_t *at)
{
    long r = 0;
    *at = FS_PATH_MAX - 1;
    buf[*at] = '\0';
    // Nobody moves a directory meanwhile, so that the names belong together and no parent goes
    // away.
    lock_take(&window_root()->rename_lock);
    if (dir == root)
        buf[--*at] = '/';
    while (r == 0 && dir != root) {
        dir = mount_point(dir);
        struct inode *up = inode_at(dir->parent);
        r = up == dir ? -ENOENT : prepend_name(up, dir, buf, at);
        dir = up;
    }
    lock_drop(&window_root()->rename_lock);
    return r;
}
