// SPDX-License-Identifier: BSD-2-Clause
// System V IPC: ids, keys and permissions of all three kinds.
//
// A registry's lock protects the keys: two who ask for one key at once get one object. It is held
// over making an object, which is a few pages, and never over a wait. An object becomes live when
// it is complete, and is not live any more before anything of it is freed; both are one store, so a
// death in between leaves an entry that nobody finds, and nothing worse.
// Neighbours: sysv.h, kernel/window/window.c (the tables), root.c (how large they are).

#include "kernel/ipc/sysv.h"
#include "kernel/api/errno.h"
#include "kernel/fs/inode.h"
#include "kernel/ipc/msg.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"

#define NS_PER_SEC UINT64_C(1000000000)

static struct ipc_registry *registry(enum ipc_kind kind)
{
    return &window_root()->ipc[kind];
}

static struct ipc_head *head_at(enum ipc_kind kind, uint32_t index)
{
    return wtable_at(&registry(kind)->table, index);
}

// Of the index, not of the entry: an entry is cleared when it is claimed, and a late-comer with an
// old id may hold its lock at that moment.
static struct wlock *lock_of(enum ipc_kind kind, uint32_t index)
{
    return (struct wlock *)wref_ptr(registry(kind)->locks) + index;
}

static uint32_t index_of(enum ipc_kind kind, const struct ipc_head *h)
{
    return wtable_index(&registry(kind)->table, h);
}

int64_t ipc_now(void)
{
    return (int64_t)(pv_wall_ns() / NS_PER_SEC);
}

uint32_t ipc_bound(enum ipc_kind kind)
{
    return __atomic_load_n(&registry(kind)->top, __ATOMIC_RELAXED);
}

uint32_t ipc_count(enum ipc_kind kind)
{
    return __atomic_load_n(&registry(kind)->table.used, __ATOMIC_RELAXED);
}

uint32_t ipc_count_all(void)
{
    uint32_t n = 0;
    for (enum ipc_kind kind = 0; kind < IPC_KINDS; kind++)
        n += ipc_count(kind);
    return n;
}

// --- permissions ---

// XSI "Interprocess Communication": the owner's and the maker's bits are the same, and so are their
// groups'.
int ipc_may(const struct ipc_head *h, uint32_t want)
{
    uint32_t granted = h->mode, euid = proc_self->euid;
    if (euid == 0)
        return 0;
    if (euid == h->uid || euid == h->cuid)
        granted >>= 6;
    else if (inode_in_group(h->gid, 0) || inode_in_group(h->cgid, 0))
        granted >>= 3;
    // What is asked for in any of the three places is asked for.
    want = (want >> 6 | want >> 3 | want) & 7;
    return want & ~granted ? -EACCES : 0;
}

int ipc_owns(const struct ipc_head *h)
{
    uint32_t euid = proc_self->euid;
    return euid == 0 || euid == h->uid || euid == h->cuid ? 0 : -EPERM;
}

void ipc_show(const struct ipc_head *h, struct k_ipc_perm *perm)
{
    *perm = (struct k_ipc_perm){.key = h->key,
                                .uid = h->uid,
                                .gid = h->gid,
                                .cuid = h->cuid,
                                .cgid = h->cgid,
                                .mode = h->mode,
                                .seq = (uint16_t)(h->id >> IPC_INDEX_BITS)};
}

int ipc_change(struct ipc_head *h, const struct k_ipc_perm *perm)
{
    int r = ipc_owns(h);
    if (r < 0)
        return r;
    if (perm->uid == UINT32_MAX || perm->gid == UINT32_MAX) // no ids (Linux)
        return -EINVAL;
    h->uid = perm->uid;
    h->gid = perm->gid;
    h->mode = (h->mode & ~IPC_ALL) | (perm->mode & IPC_ALL);
    h->ctime = ipc_now();
    return 0;
}

// --- finding ---

// The lock first, then the look: an entry may be freed and claimed anew at any time before.
static struct ipc_head *lock_index(enum ipc_kind kind, uint32_t index, int64_t id, long *error)
{
    *error = -EINVAL;
    if (index >= ipc_bound(kind))
        return NULL;
    struct ipc_head *h = head_at(kind, index);
    if (lock_take(lock_of(kind, index)) == -EOWNERDEAD && kind == IPC_MSG)
        msg_repair(h); // the others are whole at any moment
    if (h->used && h->live && (id < 0 || h->id == (uint32_t)id))
        return h;
    if (h->used && h->live)
        *error = -EIDRM;
    lock_drop(lock_of(kind, index));
    return NULL;
}

struct ipc_head *ipc_lock(enum ipc_kind kind, int64_t id, long *error)
{
    *error = -EINVAL;
    if (id < 0 || id > INT32_MAX)
        return NULL;
    return lock_index(kind, (uint32_t)id & ((1u << IPC_INDEX_BITS) - 1), id, error);
}

