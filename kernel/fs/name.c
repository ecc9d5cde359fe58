// SPDX-License-Identifier: BSD-2-Clause
// Names: creating them, linking, unlinking, symbolic links. The rights and the order of errors; the
// names themselves are changed by each file system.
//
// Neighbours: rename.c (the one operation on two directories), path.c, ram/names.c. POSIX link(),
// unlink(), ...; which of several errors is told is Linux's choice.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/entry.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/mount.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"

// --- creating ---

// The group and mode of what is born in this directory.
static void inherit(const struct inode *dir, struct inode_make *what)
{
    what->gid = proc_self->egid;
    // In a set-group-ID directory the group is the directory's, and directories pass the bit on
    // (Linux; POSIX allows both).
    if (!(dir->mode & S_ISGID))
        return;
    what->gid = dir->gid;
    if ((what->mode & S_IFMT) == S_IFDIR)
        what->mode |= S_ISGID;
}

// Whether the caller may make names in w->dir.
static int may_create(const struct walk *w)
{
    if (w->dir->nlink == 0)
        return -ENOENT; // removed while somebody stands in it
    return inode_may(w->dir, W_OK | X_OK, 0);
}

// Makes an inode with the name the walk ended at; `none` where the file system cannot.
static int create_name(struct walk *w, struct inode_make *what, int none, struct inode **out)
{
    const struct inode_ops *ops = inode_ops(w->dir);
    int r = may_create(w);
    if (r < 0)
        return r;
    inherit(w->dir, what);
    return ops->create ? ops->create(w, what, out) : none;
}

// For open(): EACCES where the file system makes no files (/proc); other callers are told EPERM.
int fs_create(struct walk *w, uint32_t mode, struct inode **out)
{
    struct inode_make what = {.mode = mode};
    return create_name(w, &what, -EACCES, out);
}

// Walks to a name that must not exist yet; `dir`: one with a slash at its end is allowed.
static long walk_new(int dirfd, const char *path, int dir, struct walk *w)
{
    long r = path_walk(dirfd, path, WALK_PARENT, w);
    if (r < 0)
        return r;
    // That it exists comes before all else that is wrong with the name.
    if (w->inode || w->last != WALK_NAME)
        r = -EEXIST;
    else if (w->error)
        r = w->error;
    else if (w->slash && !dir)
        r = -ENOENT;
    if (r < 0)
        walk_done(w);
    return r;
}

// The name may have come to be between walk and making: then the file system's create says EEXIST,
// under the directory's lock, which is the look that counts.
// Walks to a new name and makes it: *out is referenced.
static long make_named(int dirfd, const char *path, struct inode_make *what, struct inode **out)
{
    struct walk w;
    long r = walk_new(dirfd, path, (what->mode & S_IFMT) == S_IFDIR, &w);
    if (r < 0)
        return r;
    r = create_name(&w, what, -EPERM, out);
    walk_done(&w);
    return r;
}

static long make_at(int dirfd, const char *path, struct inode_make *what)
{
    struct inode *ip = NULL;
    long r = make_named(dirfd, path, what, &ip);
    inode_put(ip);
    return r;
}

long fs_make_socket(const char *path, uint32_t mode, struct inode **out)
{
    struct inode_make what = {.mode = mode & ~proc_self->umask};
    return make_named(AT_FDCWD, path, &what, out);
}

// Whether there is such a type of file to be made.
static int type_check(uint32_t type)
{
    switch (type) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFIFO:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFSOCK:
        return 0;
    default:
        return -EINVAL;
    }
}

// What mknod() of a device says to all but root: first what else is wrong.
static long refuse_device(int dirfd, const char *path)
{
    struct walk w;
    long r = walk_new(dirfd, path, 0, &w);
    if (r < 0)
        return r;
    r = may_create(&w);
    walk_done(&w);
    return r < 0 ? r : -EPERM;
}

