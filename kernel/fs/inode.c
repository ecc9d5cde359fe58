// SPDX-License-Identifier: BSD-2-Clause
// Inodes: their life, their lock, who may use them, what stat() says, whatever the file system.
//
// One word, refs, decides about life and death. All names together hold one reference, so a file
// lives on while it is open; a directory holds one on its parent, so that ".." of a removed working
// directory leads somewhere.
// Neighbours: inode.h (the structures and the layers), mount.c (which file systems there are).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/fs/mount.h"
#include "kernel/lib.h"
#include "kernel/mem/shared.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"

// In refs while the last user cleans up: neither free nor usable.
// Nobody can take a reference then: whoever could find the inode by a name holds the directory's
// lock, and the names' own reference was the last to go.
#define DYING 0x80000000u

int64_t inode_now(void)
{
    return (int64_t)pv_wall_ns();
}

// One reference, the caller's; no name yet, nlink is 0. NULL when the window has no room. Numbers
// count the files ever made: none comes twice before 2^32 of them.
struct inode *inode_new(uint32_t mount, uint32_t mode)
{
    struct wroot *root = window_root();
    struct inode *ip = wslab_claim(&root->inodes, 1);
    if (!ip)
        return NULL;
    ip->fs = (uint8_t)root->mounts[mount].fs;
    ip->mount = (uint8_t)mount;
    ip->ino = root->next_ino++;
    ip->mode = mode;
    ip->uid = proc_self ? proc_self->euid : 0;
    ip->gid = proc_self ? proc_self->egid : 0;
    ip->atime = ip->mtime = ip->ctime = inode_now();
    return ip;
}

void inode_get(struct inode *ip)
{
    // Relaxed: who can call this holds a reference already, or a lock under which there is one.
    __atomic_add_fetch((uint32_t *)&ip->refs, 1, __ATOMIC_RELAXED);
}

// Drops one reference. 1 if it was the last: then refs is DYING and the caller must free the inode.
static int drop_reference(struct inode *ip)
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

