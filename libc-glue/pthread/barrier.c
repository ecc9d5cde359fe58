// SPDX-License-Identifier: BSD-2-Clause
// Barriers, and spin locks.
#include "libc-glue/pthread/pthread.h"

// N threads open it, and 0 would be opened by nobody: EINVAL (XSH pthread_barrier_init()). Without
// attributes it is of this process alone.
int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *a, unsigned n)
{
    if (n == 0 || n > INT32_MAX)
        return EINVAL;
    *b = (pthread_barrier_t){.__needed = n, .__shared = a ? a->__shared : 0};
    return 0;
}

// EBUSY while some have come and not all. The last one resets the count before it wakes the others,
// so whoever returns from the wait may destroy it at once.
int pthread_barrier_destroy(pthread_barrier_t *b)
{
    return b->__there ? EBUSY : 0;
}

// The last one opens it. Others are told so by the wait's end, or by the turn: once it has changed
// the barrier may be gone, so it is not looked at again.
int pthread_barrier_wait(pthread_barrier_t *b)
{
    const uint32_t turn = __atomic_load_n(&b->__turn, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&b->__there, 1, __ATOMIC_ACQ_REL) == b->__needed) {
        b->__there = 0;
        __atomic_fetch_add(&b->__turn, 1, __ATOMIC_ACQ_REL);
        __pt_glue_wake(&b->__turn, UINT32_MAX);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    while (__pt_glue_wait(&b->__turn, turn, FOREVER, 0) == EINTR)
        ;
    return 0;
}

// Private to the process unless it is told otherwise.
int pthread_barrierattr_init(pthread_barrierattr_t *a)
{
    a->__shared = 0;
    return 0;
}

// Barriers that were made with it have a copy of what it said.
int pthread_barrierattr_destroy(pthread_barrierattr_t *a)
{
    (void)a;
    return 0;
}

// The one attribute that a barrier has.
int pthread_barrierattr_getpshared(const pthread_barrierattr_t *a, int *shared)
{
    *shared = a->__shared;
    return 0;
}

// Kept so that it can be asked for. A wait on a word goes by where the word lies, so that a barrier
// in shared memory works for all who map it.
int pthread_barrierattr_setpshared(pthread_barrierattr_t *a, int shared)
{
    return __pt_set_either(&a->__shared, shared, PTHREAD_PROCESS_PRIVATE, PTHREAD_PROCESS_SHARED);
}

// --- spin locks ---

// Shared or not makes no difference to a word that is only changed by atomic operations and never
// slept on.
int pthread_spin_init(pthread_spinlock_t *l, int shared)
{
    (void)shared;
    *l = 0;
    return 0;
}

// A word of the caller's holds nothing to give back. POSIX leaves open what becomes of one that is
// locked.
int pthread_spin_destroy(pthread_spinlock_t *l)
{
    (void)l;
    return 0;
}

// Acquires when it succeeds, so what the last owner wrote is seen. EBUSY also for the owner itself:
// nobody knows who it is.
int pthread_spin_trylock(pthread_spinlock_t *l)
{
    int free = 0;
    return __atomic_compare_exchange_n(l, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) ? 0
                                                                                           : EBUSY;
}

// To spin for a thread of one's own process is in vain: it runs when we do not.
int pthread_spin_lock(pthread_spinlock_t *l)
{
    while (pthread_spin_trylock(l))
        sched_yield();
    return 0;
}

// Whoever calls it: there is no owner to compare with. Released, so that the next one sees all that
// was written under the lock.
int pthread_spin_unlock(pthread_spinlock_t *l)
{
    __atomic_store_n(l, 0, __ATOMIC_RELEASE);
    return 0;
}
