// SPDX-License-Identifier: BSD-2-Clause
// open(2): from a path and flags to a description and a descriptor.
//
// Neighbours: path.c (finds the inode), name.c (creates it), inode.h (what the file system does),
// regular.c and listing.c (what can be done with it), dev.c, fifo.c and tty.c (what else a name
// may lead to), file.c (descriptions).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/dev/dev.h"
#include "kernel/file/fd.h"
#include "kernel/fs/fs.h"
#include "kernel/ipc/pipe.h"
#include "kernel/proc/proc.h"

// The access that the flags ask for, as R_OK | W_OK. Linux's fourth access mode asks for both.
static uint32_t access_of(int flags)
{
    static const uint32_t masks[] = {R_OK, W_OK, R_OK | W_OK, R_OK | W_OK};
    return masks[flags & O_ACCMODE] | ((flags & O_TRUNC) ? W_OK : 0);
}

// Whether the flags and the caller's rights allow opening this inode.
static long check_open(const struct inode *ip, int flags)
{
    if (inode_is(ip, S_IFDIR) && (flags & O_CREAT))
        return -EISDIR;
    if ((flags & O_DIRECTORY) && !inode_is(ip, S_IFDIR))
        return -ENOTDIR;
    // O_PATH asks for a name, not for the file: from here on everything is about access.
    if (flags & O_PATH)
        return 0;
    if (inode_is(ip, S_IFLNK))
        return -ELOOP; // O_NOFOLLOW
    if (inode_is(ip, S_IFDIR) && (access_of(flags) & W_OK))
        return -EISDIR;
    int r = inode_may(ip, access_of(flags), 0);
    return r == 0 && inode_is(ip, S_IFSOCK) ? -ENXIO : r;
}

// A file system without the operation has files whose size means nothing (/proc): O_TRUNC is then
// no error, so that a shell's `>` works on them.
static long truncate_open(struct inode *ip)
{
    const struct inode_ops *ops = inode_ops(ip);
    return ops->truncate ? ops->truncate(ip, 0) : 0;
}

// FILE_NONE is a description that can be held and named and nothing else.
static enum file_kind kind_opened(const struct inode *ip, int flags)
{
    if (flags & O_PATH)
        return inode_is(ip, S_IFDIR) ? FILE_DIR : FILE_NONE;
    switch (ip->mode & S_IFMT) {
    case S_IFREG:
        return FILE_REGULAR;
    case S_IFDIR:
        return FILE_DIR;
    case S_IFIFO:
        return FILE_PIPE;
    case S_IFCHR:
    case S_IFBLK:
        return dev_kind(ip->mode, ip->rdev);
    default:
        return FILE_NONE;
    }
}

// Makes a description of an inode that has passed check().
static long describe(struct inode *ip, int flags, struct file **out)
{
    enum file_kind kind = kind_opened(ip, flags);
    if (inode_is_device(ip) && !(flags & O_PATH)) {
        int r = dev_check(ip->mode, ip->rdev);
        if (r < 0)
            return r;
    }
    // The description before the side effects: truncating comes last, when nothing else can fail.
    struct file *f = file_new(kind, (uint32_t)flags & ~(uint32_t)O_CLOEXEC);
    if (!f)
        return -ENFILE;
    inode_get(ip);
    f->inode = wref_of(ip);
    if (inode_is_device(ip))
        f->minor = ip->rdev & 0xff;
    long r = kind == FILE_PIPE ? fifo_attach(f) : 0;
    if (r == 0 && kind == FILE_REGULAR && (flags & O_TRUNC))
        r = truncate_open(ip);
    if (r < 0) {
        file_unref(f);
        return r;
    }
    *out = f;
    return 0;
}

// A file system may open its own way (ops->open sets *OUT): /proc/self/fd gives a description
// again, not a new one of the same name.
static long open_inode(struct inode *ip, int flags, struct file **out)
{
    const struct inode_ops *ops = inode_ops(ip);
    long r = check_open(ip, flags);
    *out = NULL;
    if (r == 0 && ops->open && !(flags & O_PATH))
        r = ops->open(ip, flags, out);
    return r < 0 || *out ? r : describe(ip, flags, out);
}

// Opens what the walk has found. -EEXIST without O_EXCL: somebody created the name meanwhile, try
// again.
static long open_walked(struct walk *w, int flags, unsigned mode, struct file **out)
{
    if (w->inode && (flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (w->inode)
        return open_inode(w->inode, flags, out);
    int r = fs_create(w, S_IFREG | (mode & 07777 & ~proc_self->umask), &w->inode);
    // Who created a file may write it, whatever its mode says.
    return r < 0 ? r : describe(w->inode, flags & ~O_TRUNC, out);
}

// O_CREAT with O_EXCL does not follow a link at the end (XSH open()): the link itself is the name
// that is there. O_CREAT alone does, and makes what the link names.
long fs_openat(int dirfd, const char *path, int flags, unsigned mode, struct file **out)
{
    if (flags & O_PATH) // the others have no meaning for it (Linux)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((flags & O_CREAT) && (flags & O_DIRECTORY))
        return -EINVAL;
    uint32_t how = (flags & O_CREAT) ? WALK_CREATE | WALK_OPEN : 0;
    if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
        how |= WALK_FOLLOW;
    long r;
    // Again if somebody created the name between the walk and our attempt: now it is there to be
    // opened.
    do {
        struct walk w;
        r = path_walk(dirfd, path, how, &w);
        if (r < 0)
            return r;
        r = open_walked(&w, flags, mode, out);
        walk_done(&w);
    } while (r == -EEXIST && !(flags & O_EXCL));
    return r;
}

long fd_open(int dirfd, const char *path, int flags, unsigned mode)
{
    struct file *f;
    int fd = -1;
    // A FIFO's end is attached before the descriptor is there that says whose it is.
    critical_begin();
    long r = fs_openat(dirfd, path, flags, mode, &f);
    if (r >= 0 && (r = fd = fd_install(f, 0, flags & O_CLOEXEC)) < 0)
        file_unref(f);
    critical_end();
    if (r < 0)
        return r;
    // In the table before it waits: whoever buries us closes it.
    if (f->kind == FILE_PIPE && f->inode.unit && (r = fifo_wait(f)) < 0) {
        fd_close(fd);
        return r;
    }
    return fd;
}

long fs_directory(int dirfd, const char *path, struct inode **dir)
{
    struct walk w;
    long r = path_walk(dirfd, path, WALK_FOLLOW, &w);
    if (r < 0)
        return r;
    r = inode_is(w.inode, S_IFDIR) ? inode_may(w.inode, X_OK, 0) : -ENOTDIR;
    if (r == 0) {
        inode_get(w.inode);
        *dir = w.inode;
    }
    walk_done(&w);
    return r;
}
