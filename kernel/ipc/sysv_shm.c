// SPDX-License-Identifier: BSD-2-Clause
// System V shared memory: shmget(), shmat(), shmdt().
//
// The window is at one address in all members, so a segment has one address for all, and each
// attachment of it is at that address. An attachment is an entry of the process's mappings
// (proc.maps), so fork, exec, exit and burial do with it what they do with the rest. A removed
// object keeps its id until the last attachment is gone, as on Linux.
// Neighbours: kernel/mem/shared.c (segments), sysv.c (ids), sysv_shm_ctl.c (shmctl).

#include "kernel/ipc/sysv_shm.h"
#include "kernel/api/errno.h"
#include "kernel/api/mman.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/mem/mem.h"
#include "kernel/mem/shared.h"
#include "kernel/proc/proc.h"
#include "kernel/sys.h"

// Of a number that segments have, an index + 1.
static struct sysv_shm *shm_object_at(uint32_t sysv)
{
    return wtable_at(&window_root()->ipc[IPC_SHM].table, sysv - 1);
}

// --- shmget ---

// All of the pages at once: a touch later could not fail in any way a program would survive.
static int make_shm(struct ipc_head *h, uint64_t size, int flags)
{
    struct sysv_shm *o = shm_object(h);
    uint64_t pages = page_count(size);
    if (size == 0 || pages > window_pages_total())
        return -EINVAL;
    if (flags & SHM_HUGETLB) // there is no pool of huge pages
        return -ENOMEM;
    o->segment = shm_segment_make(pages, wtable_index(&window_root()->ipc[IPC_SHM].table, h) + 1);
    if (!o->segment)
        return -ENOMEM;
    o->pages = (uint32_t)pages;
    o->size = size;
    o->cpid = proc_self->pid;
    return 0;
}

// A smaller size than there is will do (XSH shmget()).
static int shm_fits(const struct ipc_head *h, uint64_t size)
{
    return size > ((const struct sysv_shm *)h)->size ? -EINVAL : 0;
}

long sys_shmget(int key, size_t size, int flags)
{
    static const struct ipc_kind_ops ops = {.make = make_shm, .fits = shm_fits};
    sys_enter();
    return sys_done(ipc_get(IPC_SHM, key, flags, size, &ops));
}

// --- shmat, shmdt ---

uint32_t sysv_shm_attachments(const struct sysv_shm *o)
{
    uint32_t refs = shm_segment_refs(o->segment);
    return refs && !(o->head.mode & SHM_DEST) ? refs - 1 : refs;
}

// A place that was asked for is good if it is the one there is. -EINVAL as for a place that is
// taken.
static int may_be_at(const struct sysv_shm *o, uintptr_t addr, int flags)
{
    if (flags & SHM_RND)
        addr &= ~(uintptr_t)(WPAGE - 1);
    if (!addr)
        return flags & SHM_REMAP ? -EINVAL : 0;
    return addr == shm_segment_start(o->segment) ? 0 : -EINVAL;
}

// With the object locked: it cannot lose its segment meanwhile.
static long attach_segment(const struct sysv_shm *o, uintptr_t addr, int flags)
{
    int r = may_be_at(o, addr, flags);
    if (r < 0)
        return r;
    if (flags & SHM_EXEC) // the window is never executable
        return -EACCES;
    if (!mem_limits_allow((uint64_t)o->pages * WPAGE, 0))
        return -ENOMEM;
    return shm_attach(o->segment, flags & SHM_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE);
}

// The rights of the mode first, then the place: as Linux's errors come.
long sys_shmat(int id, const void *addr, int flags)
{
    long r;
    if (!(flags & SHM_RND) && (uintptr_t)addr % WPAGE)
        return -EINVAL;
    sys_enter(); // a handler that maps as well must not see half an entry
    uint32_t want = flags & SHM_RDONLY ? IPC_READ : IPC_READ | IPC_WRITE;
    struct ipc_head *h = ipc_lock_for(IPC_SHM, id, want, &r);
    if (h) {
        r = attach_segment(shm_object(h), (uintptr_t)addr, flags);
        ipc_unlock(IPC_SHM, h);
    }
    return sys_done(r);
}

// Of what is attached twice, one of the two: both are at the same address.
long sys_shmdt(const void *addr)
{
    sys_enter();
    return sys_done(shm_detach((uintptr_t)addr));
}

// --- what kernel/mem/shared.c tells: single words, by whoever has a reference ---

// At fork it is the parent that attaches for its child, as on Linux.
void sysv_shm_attached(uint32_t sysv, const struct proc *p)
{
    struct sysv_shm *o = shm_object_at(sysv);
    o->atime = ipc_now();
    o->lpid = p->pid;
}

void sysv_shm_detached(uint32_t sysv, const struct proc *p)
{
    struct sysv_shm *o = shm_object_at(sysv);
    o->dtime = ipc_now();
    o->lpid = p->pid;
}

// Its pages go right after this: nobody may find it from here on.
void sysv_shm_gone(uint32_t sysv)
{
    struct sysv_shm *o = shm_object_at(sysv);
    long error;
    ipc_keys_lock(IPC_SHM);
    struct ipc_head *h = ipc_lock(IPC_SHM, o->head.id, &error);
    if (h) {
        h->live = 0;
        ipc_unlock(IPC_SHM, h);
        ipc_free(IPC_SHM, h);
    }
    ipc_keys_unlock(IPC_SHM);
}
