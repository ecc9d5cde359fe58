// SPDX-License-Identifier: BSD-2-Clause
// Open directories: getdents(2), and what else can be done with them.
//
// Neighbours: file/file.c (descriptions; the table below is one of its), inode.h (the file systems'
// `next`).

#include "kernel/api/dirent.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/fs/fs.h"
#include "kernel/lib.h"

// XSH read() leaves it open; Linux says EISDIR, and programs know a directory by it.
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

// Positions are the file system's: there is no counting from the end (Linux's tmpfs).
static long dir_seek(struct file *f, int64_t off, int whence)
{
    return whence == SEEK_END ? -EINVAL : file_seek(f, off, whence);
}

const struct file_ops dir_ops = {
    .read = dir_read,
    .pread = dir_pread,
    .lseek = dir_seek,
    .sync = file_sync,
};

// Positions of a listing: 0 ".", 1 "..", then DIR_FIRST + offset in the directory.
#define DIR_FIRST 2

// One call of getdents(2): POS moves with each entry that was given out.
struct listing {
    struct inode *dir;
    uint64_t pos;
    uint8_t *buf;
    size_t room, used;
};

// Adds one entry, if it fits. `next` is the position behind it.
static int emit(struct listing *l, const struct dir_item *item, uint64_t next)
{
    size_t size = (offsetof(struct k_dirent64, name) + item->len + 1 + 7) & ~(size_t)7;
    if (size > l->room - l->used)
        return 0;
    struct k_dirent64 head = {
        .ino = item->ino, .off = (int64_t)next, .reclen = (uint16_t)size, .type = item->type};
    uint8_t *to = l->buf + l->used;
    memset(to, 0, size);
    memcpy(to, &head, offsetof(struct k_dirent64, name));
    memcpy(to + offsetof(struct k_dirent64, name), item->name, item->len);
    l->used += size;
    l->pos = next;
    return 1;
}

// File systems store neither of the two: ".." depends on mounts and on the process' root.
static int emit_dots(struct listing *l)
{
    while (l->pos < DIR_FIRST) {
        struct dir_item item = {.ino = l->dir->ino, .len = (uint32_t)l->pos + 1, .type = DT_DIR};
        memcpy(item.name, "..", 2);
        if (l->pos) {
            struct inode *up = path_up(l->dir);
            item.ino = up->ino;
            inode_put(up);
        }
        if (!emit(l, &item, l->pos + 1))
            return 0;
    }
    return 1;
}

// 0 at the end and when the buffer is full; the caller tells them apart by what was used.
static long emit_all(struct listing *l)
{
    const struct inode_ops *ops = inode_ops(l->dir);
    struct dir_item item;
    if (!emit_dots(l))
        return 0;
    // An entry is fetched before it is known to fit. The position moves only in emit(), so one that
    // does not fit comes again.
    for (;;) {
        uint64_t next = l->pos - DIR_FIRST;
        int r = ops->next ? ops->next(l->dir, &next, &item) : -EIO;
        if (r <= 0 || !emit(l, &item, next + DIR_FIRST))
            return r < 0 ? r : 0;
    }
}

// Entries from f's position on. Bytes, or -EINVAL: the buffer is too small for the next one.
// The probe looks whether there is an entry at all: 512 bytes hold the longest one.
static long list_from(struct file *f, struct listing *l)
{
    uint8_t none[512] = {0};
    if (l->dir->nlink == 0)
        return 0; // removed: it has not even "." left
    long r = emit_all(l);
    if (r < 0 || l->used)
        return l->used ? (long)l->used : r;
    // Nothing came: the end, or too small a buffer.
    struct listing probe = {.dir = l->dir, .pos = f->offset, .buf = none, .room = sizeof none};
    return emit_all(&probe) == 0 && probe.used ? -EINVAL : 0;
}

// The description's lock keeps two processes that share it from getting the same entries, so each
// comes to one of them only (XSH readdir()). BUF was checked by the caller.
long fs_getdents(struct file *f, void *buf, size_t len)
{
    if (f->kind != FILE_DIR)
        return -ENOTDIR;
    lock_take(&f->lock);
    struct listing l = {.dir = inode_at(f->inode), .pos = f->offset, .buf = buf, .room = len};
    long r = list_from(f, &l);
    // Also after an error: what was given out is not given out again.
    f->offset = l.pos;
    lock_drop(&f->lock);
    return r;
}