// mkdir(), mkfifo() and mknod(): they differ in the type only. No type at all is a regular file, as
// on Linux.
long fs_mknod(int dirfd, const char *path, unsigned mode, uint64_t dev)
{
    uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
    // mkdir keeps the sticky bit but takes no set-id bits (Linux).
    uint32_t keep = type == S_IFDIR ? 01777 : 07777;
    struct inode_make what = {.mode = type | (mode & keep & ~proc_self->umask),
                              .rdev = (uint32_t)dev};
    int r = type_check(type);
    if (r < 0)
        return r;
    if ((type == S_IFCHR || type == S_IFBLK) && proc_self->euid != 0)
        return refuse_device(dirfd, path);
    return make_at(dirfd, path, &what);
}

long fs_symlink(const char *target, int dirfd, const char *path)
{
    long len = user_strlen(target, FS_PATH_MAX); // with the NUL
    if (len < 0)
        return len;
    if (len == 1)
        return -ENOENT;
    struct inode_make what = {.mode = S_IFLNK | 0777, .target = target, .len = (uint32_t)len - 1};
    return make_at(dirfd, path, &what);
}

// A second name for a directory would make a tree with loops, so not even root gets one.
static int link_walked(struct inode *ip, struct walk *w)
{
    // An inode's number and references mean something in one file system only.
    if (w->dir->mount != ip->mount)
        return -EXDEV;
    int r = may_create(w);
    if (r < 0)
        return r;
    const struct inode_ops *ops = inode_ops(w->dir);
    if (inode_is(ip, S_IFDIR) || !ops->link)
        return -EPERM;
    return ops->link(w, ip);
}

// The reference of the first walk keeps IP, but its last name may go meanwhile: inode_link() then
// refuses, and no file comes back to life.
static long link_to(struct inode *ip, int newdir, const char *path)
{
    struct walk w;
    long r = walk_new(newdir, path, 0, &w);
    if (r < 0)
        return r;
    r = link_walked(ip, &w);
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

// Also for the two sides of a rename. The right to remove a name is one on the directory; that on
// the file does not count.
int fs_may_remove(const struct walk *w, int dir)
{
    uint32_t me = proc_self->euid;
    int r = inode_may(w->dir, W_OK | X_OK, 0);
    if (r < 0)
        return r;
    // In a sticky directory only the owner of the file or of the directory may.
    if ((w->dir->mode & S_ISVTX) && me != 0 && me != w->inode->uid && me != w->dir->uid)
        return -EPERM;
    // Rights come before the type, as on Linux.
    if (inode_is(w->inode, S_IFDIR) != dir)
        return dir ? -ENOTDIR : -EISDIR;
    return walk_found_mount(w) || w->inode == inode_at(proc_self->root) ? -EBUSY : 0;
}

// "." and ".." and "/" are directories, so EISDIR is said without looking.
static int unlink_walked(struct walk *w)
{
    if (w->last != WALK_NAME)
        return -EISDIR;
    if (!w->inode)
        return w->error ? w->error : -ENOENT;
    if (w->slash)
        return inode_is(w->inode, S_IFDIR) ? -EISDIR : -ENOTDIR;
    return fs_may_remove(w, 0);
}

// The errors for ".", ".." and "/" are those of XSH rmdir() (EINVAL for ".") and Linux's.
static int rmdir_walked(struct walk *w)
{
    switch (w->last) {
    case WALK_NAME:
        if (!w->inode)
            return w->error ? w->error : -ENOENT;
        return fs_may_remove(w, 1);
    case WALK_ROOT:
        return -EBUSY;
    default:
        return w->last == WALK_DOTDOT ? -ENOTEMPTY : -EINVAL;
    }
}

long fs_unlink(int dirfd, const char *path, int flags)
{
    struct walk w;
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    long r = path_walk(dirfd, path, WALK_PARENT, &w);
    if (r < 0)
        return r;
    const struct inode_ops *ops = inode_ops(w.dir);
    r = flags & AT_REMOVEDIR ? rmdir_walked(&w) : unlink_walked(&w);
    if (r == 0)
        r = ops->unlink ? ops->unlink(&w) : -EPERM;
    walk_done(&w);
    return r;
}
