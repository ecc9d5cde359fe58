// SPDX-License-Identifier: BSD-2-Clause
// System V semaphores: semget(), semop(), semtimedop().
//
// The operations of a call are done all at once or not at all, under the set's lock: what was done
// is taken back when a later one cannot be. A waiter makes its own attempts, woken by whoever
// changes a semaphore that it may wait for; nobody acts for it, so a waiter that dies leaves
// nothing but its line in the table of those who wait (waits.c). Between two attempts it holds
// nothing. If a member dies under the lock, by force from the host, values are numbers as before,
// and a call of several operations may be done in part.
// Neighbours: sem_ctl.c (semctl), sem_undo.c (SEM_UNDO), sysv.c (ids).

#include "kernel/ipc/sem.h"
#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/sys.h"
#include "kernel/time/clock.h"

// A call in progress, on its stack.
struct semop {
    int64_t id;
    uint32_t n;
    uint32_t blocking;   // the operation that could not be done
    uint32_t alters;     // some operation is not 0: asks for the right to write
    uint32_t queues;     // of semaphores whose waiters may go on
    struct sem_set *set; // as it was found last; its entry stays
    struct ipc_wait *wait;
    struct k_sembuf ops[SEM_OPM];
};

// --- semget ---

// Zeros, which is what fresh semaphores are on Linux; XSH leaves it open.
static int make_set(struct ipc_head *h, uint64_t n, int flags)
{
    struct sem_set *set = sem_set_of(h);
    uint64_t bytes = n * sizeof(struct sem);
    (void)flags;
    if (n == 0 || n > SEM_MSL)
        return -EINVAL;
    void *at = bytes <= WPAGE ? window_pages_alloc(1)
                              : window_run_alloc((uint32_t)((bytes + WPAGE - 1) / WPAGE));
    if (!at)
        return -ENOMEM;
    set->sems = wref_of(at);
    set->nsems = (uint32_t)n;
    return 0;
}

static int set_fits(const struct ipc_head *h, uint64_t n)
{
    return n > ((const struct sem_set *)h)->nsems ? -EINVAL : 0;
}

long sys_semget(int key, int n, int flags)
{
    static const struct ipc_kind_ops ops = {.make = make_set, .fits = set_fits};
    if (n < 0 || n > SEM_MSL)
        return -EINVAL;
    sys_enter();
    return sys_done(ipc_get(IPC_SEM, key, flags, (uint64_t)n, &ops));
}

// --- one try_ops, under the set's lock ---

void sem_wake(struct sem_set *set, uint32_t queues)
{
    for (uint32_t i = 0; i < SEM_QUEUES; i++)
        if (queues >> i & 1)
            waitq_wake(&set->wait_one[i]);
    if (queues)
        waitq_wake(&set->wait_all);
}

static void take_back(const struct semop *call, uint32_t done)
{
    while (done-- > 0)
        sem_at(call->set, call->ops[done].num)->val -= call->ops[done].op;
}

// 1 when all are done, 0 when one would have to wait, or -errno; then nothing has changed.
static int do_values(struct semop *call)
{
    for (uint32_t i = 0; i < call->n; i++) {
        const struct k_sembuf *op = &call->ops[i];
        struct sem *s = sem_at(call->set, op->num);
        int r = 1;
        if (op->op ? s->val + op->op < 0 : s->val != 0)
            r = op->flg & IPC_NOWAIT ? -EAGAIN : 0;
        else if (s->val + op->op > SEM_VMX)
            r = -ERANGE;
        if (r != 1) {
            call->blocking = i;
            take_back(call, i);
            return r;
        }
        s->val += op->op;
    }
    return 1;
}

// Makes sure that all that is to be undone can be noted: entries, and sums within their bounds.
static int prepare_undo(const struct semop *call)
{
    for (uint32_t i = 0; i < call->n; i++) {
        const struct k_sembuf *op = &call->ops[i];
        if (!(op->flg & SEM_UNDO))
            continue;
        const struct sem_undo *u = sem_undo_get((uint32_t)call->id, op->num);
        if (!u)
            return -ENOSPC;
        int32_t sum = u->adj;
        for (uint32_t k = 0; k <= i; k++) // those on one semaphore add up
            if (call->ops[k].num == op->num && (call->ops[k].flg & SEM_UNDO))
                sum -= call->ops[k].op;
        if (sum < -SEM_VMX - 1 || sum > SEM_VMX)
            return -ERANGE;
    }
    return 0;
}

