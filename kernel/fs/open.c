// SPDX-License-Identifier: BSD-2-Clause
// open(2), and what can be done with an open regular file or directory.
//
// Neighbours: path.c (finds the inode), name.c (creates it), dev.c, fifo.c and tty.c (what
// else a name may lead to), file.c (descriptions).

#include "kernel/api/dirent.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/dev/dev.h"
#include "kernel/file/fd.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/proc/proc.h"
#include "kernel/lib.h"
#include "kernel/ipc/pipe.h"
#include "kernel/proc/proc.h"

// --- open ---

// The access that the flags ask for, as R_OK | W_OK. Linux's fourth access mode asks for both.
static uint32_t access_of(int flags)
{
    static const uint32_t masks[] = {R_OK, W_OK, R_OK | W_OK, R_OK | W_OK};
    return masks[flags & O_ACCMODE] | ((flags & O_TRUNC) ? W_OK : 0);
}

// Whether the flags and the caller's rights allow opening this inode.
static long check(const struct inode *ip, int flags)
{
    if (inode_is(ip, S_IFLNK) && !(flags & O_PATH))
        return -ELOOP; // O_NOFOLLOW
    if ((flags & O_DIRECTORY) && !inode_is(ip, S_IFDIR))
        return -ENOTDIR;
    if (flags & O_PATH)
        return 0;
    if (inode_is(ip, S_IFDIR) && ((access_of(flags) & W_OK) || (flags & O_CREAT)))
        return -EISDIR;
    if (inode_is(ip, S_IFSOCK))
        return -ENXIO;
    return inode_may(ip, access_of(flags), 0);
}

static long truncate_open(struct inode *ip)
{
    int r = inode_lock(ip);
    if (r < 0)
        return r;
    r = data_resize(ip, 0);
    inode_changed(ip);
    inode_unlock(ip);
    return r;
}

static enum file_kind kind_of(const struct inode *ip, int flags)
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
        return dev_kind(ip->mode, ip->u.rdev);
    default:
        return FILE_NONE;
    }
}

// Makes a description of an inode that has passed check().
static long describe(struct inode *ip, int flags, struct file **out)
{
    enum file_kind kind = kind_of(ip, flags);
    if (inode_is_device(ip) && !(flags & O_PATH)) {
        int r = dev_check(ip->mode, ip->u.rdev);
        if (r < 0)
            return r;
    }
    struct file *f = file_new(kind, (uint32_t)flags & ~(uint32_t)O_CLOEXEC);
    if (!f)
        return -ENFILE;
    inode_get(ip);
    f->inode = wref_of(ip);
    if (inode_is_device(ip))
        f->minor = ip->u.rdev & 0xff;
    long r = kind == FILE_PIPE ? fifo_attach(f) : 0;
    if (r == 0 && kind == FILE_REGULAR && (flags & O_TRUNC) && !ip->gen)
        r = truncate_open(ip);
    if (r < 0) {
        file_unref(f);
        return r;
    }
    *out = f;
    return 0;
}

// Opens what the walk has found. -EEXIST without O_EXCL: somebody created the name meanwhile, try
// again.
static long open_walked(struct walk *w, int flags, unsigned mode, struct file **out)
{
    if (flags & O_CREAT) {
        if (w->last != WALK_NAME || w->slash)
            return -EISDIR;
        if (w->inode && (flags & O_EXCL))
            return -EEXIST;
    }
    if (!w->inode) {
        int r = fs_create(w, S_IFREG | (mode & 07777 & ~proc_self->umask), &w->inode);
        // Who created a file may write it, whatever its mode says.
        return r < 0 ? r : describe(w->inode, flags & ~O_TRUNC, out);
    }
    if (w->inode->gen == GEN_FD && !inode_is(w->inode, S_IFLNK)) {
        *out = fd_get(w->inode->program);
        return *out ? 0 : -ENOENT;
    }
    long r = check(w->inode, flags);
    return r < 0 ? r : describe(w->inode, flags, out);
}