struct ipc_head *ipc_lock_at(enum ipc_kind kind, int64_t index, long *error)
{
    *error = -EINVAL;
    if (index < 0 || index > INT32_MAX)
        return NULL;
    return lock_index(kind, (uint32_t)index, -1, error);
}

void ipc_unlock(enum ipc_kind kind, const struct ipc_head *h)
{
    lock_drop(lock_of(kind, index_of(kind, h)));
}

struct ipc_head *ipc_lock_for(enum ipc_kind kind, int64_t id, uint32_t want, long *error)
{
    struct ipc_head *h = ipc_lock(kind, id, error);
    if (h && (*error = ipc_may(h, want)) < 0) {
        ipc_unlock(kind, h);
        return NULL;
    }
    return h;
}

int ipc_is_live(enum ipc_kind kind, uint32_t id)
{
    const struct ipc_head *h = head_at(kind, id & ((1u << IPC_INDEX_BITS) - 1));
    return h->live && h->id == id;
}

// Under the registry's lock, where nothing comes or goes.
static struct ipc_head *find_key(enum ipc_kind kind, int32_t key)
{
    for (uint32_t i = 0, n = ipc_bound(kind); i < n; i++) {
        struct ipc_head *h = head_at(kind, i);
        if (h->used && h->live && h->key == key)
            return h;
    }
    return NULL;
}

// Without locks: an upper bound for a loop over indexes, which finds gaps anyway.
long ipc_highest(enum ipc_kind kind)
{
    for (uint32_t i = ipc_bound(kind); i-- > 0;)
        if (head_at(kind, i)->live)
            return i;
    return 0;
}

// --- coming and going ---

void ipc_keys_lock(enum ipc_kind kind)
{
    lock_take(&registry(kind)->lock);
}

void ipc_keys_unlock(enum ipc_kind kind)
{
    lock_drop(&registry(kind)->lock);
}

static long make_object(enum ipc_kind kind, int32_t key, int flags, uint64_t size,
                        const struct ipc_kind_ops *ops)
{
    struct ipc_registry *reg = registry(kind);
    struct ipc_head *h = wtable_claim(&reg->table, 1);
    if (!h)
        return -ENOSPC;
    uint32_t index = index_of(kind, h);
    h->id = (reg->made % (1u << (31 - IPC_INDEX_BITS))) << IPC_INDEX_BITS | index;
    h->key = key;
    h->mode = (uint32_t)flags & IPC_ALL;
    h->uid = h->cuid = proc_self->euid;
    h->gid = h->cgid = proc_self->egid;
    h->ctime = ipc_now();
    int r = ops->make(h, size, flags);
    if (r < 0) {
        wtable_free(&reg->table, h);
        return r;
    }
    reg->made++;
    if (index >= reg->top)
        __atomic_store_n(&reg->top, index + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&h->live, 1, __ATOMIC_RELEASE); // last: who finds it finds all of it
    return (long)h->id;
}

// In the order of Linux's errors: it exists, its size, its rights.
static long open_object(const struct ipc_head *h, int flags, uint64_t size,
                        const struct ipc_kind_ops *ops)
{
    if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
        return -EEXIST;
    long r = ops->fits(h, size);
    if (r == 0)
        r = ipc_may(h, (uint32_t)flags & IPC_ALL);
    return r < 0 ? r : (long)h->id;
}

long ipc_get(enum ipc_kind kind, int32_t key, int flags, uint64_t size,
             const struct ipc_kind_ops *ops)
{
    struct ipc_registry *reg = registry(kind);
    long r;
    lock_take(&reg->lock);
    const struct ipc_head *h = key == IPC_PRIVATE ? NULL : find_key(kind, key);
    if (h)
        r = open_object(h, flags, size, ops);
    else if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
        r = -ENOENT;
    else
        r = make_object(kind, key, flags, size, ops);
    lock_drop(&reg->lock);
    return r;
}

// After this nobody comes in: who has the lock at the moment is waited for, who comes later finds
// that the object is not live. So the caller is alone with it.
struct ipc_head *ipc_take_out(enum ipc_kind kind, int64_t id, long *error)
{
    struct ipc_registry *reg = registry(kind);
    lock_take(&reg->lock);
    struct ipc_head *h = ipc_lock(kind, id, error);
    if (h) {
        *error = ipc_owns(h);
        if (*error == 0)
            __atomic_store_n(&h->live, 0, __ATOMIC_RELEASE);
        ipc_unlock(kind, h);
    }
    lock_drop(&reg->lock);
    return *error < 0 ? NULL : h;
}

void ipc_free(enum ipc_kind kind, struct ipc_head *h)
{
    wtable_free(&registry(kind)->table, h);
}
