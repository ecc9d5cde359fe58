// SPDX-License-Identifier: BSD-2-Clause
// Barriers, and spin locks.
#include "libc-glue/pthread/pthread.h"

int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *a, unsigned n)
{
    if (n == 0 || n > INT32_MAX)
        return EINVAL;
    *b = (pthread_barrier_t){.__needed = n, .__shared = a ? a->__shared : 0};
    return 0;
}

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
        glue_wake(&b->__turn, UINT32_MAX);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    while (glue_wait(&b->__turn, turn, FOREVER, 0) == EINTR)
        ;
    return 0;
}

int pthread_barrierattr_init(pthread_barrierattr_t *a)
{
    a->__shared = 0;
    return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *a)
{
    (void)a;
    return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *a, int *shared)
{
    *shared = a->__shared;
    return 0;
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *a, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    a->__shared = shared;
    return 0;
}

// --- spin locks ---

int pthread_spin_init(pthread_spinlock_t *l, int shared)
{
    (void)shared;
    *l = 0;
    return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *l)
{
    (void)l;
    return 0;
}

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

int pthread_spin_unlock(pthread_spinlock_t *l)
{
    __atomic_store_n(l, 0, __ATOMIC_RELEASE);
    return 0;
}
