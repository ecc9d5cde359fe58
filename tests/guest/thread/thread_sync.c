// SPDX-License-Identifier: BSD-2-Clause
// Mutexes of all types, read-write locks, barriers, semaphores, spin locks, once: in one process.
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

#include "tests/guest/check.h"

static struct timespec in_ms(clockid_t clock, long ms)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    ts.tv_nsec += ms * 1000000;
    ts.tv_sec += ts.tv_nsec / 1000000000;
    ts.tv_nsec %= 1000000000;
    return ts;
}

static const char *name(int error)
{
    return err_name(error);
}

static pthread_mutex_t m;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

static void *tries(void *arg)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 5), never = {0, -1};
    (void)arg;
    say("  other: try %s", name(pthread_mutex_trylock(&m)));
    say("  other: timed %s", name(pthread_mutex_timedlock(&m, &soon)));
    say("  other: bad time %s", name(pthread_mutex_timedlock(&m, &never)));
    say("  other: unlock %s", name(pthread_mutex_unlock(&m)));
    return NULL;
}

static void of_type(const char *what, int type, int robust)
{
    pthread_mutexattr_t a;
    pthread_t t;
    pthread_mutexattr_init(&a);
    MUST(pthread_mutexattr_settype(&a, type) == 0);
    if (robust)
        MUST(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) == 0);
    MUST(pthread_mutex_init(&m, &a) == 0);
    say("%s", what);
    say("  lock %s", name(pthread_mutex_lock(&m)));
    say("  try %s", name(pthread_mutex_trylock(&m)));
    if (type != PTHREAD_MUTEX_NORMAL)
        say("  lock %s", name(pthread_mutex_lock(&m)));
    if (type != PTHREAD_MUTEX_NORMAL) { // else it may be unlocked by anybody
        pthread_create(&t, NULL, tries, NULL);
        pthread_join(t, NULL);
    }
    for (int i = 0; i < (type == PTHREAD_MUTEX_RECURSIVE ? 3 : 1); i++)
        say("  unlock %s", name(pthread_mutex_unlock(&m)));
    if (type != PTHREAD_MUTEX_NORMAL)
        say("  unlock %s", name(pthread_mutex_unlock(&m)));
    say("  destroy %s", name(pthread_mutex_destroy(&m)));
}

static void *dies_with_it(void *arg)
{
    pthread_mutex_lock(&m);
    return arg;
}

static void robust(void)
{
    pthread_mutexattr_t a;
    pthread_t t;
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&m, &a);
    pthread_create(&t, NULL, dies_with_it, NULL);
    pthread_join(t, NULL);
    say("owner died: %s", name(pthread_mutex_lock(&m)));
    say("consistent: %s", name(pthread_mutex_consistent(&m)));
    say("twice: %s", name(pthread_mutex_consistent(&m)));
    say("unlock: %s", name(pthread_mutex_unlock(&m)));
    pthread_create(&t, NULL, dies_with_it, NULL);
    pthread_join(t, NULL);
    say("again: %s", name(pthread_mutex_trylock(&m)));
    say("not repaired: %s", name(pthread_mutex_unlock(&m)));
    say("lost: %s", name(pthread_mutex_lock(&m)));
}

static void *signals(void *arg)
{
    usleep(2000);
    pthread_mutex_lock(&m);
    *(int *)arg = 1;
    pthread_cond_broadcast(&c);
    pthread_mutex_unlock(&m);
    return NULL;
}

static void conditions(void)
{
    pthread_condattr_t a;
    pthread_t t;
    int flag = 0;
    pthread_mutex_init(&m, NULL);
    pthread_mutex_lock(&m);
    struct timespec soon = in_ms(CLOCK_REALTIME, 3);
    say("timed: %s", name(pthread_cond_timedwait(&c, &m, &soon)));
    pthread_condattr_init(&a);
    MUST(pthread_condattr_setclock(&a, CLOCK_MONOTONIC) == 0);
    say("clock: %s", name(pthread_condattr_setclock(&a, CLOCK_PROCESS_CPUTIME_ID)));
    pthread_cond_t mono;
    pthread_cond_init(&mono, &a);
    soon = in_ms(CLOCK_MONOTONIC, 3);
    say("monotonic: %s", name(pthread_cond_timedwait(&mono, &m, &soon)));
    pthread_create(&t, NULL, signals, &flag);
    soon = in_ms(CLOCK_REALTIME, 10000);
    while (!flag)
        MUST(pthread_cond_timedwait(&c, &m, &soon) == 0);
    pthread_mutex_unlock(&m);
    pthread_join(t, NULL);
    say("destroy: %s", name(pthread_cond_destroy(&c)));
}

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static int value, torn;

