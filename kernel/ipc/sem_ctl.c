// SPDX-License-Identifier: BSD-2-Clause
// System V semaphores: semctl().
//
// Each command takes the set's lock for all it does, so SETALL and GETALL see one moment.
// Neighbours: sem.c (the operations), sem_undo.c (what SETVAL makes void), sysv.c.

#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/ipc/sem.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/sys.h"

#define ALL_QUEUES ((1u << SEM_QUEUES) - 1)

// What a program may know of a set, its values aside.
static void show_set(const struct sem_set *set, struct k_semid_ds *ds)
{
    *ds = (struct k_semid_ds){.otime = set->otime, .ctime = set->head.ctime, .nsems = set->nsems};
    ipc_show(&set->head, &ds->perm);
}

// By id, or by index; SEM_STAT_ANY asks for no right.
static long sem_stat(int64_t id, int cmd, struct k_semid_ds *ds)
{
    long r = 0;
    if (user_writable(ds, sizeof *ds) < 0)
        return -EFAULT;
    struct ipc_head *h = cmd == IPC_STAT ? ipc_lock(IPC_SEM, id, &r) : ipc_lock_at(IPC_SEM, id, &r);
    if (!h)
        return r;
    r = cmd == SEM_STAT_ANY ? 0 : ipc_may(h, IPC_READ);
    if (r == 0) {
        show_set(sem_set_of(h), ds);
        r = cmd == IPC_STAT ? 0 : (long)h->id;
    }
    ipc_unlock(IPC_SEM, h);
    return r;
}

// Whoever waits is asked for no right again: that was when the call began.
static long sem_change(int64_t id, const struct k_semid_ds *ds)
{
    long r;
    if (user_readable(ds, sizeof *ds) < 0)
        return -EFAULT;
    struct ipc_head *h = ipc_lock(IPC_SEM, id, &r);
    if (!h)
        return r;
    r = ipc_change(h, &ds->perm);
    ipc_unlock(IPC_SEM, h);
    return r;
}

// Whoever waits finds the id to be none. The pages go before the entry, which may be another set's
// right after.
static long sem_remove(int64_t id)
{
    long r = 0;
    critical_begin(); // taken out, it is found by nobody who would free it
    struct ipc_head *h = ipc_take_out(IPC_SEM, id, &r);
    if (h) {
        struct sem_set *set = sem_set_of(h);
        uint64_t bytes = set->nsems * sizeof(struct sem);
        sem_undo_forget(h->id, -1);
        if (bytes <= WPAGE)
            window_pages_free(wref_ptr(set->sems), 1);
        else
            window_run_free(wref_ptr(set->sems), (uint32_t)((bytes + WPAGE - 1) / WPAGE));
        ipc_free(IPC_SEM, h);
        sem_wake(set, ALL_QUEUES);
    }
    critical_end();
    return r;
}

// --- values ---

// One moment of all of them, as the lock is held.
static long read_values(const struct sem_set *set, uint16_t *values)
{
    if (user_writable(values, set->nsems * sizeof *values) < 0)
        return -EFAULT;
    for (uint32_t i = 0; i < set->nsems; i++)
        values[i] = (uint16_t)sem_at(set, i)->val;
    return 0;
}

// All are looked at before one is changed.
static long write_values(struct sem_set *set, const uint16_t *values)
{
    if (user_readable(values, set->nsems * sizeof *values) < 0)
        return -EFAULT;
    for (uint32_t i = 0; i < set->nsems; i++)
        if (values[i] > SEM_VMX)
            return -ERANGE;
    for (uint32_t i = 0; i < set->nsems; i++)
        *sem_at(set, i) = (struct sem){.val = values[i], .pid = proc_self->pid};
    sem_undo_forget(set->head.id, -1);
    set->head.ctime = ipc_now();
    return 0;
}

// Counts are of the moment: a waiter that is about to be woken is counted until it has looked.
static long ask_one(const struct sem_set *set, int64_t num, int cmd)
{
    if (num < 0 || num >= set->nsems)
        return -EINVAL;
    const struct sem *s = sem_at(set, (uint32_t)num);
    switch (cmd) {
    case GETVAL:
        return s->val;
    case GETPID:
        return s->pid;
    case GETNCNT:
        return ipc_wait_count(IPC_WAIT_MORE, set->head.id, (uint32_t)num);
    default:
        return ipc_wait_count(IPC_WAIT_ZERO, set->head.id, (uint32_t)num);
    }
}