long fs_openat(int dirfd, const char *path, int flags, unsigned mode, struct file **out)
{
    uint32_t how = (flags & O_CREAT) ? WALK_CREATE : 0;
    if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
        how |= WALK_FOLLOW;
    long r;
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

// --- regular files ---

static long regular_read(struct file *f, void *buf, size_t len)
{
    struct inode *ip = inode_at(f->inode);
    // The offset is one word: whatever its last owner left when it died is a good offset.
    lock_take(&f->lock);
    long n = ip->gen ? gen_read(ip, buf, len, &f->offset) : inode_read(ip, buf, len, &f->offset);
    lock_drop(&f->lock);
    return n;
}

static long regular_write(struct file *f, const void *buf, size_t len)
{
    struct inode *ip = inode_at(f->inode);
    if (ip->gen)
        return -EACCES;
    lock_take(&f->lock);
    long n = inode_write(ip, buf, len, &f->offset, (f->flags & O_APPEND) != 0);
    lock_drop(&f->lock);
    return n;
}

static long regular_pread(struct file *f, void *buf, size_t len, int64_t off)
{
    struct inode *ip = inode_at(f->inode);
    uint64_t at = (uint64_t)off;
    return ip->gen ? gen_read(ip, buf, len, &at) : inode_read(ip, buf, len, &at);
}

static long regular_pwrite(struct file *f, const void *buf, size_t len, int64_t off)
{
    struct inode *ip = inode_at(f->inode);
    uint64_t at = (uint64_t)off;
    // Linux: O_APPEND wins over the offset given.
    return ip->gen ? -EACCES : inode_write(ip, buf, len, &at, (f->flags & O_APPEND) != 0);
}

static long file_seek(struct file *f, int64_t off, int whence)
{
    int64_t base;
    long r = -EINVAL;
    lock_take(&f->lock);
    switch (whence) {
    case SEEK_SET:
        base = 0;
        break;
    case SEEK_CUR:
        base = (int64_t)f->offset;
        break;
    case SEEK_END:
        base = (int64_t)inode_at(f->inode)->size;
        break;
    default:
        base = INT64_MIN; // no offset makes this valid
    }
    int64_t to;
    if (!__builtin_add_overflow(base, off, &to) && to >= 0) {
        f->offset = (uint64_t)to;
        r = to;
    }
    lock_drop(&f->lock);
    return r;
}

static long regular_ioctl(struct file *f, unsigned long request, void *arg)
{
    return file_ioctl_unread(request, arg, (int64_t)(inode_at(f->inode)->size - f->offset));
}

const struct file_ops regular_ops = {
    .read = regular_read,
    .write = regular_write,
    .pread = regular_pread,
    .pwrite = regular_pwrite,
    .lseek = file_seek,
    .ioctl = regular_ioctl,
};

// --- directories ---

static long dir_read(struct file *f, void *buf, size_t len)
{
    (void)f;
    (void)buf;
    (void)len;
    return -EISDIR;
}

static long dir_pread(struct file *f, void *buf, size_t len, int64_t off)
{
    (void)off;
    return dir_read(f, buf, len);
}

static long dir_seek(struct file *f, int64_t off, int whence)
{
    // A position is what a listing gave; from an end that no position stands for there is no way.
    return whence == SEEK_END ? -EINVAL : file_seek(f, off, whence);
}

const struct file_ops dir_ops = {.read = dir_read, .pread = dir_pread, .lseek = dir_seek};

// Positions of a listing: 0 ".", 1 "..", then DIR_FIRST + offset in the directory.
#define DIR_FIRST 2

struct listing {
    struct inode *dir;
    uint64_t pos;
    uint8_t *buf;
    size_t room, used;
};

// Adds one entry, if it fits. `next` is the position behind it.
static int emit(struct listing *l, const struct dir_item *item, const char *name, uint64_t next)
{
    size_t size = (offsetof(struct k_dirent64, name) + item->len + 1 + 7) & ~(size_t)7;
    if (size > l->room - l->used)
        return 0;
    struct k_dirent64 head = {.ino = inode_at(item->inode)->ino,
                              .off = (int64_t)next,
                              .reclen = (uint16_t)size,
                              .type = item->type};
    uint8_t *to = l->buf + l->used;
    memset(to, 0, size);
    memcpy(to, &head, offsetof(struct k_dirent64, name));
    memcpy(to + offsetof(struct k_dirent64, name), name, item->len);
    l->used += size;
    l->pos = next;
    return 1;
}

static int emit_dots(struct listing *l)
{
    while (l->pos < DIR_FIRST) {
        struct dir_item item = {.inode = l->pos ? l->dir->parent : wref_of(l->dir),
                                .len = (uint32_t)l->pos + 1,
                                .type = DT_DIR};
        if (!emit(l, &item, "..", l->pos + 1))
            return 0;
    }
    return 1;
}

// Under the directory's lock.
static long emit_all(struct listing *l)
{
    struct dir_item item;
    char made_up[32];
    int r = 0;
    if (!emit_dots(l))
        return 0;
    for (;;) {
        uint64_t next = l->pos - DIR_FIRST;
        r = l->dir->gen ? gen_next(l->dir, &next, &item, made_up) : dir_next(l->dir, &next, &item);
        if (r <= 0 || !emit(l, &item, item.name, next + DIR_FIRST))
            return r < 0 ? r : 0;
    }
}

long fs_getdents(struct file *f, void *buf, size_t len)
{
    struct inode *dir = inode_at(f->inode);
    if (f->kind != FILE_DIR)
        return -ENOTDIR;
    lock_take(&f->lock);
    struct listing l = {.dir = dir, .pos = f->offset, .buf = buf, .room = len};
    long r = inode_lock(dir);
    if (r == 0) {
        int dead = dir->nlink == 0; // removed: it has not even "." left
        r = dead ? 0 : emit_all(&l);
        uint64_t before = f->offset;
        if (r == 0 && !dead && l.used == 0 && l.pos == before) {
            // Nothing came: the end, or a buffer too small for the next entry.
            struct listing probe = {
                .dir = dir, .pos = before, .buf = (uint8_t[512]){0}, .room = 512};
            r = emit_all(&probe) == 0 && probe.used ? -EINVAL : 0;
        }
        inode_unlock(dir);
    }
    f->offset = l.pos;
    lock_drop(&f->lock);
    return r < 0 ? r : (long)l.used;
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
