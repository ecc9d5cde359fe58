// SPDX-License-Identifier: BSD-2-Clause
// memfd_create(2) and its seals, fallocate(2), close_range(2).
//
// A memfd is a regular file of the RAM file system that never had a name, so mappings, fork and
// /proc do with it what they do with others. Its seals are in the inode; what would break one is
// refused by whoever does it (regular.c, attr.c), who asks inode_sealed().
// Neighbours: fd.c (fcntl), fs/ram/allocate.c, fs/regular.c.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/mman.h"
#include "kernel/api/resource.h"
#include "kernel/api/signal.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/mem/shared.h"
#include "kernel/root.h"
#include "kernel/sys.h"

#define NAME_LIMIT 249 // Linux's: what fits behind "memfd:"
#define ALL_SEALS                                                                                  \
    (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC)

// --- memfd_create ---

// In the root's file system, whose memory is the window's: no other holds files that have no name.
static long make_memfd(int flags)
{
    const struct inode *root = inode_at(window_root()->root_inode);
    critical_begin(); // the inode is nobody's until a descriptor has it
    struct inode *ip = inode_new(root->mount, S_IFREG | (flags & MFD_NOEXEC_SEAL ? 0666 : 0777));
    struct file *f = ip ? file_new(FILE_REGULAR, O_RDWR) : NULL;
    long r = -ENFILE;
    if (f) {
        // What may not be sealed is sealed against that.
        ip->seals = (uint8_t)(INODE_MEMFD | (flags & MFD_NOEXEC_SEAL ? F_SEAL_EXEC : 0) |
                              (flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL) ? 0 : F_SEAL_SEAL));
        f->inode = wref_of(ip);
        r = fd_install(f, 0, flags & MFD_CLOEXEC);
        if (r < 0)
            file_unref(f);
    } else if (ip) {
        inode_put(ip);
    }
    critical_end();
    return r;
}

long sys_memfd_create(const char *name, unsigned flags)
{
    long r;
    if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) ||
        (flags & (MFD_NOEXEC_SEAL | MFD_EXEC)) == (MFD_NOEXEC_SEAL | MFD_EXEC))
        return -EINVAL;
    sys_enter();
    r = user_strlen(name, NAME_LIMIT + 1);
    if (r == -ENAMETOOLONG)
        r = -EINVAL;
    return sys_done(r < 0 ? r : make_memfd((int)flags));
}

// --- seals ---

int inode_sealed(const struct inode *ip, uint32_t seals)
{
    return (__atomic_load_n(&ip->seals, __ATOMIC_RELAXED) & INODE_MEMFD) &&
                   (ip->seals & seals & ALL_SEALS)
               ? -EPERM
               : 0;
}

// Whether a process could still write by a mapping that it has.
static int is_mapped_writable(const struct inode *ip)
{
    const struct wroot *root = window_root();
    uint32_t top = __atomic_load_n(&root->segments_top, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < top; i++) {
        const struct shm_segment *s = wtable_at(&root->segments, i);
        if (s->refs && s->writable && wref_ptr(s->inode) == ip)
            return 1;
    }
    return 0;
}

// Under the inode's lock, where mappings come and writes happen.
static long add_seals(struct inode *ip, uint32_t seals)
{
    long r = 0;
    inode_lock(ip);
    if (ip->seals & F_SEAL_SEAL)
        r = -EPERM;
    else if ((seals & F_SEAL_WRITE) && is_mapped_writable(ip))
        r = -EBUSY;
    else
        ip->seals |= (uint8_t)seals;
    inode_unlock(ip);
    return r;
}

// Of other files there is nothing to seal: EINVAL, as on a Linux file system that knows no seals.
long fd_seals(struct file *f, int cmd, long arg)
{
    struct inode *ip = inode_at(f->inode);
    if (f->kind != FILE_REGULAR || !(ip->seals & INODE_MEMFD))
        return -EINVAL;
    if (cmd == F_GET_SEALS)
        return ip->seals & ALL_SEALS;
    if ((f->flags & O_ACCMODE) == O_RDONLY)
        return -EPERM;
    return arg & ~(long)ALL_SEALS ? -EINVAL : add_seals(ip, (uint32_t)arg);
}

// --- fallocate ---

// A file that grows is checked as by ftruncate(): its limit, then its seals.
static long check_size(const struct inode *ip, int mode, uint64_t end)
{
    long r = inode_sealed(ip, mode & FALLOC_FL_PUNCH_HOLE ? F_SEAL_WRITE | F_SEAL_FUTURE_WRITE : 0);
    if (r < 0 || (mode & FALLOC_FL_KEEP_SIZE) || end <= ip->size)
        return r;
    if (end > proc_self->rlimits[RLIMIT_FSIZE].cur) {
        proc_signal(proc_self, SIGXFSZ, SI_KERNEL, 0);
        return -EFBIG;
    }
    return inode_sealed(ip, F_SEAL_GROW);
}

// What kind of file it is comes after its access mode, as on Linux.
static long do_fallocate(int fd, int mode, int64_t off, int64_t len)
{
    int64_t end;
    if (off < 0 || len <= 0)
        return -EINVAL;
    if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) || mode == FALLOC_FL_PUNCH_HOLE)
        return -EOPNOTSUPP;
    const struct file *f = fd_for(fd, O_WRONLY);
    if (!f)
        return -EBADF;
    if (f->kind != FILE_REGULAR)
        return f->kind == FILE_PIPE ? -ESPIPE : f->kind == FILE_DIR ? -EISDIR : -ENODEV;
    if (__builtin_add_overflow(off, len, &end))
        return -EFBIG;
    struct inode *ip = inode_at(f->inode);
    const struct inode_ops *ops = inode_ops(ip);
    long r = check_size(ip, mode, (uint64_t)end);
    if (r < 0)
        return r;
    return ops->allocate ? ops->allocate(ip, mode, (uint64_t)off, (uint64_t)end) : -EOPNOTSUPP;
}

long sys_fallocate(int fd, int mode, int64_t off, int64_t len)
{
    sys_enter();
    return sys_done(do_fallocate(fd, mode, off, len));
}

// --- close_range ---

// The table is the process's own already, so K_CLOSE_RANGE_UNSHARE has nothing to do.
long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    if (first > last || (flags & ~(K_CLOSE_RANGE_UNSHARE | K_CLOSE_RANGE_CLOEXEC)))
        return -EINVAL;
    sys_enter();
    for (uint32_t fd = first; fd <= last && fd < proc_self->fd_high; fd++) {
        if (!(flags & K_CLOSE_RANGE_CLOEXEC))
            (void)fd_close((int)fd);
        else if (proc_self->fds[fd])
            (void)fd_fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    }
    return sys_done(0);
}