// What looks at values and, of these, what changes them all. Woken is who may go on by now: the new
// values say nothing about the old ones, so everybody.
static long with_values(int64_t id, int64_t num, int cmd, uint64_t arg)
{
    long r;
    struct ipc_head *h = ipc_lock_for(IPC_SEM, id, cmd == SETALL ? IPC_WRITE : IPC_READ, &r);
    if (!h)
        return r;
    struct sem_set *set = sem_set_of(h);
    r = cmd == GETALL   ? read_values(set, (uint16_t *)arg)
        : cmd == SETALL ? write_values(set, (const uint16_t *)arg)
                        : ask_one(set, num, cmd);
    ipc_unlock(IPC_SEM, h);
    if (cmd == SETALL && r == 0)
        sem_wake(set, ALL_QUEUES);
    return r;
}

// The value is looked at before the id, as on Linux: a program that probes for the limit gets
// ERANGE.
static long set_value(int64_t id, int64_t num, int32_t val)
{
    long r;
    if (val < 0 || val > SEM_VMX)
        return -ERANGE;
    struct ipc_head *h = ipc_lock(IPC_SEM, id, &r);
    if (!h)
        return r;
    struct sem_set *set = sem_set_of(h);
    r = num < 0 || num >= set->nsems ? -EINVAL : ipc_may(h, IPC_WRITE);
    if (r == 0) {
        *sem_at(set, (uint32_t)num) = (struct sem){.val = val, .pid = proc_self->pid};
        sem_undo_forget(h->id, num);
        h->ctime = ipc_now();
    }
    ipc_unlock(IPC_SEM, h);
    if (r == 0)
        sem_wake(set, 1u << num % SEM_QUEUES);
    return r;
}

// --- limits and totals ---

// Set by set, without a lock over all: the sum of a moment that may never have been.
static uint32_t all_semaphores(void)
{
    uint32_t n = 0;
    long error;
    for (uint32_t i = 0, end = ipc_bound(IPC_SEM); i < end; i++) {
        struct ipc_head *h = ipc_lock_at(IPC_SEM, i, &error);
        if (!h)
            continue;
        n += sem_set_of(h)->nsems;
        ipc_unlock(IPC_SEM, h);
    }
    return n;
}

static long sem_info(int cmd, struct k_seminfo *info)
{
    const int32_t all = SEM_SETS * SEM_MSL;
    if (user_writable(info, sizeof *info) < 0)
        return -EFAULT;
    *info = (struct k_seminfo){.semmap = all,
                               .semmni = SEM_SETS,
                               .semmns = all,
                               .semmnu = all,
                               .semmsl = SEM_MSL,
                               .semopm = SEM_OPM,
                               .semume = SEM_OPM,
                               .semusz = 20,
                               .semvmx = SEM_VMX,
                               .semaem = SEM_VMX};
    if (cmd == SEM_INFO) { // in two of the fields, what there is
        info->semusz = (int32_t)ipc_count(IPC_SEM);
        info->semaem = (int32_t)all_semaphores();
    }
    return ipc_highest(IPC_SEM);
}

// `arg` is what the program's union semun holds, of which each command looks at its own member.
static long do_semctl(int64_t id, int64_t num, int cmd, uint64_t arg)
{
    switch (cmd) {
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
        return sem_stat(id, cmd, (struct k_semid_ds *)arg);
    case IPC_SET:
        return sem_change(id, (const struct k_semid_ds *)arg);
    case IPC_RMID:
        return sem_remove(id);
    case IPC_INFO:
    case SEM_INFO:
        return sem_info(cmd, (struct k_seminfo *)arg);
    case SETVAL:
        return set_value(id, num, (int32_t)arg);
    case GETALL:
    case SETALL:
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
        return with_values(id, num, cmd, arg);
    default:
        return -EINVAL;
    }
}

long sys_semctl(int id, int num, int cmd, uint64_t arg)
{
    if (id < 0)
        return -EINVAL;
    sys_enter();
    return sys_done(do_semctl(id, num, cmd, arg));
}
