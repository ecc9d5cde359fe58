// SPDX-License-Identifier: BSD-2-Clause
// Semaphores: a count that is waited for while it is 0. sem_post() makes one store and, where
// somebody waits, one call; a signal handler may use it.
#include <limits.h>
#include <semaphore.h>

#include "libc-glue/pthread/pthread.h"

// EINVAL above SEM_VALUE_MAX, by errno: semaphores return -1, unlike all of <pthread.h>.
int sem_init(sem_t *s, int shared, unsigned value)
{
    (void)shared; // memory that is shared says so by its address
    if (value > SEM_VALUE_MAX)
        return (int)glue_ret(-EINVAL);
    *s = (sem_t){.__value = value};
    return 0;
}

// There is nothing to give back. With waiters POSIX leaves it undefined, so nobody looks for them.
int sem_destroy(sem_t *s)
{
    (void)s;
    return 0;
}

// Takes one if there is one, and never waits: also the whole of sem_trywait().
static int sem_take(sem_t *s)
{
    uint32_t n = __atomic_load_n(&s->__value, __ATOMIC_ACQUIRE);
    while (n)
        if (__atomic_compare_exchange_n(&s->__value, &n, n - 1, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            return 1;
    return 0;
}

// Also of a waiter that is cancelled: it is not counted any more, or each post would make a call
// for it.
static void leave(void *waiters)
{
    __atomic_fetch_sub((uint32_t *)waiters, 1, __ATOMIC_ACQ_REL);
}

// 0 or -errno. `waiters` is a hint, so that a post without waiters makes no call.
static int sem_wait_until(sem_t *s, uint64_t deadline)
{
    int r = 0;
    while (!sem_take(s)) {
        __atomic_fetch_add(&s->__waiters, 1, __ATOMIC_SEQ_CST);
        pthread_cleanup_push(leave, &s->__waiters);
        r = __pt_glue_wait(&s->__value, 0, deadline, 1);
        pthread_cleanup_pop(1);
        if (r)
            return sem_take(s) ? 0 : -r;
    }
    return 0;
}

// A cancellation point even when it need not wait (XSH 2.9.5.2). EINTR when a signal handler has
// ended the wait and nothing was posted meanwhile.
int sem_wait(sem_t *s)
{
    pthread_testcancel();
    return (int)glue_ret(sem_wait_until(s, FOREVER));
}

// EAGAIN instead of a wait; no cancellation point.
int sem_trywait(sem_t *s)
{
    return sem_take(s) ? 0 : (int)glue_ret(-EAGAIN);
}

int sem_clockwait(sem_t *s, clockid_t clock, const struct timespec *ts)
{
    uint64_t deadline;
    pthread_testcancel();
    // A time that is none is an error also where no wait would be, as on Linux.
    const int r = __pt_wait_deadline(clock, ts, &deadline);
    return (int)glue_ret(r ? -r : sem_wait_until(s, deadline));
}

// ETIMEDOUT when the wall clock has reached TS and the count is still 0.
int sem_timedwait(sem_t *s, const struct timespec *ts)
{
    return sem_clockwait(s, CLOCK_REALTIME, ts);
}

// EOVERFLOW at SEM_VALUE_MAX leaves the count alone. The count and then the waiters, in one order
// with a waiter that counts itself and then looks: so none sleeps beside a count.
int sem_post(sem_t *s)
{
    uint32_t n = __atomic_load_n(&s->__value, __ATOMIC_RELAXED);
    do {
        if (n == SEM_VALUE_MAX)
            return (int)glue_ret(-EOVERFLOW);
    } while (!__atomic_compare_exchange_n(&s->__value, &n, n + 1, 0, __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));
    if (__atomic_load_n(&s->__waiters, __ATOMIC_SEQ_CST))
        __pt_glue_wake(&s->__value, 1);
    return 0;
}

// 0 while there are waiters: the other form that XSH allows, their number below 0, Linux has not
// either. It may be out of date when it is read.
int sem_getvalue(sem_t *s, int *value)
{
    *value = (int)__atomic_load_n(&s->__value, __ATOMIC_RELAXED);
    return 0;
}