void inode_put(struct inode *ip)
{
    // A loop, not a recursion: a chain of removed directories may hang on the last working
    // directory.
    while (ip && drop_reference(ip)) {
        struct inode *parent = inode_is(ip, S_IFDIR) ? inode_at(ip->parent) : NULL;
        const struct inode_ops *ops = inode_ops(ip);
        if (ops->release)
            ops->release(ip);
        wslab_free(&window_root()->inodes, ip);
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

// Only the count: the name itself is the directory's. Under the directory's lock, so that nobody
// finds the name before the count is right.
int inode_link(struct inode *ip, int first)
{
    // A first name, of a new inode, brings its reference along; later ones share it.
    uint32_t old = ip->nlink;
    do {
        if (old == 0 && !first)
            return -ENOENT;
        if (old >= FS_LINKS_MAX)
            return -EMLINK;
    } while (!__atomic_compare_exchange_n((uint32_t *)&ip->nlink, &old, old + 1, 0,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    if (old == 0)
        inode_get(ip);
    return 0;
}

// The caller holds a reference of its own, or the inode may be gone when this returns.
void inode_unlink(struct inode *ip)
{
    if (__atomic_sub_fetch((uint32_t *)&ip->nlink, 1, __ATOMIC_RELAXED) == 0)
        inode_put(ip);
}

// After a death with the lock held the file system repairs what the dead one may have left half
// done; who then takes the lock finds it whole.
void inode_lock(struct inode *ip)
{
    if (lock_take(&ip->lock) != -EOWNERDEAD)
        return;
    const struct inode_ops *ops = inode_ops(ip);
    if (ops->repair)
        ops->repair(ip);
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

// --- rights ---

int inode_in_group(uint32_t gid, int real)
{
    if (gid == (real ? proc_self->gid : proc_self->egid))
        return 1;
    for (uint32_t i = 0; i < proc_self->ngroups && i < PROC_NGROUPS; i++)
        if (proc_self->groups[i] == gid)
            return 1;
    return 0;
}

// A device or FIFO is written to elsewhere than in its file system.
static int is_stored(const struct inode *ip)
{
    return inode_is(ip, S_IFREG) || inode_is(ip, S_IFDIR) || inode_is(ip, S_IFLNK);
}

// REAL: by the real ids, for access(). Exactly one of the three groups of bits counts (XBD 4.5):
// the owner without a right is refused though others have it.
int inode_may(const struct inode *ip, uint32_t mask, int real)
{
    uint32_t uid = real ? proc_self->uid : proc_self->euid;
    uint32_t mode = ip->mode;
    if ((mask & W_OK) && is_stored(ip) && (mount_of(ip)->flags & MOUNT_READ_ONLY))
        return -EROFS;
    if (uid == 0) {
        // Root may do everything, but a file without any x bit is no program for anyone.
        int runs = (mode & 0111) || inode_is(ip, S_IFDIR);
        return (mask & X_OK) && !runs ? -EACCES : 0;
    }
    uint32_t rights = mode;
    if (uid == ip->uid)
        rights = mode >> 6;
    else if (inode_in_group(ip->gid, real))
        rights = mode >> 3;
    return (mask & ~rights & 7) ? -EACCES : 0;
}

// --- attributes ---

// All changes of one call together, under the lock, so that no stat() sees a set-id bit with the
// new owner for longer than the moment in between.
int inode_set(struct inode *ip, const struct inode_change *c)
{
    inode_lock(ip);
    if (c->what & INODE_SET_UID)
        ip->uid = c->uid;
    if (c->what & INODE_SET_GID)
        ip->gid = c->gid;
    if (c->what & INODE_SET_MODE)
        ip->mode = (ip->mode & S_IFMT) | c->mode;
    if ((c->what & INODE_NO_SETID) && !inode_is(ip, S_IFDIR)) {
        ip->mode &= ~(uint32_t)S_ISUID;
        if (ip->mode & 0010)
            ip->mode &= ~(uint32_t)S_ISGID;
    }
    if (c->what & INODE_SET_ATIME)
        ip->atime = c->atime;
    if (c->what & INODE_SET_MTIME)
        ip->mtime = c->mtime;
    inode_status_changed(ip);
    inode_unlock(ip);
    return 0;
}

static struct k_timespec timespec_of(int64_t ns)
{
    int64_t sec = ns / 1000000000, rest = ns % 1000000000;
    return rest < 0 ? (struct k_timespec){sec - 1, rest + 1000000000}
                    : (struct k_timespec){sec, rest};
}

// Cleared first: the padding goes to the program too. Times are kept in nanoseconds since 1970 and
// may be negative.
void inode_stat(struct inode *ip, struct k_stat *st)
{
    const struct inode_ops *ops = inode_ops(ip);
    memset(st, 0, sizeof *st);
    // One look at each word: a file that is being written changes anyway as soon as we have
    // answered.
    st->dev = FS_DEV + ip->mount;
    st->ino = ip->ino;
    st->nlink = ip->nlink;
    st->mode = ip->mode;
    st->uid = ip->uid;
    st->gid = ip->gid;
    st->rdev = inode_is_device(ip) ? ip->rdev : 0;
    st->size = (int64_t)ip->size;
    st->blksize = WPAGE;
    st->blocks = (int64_t)ip->pages * (WPAGE / 512);
    st->atim = timespec_of(ip->atime);
    st->mtim = timespec_of(ip->mtime);
    st->ctim = timespec_of(ip->ctime);
    if (ops->stat)
        ops->stat(ip, st);
}

// --- for kernel/mem/shared.c ---

int inode_map(struct inode *ip, struct shm_segment *s)
{
    const struct inode_ops *ops = inode_ops(ip);
    return ops->map ? ops->map(ip, s) : -ENODEV;
}

void inode_unmap(struct inode *ip, int writable)
{
    // Only an inode that can be mapped is ever asked.
    inode_ops(ip)->unmap(ip, writable);
}
