// SPDX-License-Identifier: BSD-2-Clause
// Condition variables.
//
// `turn` counts signals. A waiter notes it while it has the mutex, so whoever signals after that
// has changed it, and the wait on it is over at once or later: no signal is lost. Waiters of one
// process are woken in the order in which they came.
#include "libc-glue/pthread/pthread.h"

// Without attributes deadlines are by CLOCK_REALTIME. Nobody may be waiting on it; that is not
// looked at, as what lies there before may be anything.
int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *a)
{
    *c = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    if (a) {
        c->__clock = a->__clock;
        c->__shared = a->__shared;
    }
    return 0;
}

// Whoever was woken may still be on his way out (XSH pthread_cond_destroy() allows this then).
int pthread_cond_destroy(pthread_cond_t *c)
{
    while (__atomic_load_n(&c->__waiters, __ATOMIC_ACQUIRE)) {
        __atomic_fetch_add(&c->__turn, 1, __ATOMIC_ACQ_REL);
        __pt_glue_wake(&c->__turn, UINT32_MAX);
        sched_yield();
    }
    return 0;
}

// What a cancelled waiter needs to go back: it lies on its stack until the wait is over.
struct waiting {
    pthread_cond_t *cond;
    pthread_mutex_t *mutex;
};

// A cancelled waiter has the mutex in its cleanup handlers (XSH pthread_cond_wait()).
static void stop_waiting(void *arg)
{
    const struct waiting *w = arg;
    __atomic_fetch_sub(&w->cond->__waiters, 1, __ATOMIC_ACQ_REL);
    __pt_mutex_take(w->mutex, FOREVER);
}

// A signal to this process that a handler takes does not end the wait, or does, as XSH lets it:
// here it goes on. EPERM: an error-checking mutex that is not the caller's.
static int cond_wait_until(pthread_cond_t *c, pthread_mutex_t *m, uint64_t deadline)
{
    struct waiting w = {c, m};
    const uint32_t turn = __atomic_load_n(&c->__turn, __ATOMIC_ACQUIRE);
    __atomic_fetch_add(&c->__waiters, 1, __ATOMIC_ACQ_REL);
    int r = pthread_mutex_unlock(m), waited = 0;
    if (r) {
        __atomic_fetch_sub(&c->__waiters, 1, __ATOMIC_ACQ_REL);
        return r;
    }
    pthread_cleanup_push(stop_waiting, &w);
    do
        waited = __pt_glue_wait(&c->__turn, turn, deadline, 1);
    while (waited == EINTR);
    pthread_cleanup_pop(0);
    __atomic_fetch_sub(&c->__waiters, 1, __ATOMIC_ACQ_REL);
    r = __pt_mutex_take(m, FOREVER);
    return r ? r : waited;
}

// A cancellation point. It may return though nobody has signalled (XSH pthread_cond_wait()), so
// callers look at their condition again.
int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    return cond_wait_until(c, m, FOREVER);
}

// The deadline is by CLOCK and not by what the attributes say (POSIX 2024). A time that is none is
// EINVAL before the mutex is let go of; at ETIMEDOUT the mutex is the caller's again.
int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
                           const struct timespec *ts)
{
    uint64_t deadline;
    const int r = __pt_wait_deadline(clock, ts, &deadline);
    return r ? r : cond_wait_until(c, m, deadline);
}

// A clock of 0 is that of a variable made by its initializer, which means the wall clock.
int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *ts)
{
    return pthread_cond_clockwait(c, m, c->__clock ? c->__clock : CLOCK_REALTIME, ts);
}

// Without waiters it costs one look and no call. A waiter counts itself while it has the mutex, so
// that whoever changes the condition under the mutex sees it.
static int wake(pthread_cond_t *c, uint32_t n)
{
    if (__atomic_load_n(&c->__waiters, __ATOMIC_ACQUIRE)) {
        __atomic_fetch_add(&c->__turn, 1, __ATOMIC_ACQ_REL);
        __pt_glue_wake(&c->__turn, n);
    }
    return 0;
}

// Of waiters of one process it wakes the one that has waited longest. The caller need not have the
// mutex, but then a waiter that is about to sleep comes before or after, as it happens.
int pthread_cond_signal(pthread_cond_t *c)
{
    return wake(c, 1);
}

// All are woken and wait for the mutex in turn: they are not moved over to its queue, so each of
// them runs once to find it taken.
int pthread_cond_broadcast(pthread_cond_t *c)
{
    return wake(c, UINT32_MAX);
}

// The wall clock, and private to the process: XSH pthread_condattr_init() has these as the
// defaults.
int pthread_condattr_init(pthread_condattr_t *a)
{
    *a = (pthread_condattr_t){.__clock = CLOCK_REALTIME};
    return 0;
}

// Variables made with it have their own copy.
int pthread_condattr_destroy(pthread_condattr_t *a)
{
    (void)a;
    return 0;
}

// By which deadlines of pthread_cond_timedwait() are read.
int pthread_condattr_getclock(const pthread_condattr_t *a, clockid_t *clock)
{
    *clock = (clockid_t)a->__clock;
    return 0;
}

// CLOCK_MONOTONIC is for waits that a change of the wall clock must not make longer. A clock of
// processor time is EINVAL (XSH pthread_condattr_setclock()).
int pthread_condattr_setclock(pthread_condattr_t *a, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    a->__clock = (int)clock;
    return 0;
}

// PTHREAD_PROCESS_PRIVATE unless it was set.
int pthread_condattr_getpshared(const pthread_condattr_t *a, int *shared)
{
    *shared = a->__shared;
    return 0;
}

// Remembered only: waiting goes by where the word lies, so a variable in shared memory wakes all
// who map it.
int pthread_condattr_setpshared(pthread_condattr_t *a, int shared)
{
    return __pt_set_either(&a->__shared, shared, PTHREAD_PROCESS_PRIVATE, PTHREAD_PROCESS_SHARED);
}