// Nothing can fail here: numbers, values and entries of undos have been looked at.
static void commit(struct semop *call)
{
    call->queues = 0;
    for (uint32_t i = 0; i < call->n; i++) {
        const struct k_sembuf *op = &call->ops[i];
        struct sem *s = sem_at(call->set, op->num);
        s->pid = proc_self->pid;
        if (op->flg & SEM_UNDO)
            sem_undo_get((uint32_t)call->id, op->num)->adj -= op->op;
        // Whoever waits for more, or for zero: one that was only made less helps nobody.
        if (op->op > 0 || (op->op < 0 && s->val == 0))
            call->queues |= 1u << op->num % SEM_QUEUES;
    }
    call->set->otime = ipc_now();
}

// What this call waits for, for others to count.
static void note_wait(const struct semop *call)
{
    const struct k_sembuf *op = &call->ops[call->blocking];
    if (!call->wait)
        return;
    call->wait->num = op->num;
    call->wait->what = op->op ? IPC_WAIT_MORE : IPC_WAIT_ZERO;
}

// At each attempt: the set's owner may have changed the mode while the call waited.
static int check_numbers(const struct semop *call)
{
    for (uint32_t i = 0; i < call->n; i++)
        if (call->ops[i].num >= call->set->nsems)
            return -EFBIG;
    return ipc_may(&call->set->head, call->alters ? IPC_WRITE : IPC_READ);
}

// ready() of the wait as well.
static int try_ops(void *arg)
{
    struct semop *call = arg;
    long error;
    struct ipc_head *h = ipc_lock(IPC_SEM, call->id, &error);
    if (!h) // the set is gone; who had waited for it is told another number than who comes late
        return call->set ? -EIDRM : (int)error;
    call->set = sem_set_of(h);
    int r = check_numbers(call);
    if (r == 0)
        r = prepare_undo(call);
    if (r == 0)
        r = do_values(call);
    if (r == 1)
        commit(call);
    else if (r == 0)
        note_wait(call);
    ipc_unlock(IPC_SEM, h);
    if (r == 1)
        sem_wake(call->set, call->queues);
    return r;
}

// --- waiting ---

// Who waits for one semaphore is woken by changes of it (and of every sixteenth other), who waits
// for several by every change of the set.
static struct waitq *queue_of(const struct semop *call)
{
    for (uint32_t i = 1; i < call->n; i++)
        if (call->ops[i].num != call->ops[0].num)
            return &call->set->wait_all;
    return &call->set->wait_one[call->ops[0].num % SEM_QUEUES];
}

static int wait_and_do(struct semop *call, uint64_t deadline)
{
    struct waitq *q = queue_of(call);
    struct wait w = {
        .ready = try_ops, .arg = call, .queues = &q, .nqueues = 1, .deadline = deadline};
    const struct k_sembuf *op = &call->ops[call->blocking];
    call->wait =
        ipc_wait_begin(op->op ? IPC_WAIT_MORE : IPC_WAIT_ZERO, (uint32_t)call->id, op->num);
    int r = wait_for(&w);
    ipc_wait_end(call->wait);
    call->wait = NULL;
    return r == 0 ? -EAGAIN : r; // the time is over
}

// Copied once: a handler may change them while the call waits.
// The number of operations is looked at before the list is read.
static int copy_ops(struct semop *call, const struct k_sembuf *ops, size_t n)
{
    if (n < 1 || call->id < 0)
        return -EINVAL;
    if (n > SEM_OPM)
        return -E2BIG;
    if (user_readable(ops, n * sizeof *ops) < 0)
        return -EFAULT;
    memcpy(call->ops, ops, n * sizeof *ops);
    call->n = (uint32_t)n;
    for (uint32_t i = 0; i < call->n; i++)
        call->alters |= call->ops[i].op != 0;
    return 0;
}

long sys_semtimedop(int id, const struct k_sembuf *ops, size_t n, const struct k_timespec *timeout)
{
    struct semop call;
    uint64_t seen = current->handled, deadline = PV_FOREVER;
    call.id = id;
    call.alters = 0;
    call.set = NULL;
    call.wait = NULL;
    long r = copy_ops(&call, ops, n);
    if (r == 0)
        r = clock_timeout(timeout, &deadline);
    if (r < 0)
        return r;
    do {
        sys_enter();
        // Never restarted after a handler, SA_RESTART or not (XSH semop()).
        r = current->handled != seen ? -EINTR : try_ops(&call);
        if (r == 0)
            r = wait_and_do(&call, deadline);
    } while (sys_leave(&r));
    return r < 0 ? r : 0;
}
