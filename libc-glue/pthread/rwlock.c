// SPDX-License-Identifier: BSD-2-Clause
// Read-write locks: `state` is the number of readers, or WRITER. Readers go first, as on Linux: a
// thread that has the lock to read gets it once more, whoever waits to write.
#include "libc-glue/pthread/pthread.h"

#define WRITER  0xffffffffu
#define READERS 0x7fffffffu

// --- attempts: 0, EBUSY, EDEADLK, EAGAIN ---

// EDEADLK for the thread that has it to write; in shared memory the id may be that of another
// process's thread, so there it waits. EAGAIN when there are too many readers (XSH).
static int try_read(pthread_rwlock_t *l)
{
    uint32_t n = __atomic_load_n(&l->__state, __ATOMIC_ACQUIRE);
    do {
        if (n == WRITER)
            return l->__writer == __pt_self()->id && !l->__shared ? EDEADLK : EBUSY;
        if (n == READERS)
            return EAGAIN;
    } while (!__atomic_compare_exchange_n(&l->__state, &n, n + 1, 0, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    return 0;
}

// The writer's id is noted after the lock is taken: only the thread itself compares it, so nobody
// minds that it comes late. A reader that wants to write waits for itself, for ever.
static int try_write(pthread_rwlock_t *l)
{
    uint32_t none = 0;
    if (!__atomic_compare_exchange_n(&l->__state, &none, WRITER, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        return none == WRITER && l->__writer == __pt_self()->id && !l->__shared ? EDEADLK : EBUSY;
    l->__writer = __pt_self()->id;
    return 0;
}

// TURN is read before the first attempt: an unlock after that attempt changes it, and the wait is
// over at once. The count of waiters goes up before the second one, so that whoever unlocks later
// sees it.
static int rwlock_take(pthread_rwlock_t *l, int (*attempt)(pthread_rwlock_t *), uint64_t deadline)
{
    for (;;) {
        const uint32_t turn = __atomic_load_n(&l->__turn, __ATOMIC_ACQUIRE);
        int r = attempt(l);
        if (r != EBUSY)
            return r;
        __atomic_fetch_add(&l->__waiters, 1, __ATOMIC_ACQ_REL);
        r = attempt(l); // the lock may have come free before it was seen that we wait
        if (r == EBUSY && __pt_glue_wait(&l->__turn, turn, deadline, 0) == ETIMEDOUT)
            r = ETIMEDOUT;
        __atomic_fetch_sub(&l->__waiters, 1, __ATOMIC_ACQ_REL);
        if (r != EBUSY)
            return r;
    }
}

// The time is checked only when there is something to wait for (XSH pthread_rwlock_timedrdlock()).
static int rwlock_take_by(pthread_rwlock_t *l, int (*attempt)(pthread_rwlock_t *), clockid_t clock,
                          const struct timespec *ts)
{
    uint64_t deadline;
    int r = attempt(l);
    if (r != EBUSY)
        return r;
    r = __pt_wait_deadline(clock, ts, &deadline);
    return r ? r : rwlock_take(l, attempt, deadline);
}

// May be taken to read by one thread several times, and is then to be unlocked as often.
int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    return rwlock_take(l, try_read, FOREVER);
}

// A stream of readers may keep a writer out for as long as it lasts: the price of letting readers
// in first.
int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    return rwlock_take(l, try_write, FOREVER);
}

// A try never speaks of a deadlock (XSH pthread_rwlock_tryrdlock()); EAGAIN it may say.
int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
    const int r = try_read(l);
    return r == EDEADLK ? EBUSY : r;
}

// EBUSY whoever has it, the caller as well.
int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
    return try_write(l) ? EBUSY : 0;
}

// The wall clock; the form with a clock came with POSIX 2024.
int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *ts)
{
    return rwlock_take_by(l, try_read, CLOCK_REALTIME, ts);
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t *l, clockid_t clock, const struct timespec *ts)
{
    return rwlock_take_by(l, try_read, clock, ts);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *ts)
{
    return rwlock_take_by(l, try_write, CLOCK_REALTIME, ts);
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t *l, clockid_t clock, const struct timespec *ts)
{
    return rwlock_take_by(l, try_write, clock, ts);
}

// One function for readers and writers: the state says which. The store and the look at the waiters
// are in one order with what a waiter does, so one of the two sees the other. All are woken, as
// many readers may go in.
int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    const uint32_t state = __atomic_load_n(&l->__state, __ATOMIC_ACQUIRE);
    if (state == 0)
        return EPERM;
    if (state == WRITER) {
        l->__writer = 0;
        __atomic_store_n(&l->__state, 0, __ATOMIC_SEQ_CST);
    } else if (__atomic_sub_fetch(&l->__state, 1, __ATOMIC_SEQ_CST)) {
        return 0; // others read on
    }
    if (__atomic_load_n(&l->__waiters, __ATOMIC_SEQ_CST)) {
        __atomic_fetch_add(&l->__turn, 1, __ATOMIC_ACQ_REL);
        __pt_glue_wake(&l->__turn, UINT32_MAX);
    }
    return 0;
}

// Without attributes it is of this process alone, and a deadlock of its writer is noticed.
int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *a)
{
    *l = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    l->__shared = a ? a->__shared : 0;
    return 0;
}

// EBUSY while anybody has it, which POSIX leaves undefined.
int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
    return l->__state ? EBUSY : 0;
}

// PTHREAD_PROCESS_PRIVATE is the default.
int pthread_rwlockattr_init(pthread_rwlockattr_t *a)
{
    a->__shared = 0;
    return 0;
}

// Locks that were made with it have a copy.
int pthread_rwlockattr_destroy(pthread_rwlockattr_t *a)
{
    (void)a;
    return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *a, int *shared)
{
    *shared = a->__shared;
    return 0;
}

// A lock that is shared looks for no deadlock, as ids of threads are of one process.
int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *a, int shared)
{
    return __pt_set_either(&a->__shared, shared, PTHREAD_PROCESS_PRIVATE, PTHREAD_PROCESS_SHARED);
}
