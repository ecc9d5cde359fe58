// SPDX-License-Identifier: BSD-2-Clause
// Threads begin, end, are joined and detached; what each has of its own.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/check.h"

static __thread int own = 7;
static __thread char zero[100];
static int counter;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void *twice(void *arg)
{
    return (void *)(2 * (intptr_t)arg);
}

static void join_values(void)
{
    pthread_t t[10];
    long sum = 0;
    for (intptr_t i = 0; i < 10; i++)
        MUST(pthread_create(&t[i], NULL, twice, (void *)i) == 0);
    for (int i = 0; i < 10; i++) {
        void *value;
        MUST(pthread_join(t[i], &value) == 0);
        sum += (long)(intptr_t)value;
    }
    MUST(sum == 90);
}

static void *own_things(void *arg)
{
    MUST(own == 7 && zero[50] == 0);
    own = (int)(intptr_t)arg;
    zero[50] = 1;
    errno = 100 + own;
    for (int i = 0; i < 100; i++) {
        sched_yield();
        MUST(own == (int)(intptr_t)arg && errno == 100 + own);
    }
    return NULL;
}

static void each_its_own(void)
{
    pthread_t t[5];
    errno = 3;
    for (intptr_t i = 0; i < 5; i++)
        MUST(pthread_create(&t[i], NULL, own_things, (void *)i) == 0);
    for (int i = 0; i < 5; i++)
        MUST(pthread_join(t[i], NULL) == 0);
    MUST(own == 7 && zero[50] == 0 && errno == 3);
}

static void *add(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        int was = counter;
        if (i % 100 == 0)
            sched_yield();
        counter = was + 1;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void exclusion(void)
{
    pthread_t t[8];
    for (int i = 0; i < 8; i++)
        MUST(pthread_create(&t[i], NULL, add, NULL) == 0);
    for (int i = 0; i < 8; i++)
        MUST(pthread_join(t[i], NULL) == 0);
    MUST(counter == 8000);
}

static int turn;

static void *ping(void *arg)
{
    const int me = (int)(intptr_t)arg;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 1000; i++) {
        while (turn != me)
            pthread_cond_wait(&cond, &lock);
        turn = !me;
        pthread_cond_signal(&cond);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void condition(void)
{
    pthread_t a, b;
    MUST(pthread_create(&a, NULL, ping, (void *)0) == 0);
    MUST(pthread_create(&b, NULL, ping, (void *)1) == 0);
    MUST(pthread_join(a, NULL) == 0 && pthread_join(b, NULL) == 0);
    MUST(turn == 0);
}

// One computes, the other must get the processor all the same.
static volatile int stop;
static void *spin(void *arg)
{
    (void)arg;
    while (!stop)
        ;
    return NULL;
}

static void time_slices(void)
{
    pthread_t t;
    MUST(pthread_create(&t, NULL, spin, NULL) == 0);
    usleep(30000);
    stop = 1;
    MUST(pthread_join(t, NULL) == 0);
}

static void *nothing(void *arg)
{
    return arg;
}

static void errors(void)
{
    pthread_t t;
    pthread_attr_t a;
    MUST(pthread_join(pthread_self(), NULL) == EDEADLK);
    MUST(pthread_attr_init(&a) == 0);
    MUST(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED) == 0);
    MUST(pthread_attr_setdetachstate(&a, 7) == EINVAL);
    MUST(pthread_attr_setstacksize(&a, 1) == EINVAL);
    MUST(pthread_attr_setstacksize(&a, 1 << 16) == 0);
    for (int i = 0; i < 50; i++)
        MUST(pthread_create(&t, &a, nothing, NULL) == 0);
    MUST(pthread_create(&t, NULL, nothing, NULL) == 0);
    MUST(pthread_detach(t) == 0);
    usleep(1000);
}

static void *ends_main(void *arg)
{
    pthread_t main_thread = (pthread_t)arg;
    MUST(pthread_join(main_thread, NULL) == 0);
    puts("main has ended");
    return NULL;
}

int main(void)
{
    join_values();
    each_its_own();
    exclusion();
    condition();
    time_slices();
    errors();
    puts("done");
    fflush(stdout);
    pthread_t t;
    pthread_create(&t, NULL, ends_main, (void *)pthread_self());
    pthread_exit(NULL);
}