static void *reads(void *arg)
{
    for (int i = 0; i < 300; i++) {
        pthread_rwlock_rdlock(&rw);
        int was = value;
        if (i % 3 == 0)
            sched_yield();
        torn += was != value;
        pthread_rwlock_unlock(&rw);
    }
    return arg;
}

static void *writes(void *arg)
{
    for (int i = 0; i < 300; i++) {
        pthread_rwlock_wrlock(&rw);
        int was = value++;
        sched_yield();
        torn += value != was + 1;
        pthread_rwlock_unlock(&rw);
    }
    return arg;
}

static void *other_rw(void *arg)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 3);
    say("  try read %s", name(pthread_rwlock_tryrdlock(&rw)));
    say("  try write %s", name(pthread_rwlock_trywrlock(&rw)));
    say("  timed write %s", name(pthread_rwlock_timedwrlock(&rw, &soon)));
    return arg;
}

static void read_write(void)
{
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, i < 2 ? reads : writes, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    say("read-write: value %d, torn %d", value, torn);
    pthread_rwlock_wrlock(&rw);
    say("written: read %s, write %s", name(pthread_rwlock_rdlock(&rw)),
        name(pthread_rwlock_wrlock(&rw)));
    pthread_create(&t[0], NULL, other_rw, NULL);
    pthread_join(t[0], NULL);
    pthread_rwlock_unlock(&rw);
    pthread_rwlock_rdlock(&rw);
    say("read: again %s, unlock %s", name(pthread_rwlock_rdlock(&rw)),
        name(pthread_rwlock_unlock(&rw)));
    pthread_create(&t[0], NULL, other_rw, NULL);
    pthread_join(t[0], NULL);
    pthread_rwlock_unlock(&rw);
}

static pthread_barrier_t barrier;
static int serial, behind;

static void *meets(void *arg)
{
    for (int i = 0; i < 50; i++) {
        __atomic_fetch_add(&behind, 1, __ATOMIC_SEQ_CST);
        int r = pthread_barrier_wait(&barrier);
        MUST(__atomic_load_n(&behind, __ATOMIC_SEQ_CST) >= 5 * (i + 1));
        if (r == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_fetch_add(&serial, 1, __ATOMIC_SEQ_CST);
        else
            MUST(r == 0);
    }
    return arg;
}

static int times;
static void once_only(void)
{
    usleep(1000);
    times++;
}

static void *calls_once(void *once)
{
    pthread_once(once, once_only);
    MUST(times == 1);
    return NULL;
}

static void others(void)
{
    pthread_t t[5];
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    say("barrier of 0: %s", name(pthread_barrier_init(&barrier, NULL, 0)));
    pthread_barrier_init(&barrier, NULL, 5);
    for (int i = 0; i < 5; i++)
        pthread_create(&t[i], NULL, meets, NULL);
    for (int i = 0; i < 5; i++)
        pthread_join(t[i], NULL);
    say("serial %d", serial);
    for (int i = 0; i < 5; i++)
        pthread_create(&t[i], NULL, calls_once, &once);
    for (int i = 0; i < 5; i++)
        pthread_join(t[i], NULL);
    pthread_spinlock_t spin;
    pthread_spin_init(&spin, 0);
    say("spin: %s", name(pthread_spin_lock(&spin)));
    say("spin: %s", name(pthread_spin_trylock(&spin)));
    say("spin: %s", name(pthread_spin_unlock(&spin)));
}

static void semaphores(void)
{
    sem_t s;
    int n;
    TRY(sem_init(&s, 0, (unsigned)SEM_VALUE_MAX + 1));
    TRY(sem_init(&s, 0, 1));
    TRY(sem_trywait(&s));
    TRY(sem_trywait(&s));
    struct timespec soon = in_ms(CLOCK_REALTIME, 3), bad = {0, 2000000000};
    TRY(sem_timedwait(&s, &soon));
    TRY(sem_timedwait(&s, &bad));
    TRY(sem_post(&s));
    TRY(sem_timedwait(&s, &bad));
    TRY(sem_getvalue(&s, &n));
    say("value %d", n);
    TRY(sem_destroy(&s));
    TRY(sem_init(&s, 0, SEM_VALUE_MAX));
    TRY(sem_post(&s));
}

int main(void)
{
    of_type("normal", PTHREAD_MUTEX_NORMAL, 0);
    of_type("recursive", PTHREAD_MUTEX_RECURSIVE, 0);
    of_type("errorcheck", PTHREAD_MUTEX_ERRORCHECK, 0);
    of_type("robust recursive", PTHREAD_MUTEX_RECURSIVE, 1);
    robust();
    conditions();
    read_write();
    others();
    semaphores();
    return 0;
}
