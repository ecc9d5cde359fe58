// SPDX-License-Identifier: BSD-2-Clause
// System V shared memory: shmctl().
//
// Commands that take an index instead of an id are Linux's, for ipcs(1).
// Neighbours: sysv_shm.c, sysv.c (what is the same for all kinds).

#include "kernel/api/errno.h"
#include "kernel/api/resource.h"
#include "kernel/entry.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/lib.h"
#include "kernel/mem/shared.h"
#include "kernel/proc/proc.h"
#include "kernel/sys.h"

// Attachments are counted at the segment, where fork and exit change them.
static void show_object(const struct sysv_shm *o, struct k_shmid_ds *ds)
{
    *ds = (struct k_shmid_ds){.segsz = o->size,
                              .atime = o->atime,
                              .dtime = o->dtime,
                              .ctime = o->head.ctime,
                              .cpid = o->cpid,
                              .lpid = o->lpid,
                              .nattch = sysv_shm_attachments(o)};
    ipc_show(&o->head, &ds->perm);
}

// By id, or by index; SHM_STAT_ANY asks for no right. The id is what a look by index returns.
static long shm_stat(int64_t id, int cmd, struct k_shmid_ds *ds)
{
    long r = 0;
    if (user_writable(ds, sizeof *ds) < 0)
        return -EFAULT;
    struct ipc_head *h = cmd == IPC_STAT ? ipc_lock(IPC_SHM, id, &r) : ipc_lock_at(IPC_SHM, id, &r);
    if (!h)
        return r;
    r = cmd == SHM_STAT_ANY ? 0 : ipc_may(h, IPC_READ);
    if (r == 0) {
        show_object(shm_object(h), ds);
        r = cmd == IPC_STAT ? 0 : (long)h->id;
    }
    ipc_unlock(IPC_SHM, h);
    return r;
}

// Also of an object that is removed already: whoever is attached may still ask for its owner.
static long shm_set(int64_t id, const struct k_shmid_ds *ds)
{
    long r;
    if (user_readable(ds, sizeof *ds) < 0)
        return -EFAULT;
    struct ipc_head *h = ipc_lock(IPC_SHM, id, &r);
    if (!h)
        return r;
    r = ipc_change(h, &ds->perm);
    ipc_unlock(IPC_SHM, h);
    return r;
}

// The key is free at once; the object's reference goes after the locks, as the last one takes them
// again.
static long shm_remove(int64_t id)
{
    uint32_t segment = 0;
    long r;
    ipc_keys_lock(IPC_SHM);
    struct ipc_head *h = ipc_lock(IPC_SHM, id, &r);
    if (h) {
        r = ipc_owns(h);
        if (r == 0 && !(h->mode & SHM_DEST)) {
            segment = shm_object(h)->segment;
            h->key = IPC_PRIVATE;
            h->mode |= SHM_DEST;
        }
        // One reference too many now, were we killed here; the locks keep that off, and this does
        // until it is dropped.
        critical_begin();
        ipc_unlock(IPC_SHM, h);
    }
    ipc_keys_unlock(IPC_SHM);
    if (segment)
        shm_segment_drop(segment);
    if (h)
        critical_end();
    return r;
}

// Nothing is ever paged out, so it is only noted (Linux: by the owner, within RLIMIT_MEMLOCK).
static long shm_lock(int64_t id, int lock)
{
    long r;
    struct ipc_head *h = ipc_lock(IPC_SHM, id, &r);
    if (!h)
        return r;
    r = ipc_owns(h);
    if (r == 0 && lock && proc_self->euid != 0 && proc_self->rlimits[RLIMIT_MEMLOCK].cur == 0)
        r = -EPERM;
    if (r == 0)
        h->mode = lock ? h->mode | SHM_LOCKED : h->mode & ~(uint32_t)SHM_LOCKED;
    ipc_unlock(IPC_SHM, h);
    return r;
}

// The window is the limit for one as for all.
static long shm_limits(struct k_shminfo *info)
{
    if (user_writable(info, sizeof *info) < 0)
        return -EFAULT;
    *info = (struct k_shminfo){.shmmax = (uint64_t)window_pages_total() * WPAGE,
                               .shmmin = 1,
                               .shmmni = SHM_OBJECTS,
                               .shmseg = SHM_OBJECTS,
                               .shmall = window_pages_total()};
    return ipc_highest(IPC_SHM);
}

// Object by object, as for semaphores: a sum that may never have been.
static long shm_totals(struct k_shm_info *info)
{
    long error;
    if (user_writable(info, sizeof *info) < 0)
        return -EFAULT;
    *info = (struct k_shm_info){0};
    for (uint32_t i = 0, n = ipc_bound(IPC_SHM); i < n; i++) {
        struct ipc_head *h = ipc_lock_at(IPC_SHM, i, &error);
        if (!h)
            continue;
        info->used_ids++;
        info->shm_tot += shm_object(h)->pages;
        ipc_unlock(IPC_SHM, h);
    }
    info->shm_rss = info->shm_tot; // which of them were touched is not counted
    return ipc_highest(IPC_SHM);
}

// The commands of all kinds and, from SHM_LOCK on, Linux's own.
static long do_shmctl(int64_t id, int cmd, void *arg)
{
    switch (cmd) {
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY:
        return shm_stat(id, cmd, arg);
    case IPC_SET:
        return shm_set(id, arg);
    case IPC_RMID:
        return shm_remove(id);
    case SHM_LOCK:
    case SHM_UNLOCK:
        return shm_lock(id, cmd == SHM_LOCK);
    case IPC_INFO:
        return shm_limits(arg);
    case SHM_INFO:
        return shm_totals(arg);
    default:
        return -EINVAL;
    }
}

long sys_shmctl(int id, int cmd, void *arg)
{
    if (id < 0 || cmd < 0)
        return -EINVAL;
    sys_enter();
    return sys_done(do_shmctl(id, cmd, arg));
}
