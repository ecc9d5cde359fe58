// SPDX-License-Identifier: BSD-2-Clause
// Inodes: their life, their lock, who may use them, what stat() says.
//
// One word, refs, decides about life and death. All names together hold one reference, so a file
// lives on while it is open; a directory holds one on its parent, so that ".." of a removed working
// directory leads somewhere.
// Neighbours: inode.h (the structures and the layers), fs/ram/data.c, fs/ram/dir.c.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/window/root.h"

// In refs while the last user cleans up: neither free nor usable.
#define DYING 0x80000000u

int64_t inode_now(void)
{
    return (int64_t)pv_wall_ns();
}

struct inode *inode_new(uint32_t mode)
{
    struct wroot *root = window_root();
    struct inode *ip = wtable_claim(&root->inodes, 1);
    if (!ip)
        return NULL;
    ip->ino = root->next_ino++;
    ip->mode = mode;
    ip->uid = proc_self ? proc_self->euid : 0;
    ip->gid = proc_self ? proc_self->egid : 0;
    ip->program = -1;
    ip->atime = ip->mtime = ip->ctime = inode_now();
    return ip;
}

void inode_get(struct inode *ip)
{
    // Relaxed: who can call this holds a reference already, or a lock under which there is one.
    __atomic_add_fetch((uint32_t *)&ip->refs, 1, __ATOMIC_RELAXED);
}

// Drops one reference. 1 if it was the last: then refs is DYING and the caller must free the inode.
static int drop(struct inode *ip)
{
    uint32_t old = ip->refs;
    for (;;) {
        uint32_t new = old == 1 ? DYING : old - 1;
        // Acquire-release: the one who frees sees what everybody did before letting go.
        if (__atomic_compare_exchange_n((uint32_t *)&ip->refs, &old, new, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return new == DYING;
    }
}

static int has_data(const struct inode *ip)
{
    uint32_t type = ip->mode & S_IFMT;
    return type == S_IFREG || type == S_IFDIR ||
           (type == S_IFLNK && ip->size > INODE_INLINE && !ip->image_len);
}

void inode_put(struct inode *ip)
{
    // A loop, not a recursion: a chain of removed directories may hang on the last working
    // directory.
    while (ip && drop(ip)) {
        struct inode *parent = inode_is(ip, S_IFDIR) ? inode_at(ip->parent) : NULL;
        if (has_data(ip))
            data_free(ip);
        wtable_free(&window_root()->inodes, ip);
        ip = parent;
    }
}

void inode_ref(struct wref inode)
{
    if (inode.unit)
        inode_get(inode_at(inode));
}

void inode_unref(struct wref inode)
{
    if (inode.unit)
        inode_put(inode_at(inode));
}

int inode_link(struct inode *ip)
{
    // A first name, of a new inode, brings its reference along; later ones share it.
    uint32_t old = ip->nlink;
    do {
        if (old >= FS_LINKS_MAX)
            return -EMLINK;
    } while (!__atomic_compare_exchange_n((uint32_t *)&ip->nlink, &old, old + 1, 0,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    if (old == 0)
        inode_get(ip);
    return 0;
}

void inode_unlink(struct inode *ip)
{
    if (__atomic_sub_fetch((uint32_t *)&ip->nlink, 1, __ATOMIC_RELAXED) == 0)
        inode_put(ip);
}

int inode_lock(struct inode *ip)
{
    if (lock_take(&ip->lock) == -EOWNERDEAD && inode_is(ip, S_IFDIR) && !ip->gen &&
        dir_check(ip) < 0) {
        // Others find the same and get the same answer: the directory stays broken, the family goes
        // on.
        lock_drop(&ip->lock);
        return -EIO;
    }
    return 0;
}

void inode_unlock(struct inode *ip)
{
    lock_drop(&ip->lock);
}

void inode_changed(struct inode *ip)
{
    ip->mtime = ip->ctime = inode_now();
}

void inode_status_changed(struct inode *ip)
{
    ip->ctime = inode_now();
}

static int in_group(uint32_t gid, int real)
{
    if (gid == (real ? proc_self->gid : proc_self->egid))
        return 1;
    for (uint32_t i = 0; i < proc_self->ngroups && i < PROC_NGROUPS; i++)
        if (proc_self->groups[i] == gid)
            return 1;
    return 0;
}

int inode_may(const struct inode *ip, uint32_t mask, int real)
{
    uint32_t uid = real ? proc_self->uid : proc_self->euid;
    uint32_t mode = ip->mode;
    if (uid == 0) {
        // Root may do everything, but a file without any x bit is no program for anyone.
        int runs = (mode & 0111) || inode_is(ip, S_IFDIR);
        return (mask & X_OK) && !runs ? -EACCES : 0;
    }
    uint32_t rights = mode;
    if (uid == ip->uid)
        rights = mode >> 6;
    else if (in_group(ip->gid, real))
        rights = mode >> 3;
    return (mask & ~rights & 7) ? -EACCES : 0;
}

static struct k_timespec timespec_of(int64_t ns)
{
    int64_t sec = ns / 1000000000, rest = ns % 1000000000;
    return rest < 0 ? (struct k_timespec){sec - 1, rest + 1000000000}
                    : (struct k_timespec){sec, rest};
}

void inode_stat(struct inode *ip, struct k_stat *st)
{
    uint64_t image_pages = (ip->image_len + WPAGE - 1) / WPAGE;
    memset(st, 0, sizeof *st);
    // One look at each word: a file that is being written changes anyway as soon as we have
    // answered.
    st->dev = FS_DEV;
    st->ino = ip->ino;
    st->nlink = ip->nlink;
    st->mode = ip->mode;
    st->uid = ip->uid;
    st->gid = ip->gid;
    st->rdev = inode_is_device(ip) ? ip->u.rdev : 0;
    st->size = (int64_t)ip->size;
    st->blksize = WPAGE;
    st->blocks = (int64_t)max_u64(ip->pages, image_pages) * (WPAGE / 512);
    st->atim = timespec_of(ip->atime);
    st->mtim = timespec_of(ip->mtime);
    st->ctim = timespec_of(ip->ctime);
}
