// SPDX-License-Identifier: BSD-2-Clause
// Open regular files: reading, writing, seeking, mapping, whatever file system they are on.
//
// Neighbours: file/file.c (descriptions; the table below is one of its), inode.h (the file systems'
// operations), mem/shared.c (mappings).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/mman.h"
#include "kernel/file/fd.h"
#include "kernel/fs/fs.h"
#include "kernel/mem/shared.h"

static long read_at(struct file *f, void *buf, size_t len, uint64_t *off)
{
    struct inode *ip = inode_at(f->inode);
    const struct inode_ops *ops = inode_ops(ip);
    return ops->read ? ops->read(ip, buf, len, off) : -EIO;
}

static long write_at(struct file *f, const void *buf, size_t len, uint64_t *off)
{
    struct inode *ip = inode_at(f->inode);
    const struct inode_ops *ops = inode_ops(ip);
    uint64_t at = f->flags & O_APPEND ? ip->size : *off;
    if (ip->seals && len) { // a memfd's: what may be written is all inside
        uint32_t seals = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
        if (inode_sealed(ip, seals | (at + len > ip->size ? F_SEAL_GROW : 0)) < 0)
            return -EPERM;
    }
    return ops->write ? ops->write(ip, buf, len, off, (f->flags & O_APPEND) != 0) : -EACCES;
}

static long regular_read(struct file *f, void *buf, size_t len)
{
    // The offset is one word: whatever its last owner left when it died is a good offset.
    lock_take(&f->lock);
    // XSH 2.9.7: read and write are atomic to each other in moving the offset. The lock is the
    // description's, so only those who share it wait.
    long n = read_at(f, buf, len, &f->offset);
    lock_drop(&f->lock);
    return n;
}

static long regular_write(struct file *f, const void *buf, size_t len)
{
    lock_take(&f->lock);
    long n = write_at(f, buf, len, &f->offset);
    lock_drop(&f->lock);
    return n;
}

static long regular_pread(struct file *f, void *buf, size_t len, int64_t off)
{
    uint64_t at = (uint64_t)off;
    return read_at(f, buf, len, &at);
}

static long regular_pwrite(struct file *f, const void *buf, size_t len, int64_t off)
{
    uint64_t at = (uint64_t)off; // Linux: O_APPEND wins over the offset given
    return write_at(f, buf, len, &at);
}

long file_sync(struct file *f)
{
    struct inode *ip = inode_at(f->inode);
    const struct inode_ops *ops = inode_ops(ip);
    return ops->sync ? ops->sync(ip) : 0;
}

// Beyond the end is allowed (XSH lseek()). The lock keeps two processes that share the description
// from losing one of two moves.
long file_seek(struct file *f, int64_t off, int whence)
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
    .sync = file_sync,
};

// --- mapping ---

long shm_map_fd(int fd, uint64_t pages, int64_t off, int prot)
{
    const struct file *f = fd_borrow(fd);
    if (!f)
        return -EBADF;
    uint32_t access = f->flags & O_ACCMODE;
    // A mapping is read as well as written.
    if (access == O_WRONLY || ((prot & PROT_WRITE) && access != O_RDWR))
        return -EACCES;
    if (off < 0)
        return -EINVAL;
    if (f->kind != FILE_REGULAR)
        return -ENODEV;
    if ((prot & PROT_WRITE) &&
        inode_sealed(inode_at(f->inode), F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) < 0)
        return -EPERM;
    return shm_map_inode(inode_at(f->inode), (uint64_t)off / WPAGE, pages, prot);
}
