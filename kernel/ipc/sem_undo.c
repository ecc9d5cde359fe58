// SPDX-License-Identifier: BSD-2-Clause
// SEM_UNDO: what a process did to semaphores is taken back when it ends, however that happens.
//
// A process has a list of entries, one for each semaphore it has ever used so; it survives exec and
// is not inherited, as its entry in the process table is the process's own. An entry is complete
// before it is in the list. Its set may be removed meanwhile: an id is never given again before
// 65,536 others, so the entry is found to mean nothing.
// Neighbours: sem.c (who notes), kernel/proc/exit.c (who calls at the end).

#include "kernel/ipc/sem.h"
#include "kernel/proc/proc.h"

static struct wtable *undos(void)
{
    return &window_root()->sem_undos;
}

static struct sem_undo *undo_at(uint32_t number)
{
    return wtable_at(undos(), number - 1);
}

// Only rises: a bound for whoever looks through the table.
static void note_top(uint32_t number)
{
    uint32_t *at = &window_root()->sem_undos_top, top = __atomic_load_n(at, __ATOMIC_RELAXED);
    while (top < number &&
           !__atomic_compare_exchange_n(at, &top, number, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

// Claimed, and in the list that its end is found by.
static struct sem_undo *add_undo(struct proc *p, uint32_t id, uint32_t num)
{
    critical_begin();
    struct sem_undo *u = wtable_claim(undos(), 1);
    if (u) {
        uint32_t number = wtable_index(undos(), u) + 1;
        u->id = id;
        u->num = num;
        u->next = p->sem_undo;
        note_top(number);
        __atomic_store_n(&p->sem_undo, number, __ATOMIC_RELEASE);
    }
    critical_end();
    return u;
}

// An entry of a set that is gone is used again: a process that makes sets and removes them needs
// no more than it has at a time.
struct sem_undo *sem_undo_get(uint32_t id, uint32_t num)
{
    struct sem_undo *old = NULL;
    for (uint32_t n = proc_self->sem_undo; n; n = undo_at(n)->next) {
        struct sem_undo *u = undo_at(n);
        if (u->id == id && u->num == num)
            return u;
        if (!ipc_is_live(IPC_SEM, u->id))
            old = u;
    }
    if (!old)
        return add_undo(proc_self, id, num);
    old->adj = 0;
    old->num = num;
    old->id = id;
    return old;
}

// Other processes' entries: nobody changes them meanwhile, as that takes the set's lock.
void sem_undo_forget(uint32_t id, int64_t num)
{
    uint32_t top = __atomic_load_n(&window_root()->sem_undos_top, __ATOMIC_RELAXED);
    for (uint32_t n = 1; n <= top; n++) {
        struct sem_undo *u = undo_at(n);
        if (u->used && u->id == id && (num < 0 || u->num == (uint32_t)num))
            u->adj = 0;
    }
}

// The value stays within its bounds, as on Linux: who set it meanwhile may have left no room.
static void apply(struct sem_undo *u, int32_t pid)
{
    long error;
    struct ipc_head *h = u->adj ? ipc_lock(IPC_SEM, u->id, &error) : NULL;
    if (!h)
        return;
    struct sem_set *set = sem_set_of(h);
    struct sem *s = sem_at(set, u->num);
    int32_t val = s->val + u->adj;
    s->val = val < 0 ? 0 : val > SEM_VMX ? SEM_VMX : val;
    u->adj = 0; // under the lock: done again by an undertaker it adds nothing
    s->pid = pid;
    set->otime = ipc_now();
    ipc_unlock(IPC_SEM, h);
    sem_wake(set, 1u << u->num % SEM_QUEUES);
}

void sem_undo_all(struct proc *p)
{
    for (uint32_t n; (n = p->sem_undo);) {
        struct sem_undo *u = undo_at(n);
        apply(u, p->pid);
        critical_begin(); // out of the list, and free
        p->sem_undo = u->next;
        wtable_free(undos(), u);
        critical_end();
    }
}
