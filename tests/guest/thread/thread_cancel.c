// SPDX-License-Identifier: BSD-2-Clause
// Cancellation: deferred in calls that wait, asynchronous in a loop, held off, with handlers.
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/wait.h>

#include "tests/guest/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem, begun;
static int ends[2];
static pthread_key_t key;

static void handler(void *what)
{
    say("  handler %s", (const char *)what);
}

static void destructor(void *what)
{
    say("  destructor %s", (const char *)what);
}

static void *in_read(void *arg)
{
    char c;
    sem_post(&begun);
    read(ends[0], &c, 1);
    return arg;
}

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static void *in_cond(void *arg)
{
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(unlock, &lock);
    sem_post(&begun);
    for (;;)
        pthread_cond_wait(&cond, &lock);
    pthread_cleanup_pop(1);
    return arg;
}

static void *in_sem(void *arg)
{
    sem_post(&begun);
    sem_wait(&sem);
    return arg;
}

static void *in_sleep(void *arg)
{
    sem_post(&begun);
    sleep(100);
    return arg;
}

static void *in_poll(void *arg)
{
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    sem_post(&begun);
    poll(&p, 1, -1);
    return arg;
}

static void *in_pause(void *arg)
{
    sem_post(&begun);
    pause();
    return arg;
}

static void cancel_it(void *thread)
{
    pthread_cancel((pthread_t)thread);
}

static void *in_join(void *arg)
{
    pthread_t t;
    pthread_create(&t, NULL, in_read, NULL);
    pthread_cleanup_push(cancel_it, (void *)t);
    pthread_join(t, NULL);
    pthread_cleanup_pop(0);
    return arg;
}

static void *in_wait(void *arg)
{
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    sem_post(&begun);
    pthread_cleanup_push(handler, "wait");
    *(pid_t *)arg = child;
    waitpid(child, NULL, 0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *in_loop(void *arg)
{
    volatile long n = 0;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    sem_post(&begun);
    for (;;)
        n++;
    return arg;
}

static void cancel(const char *name, void *(*start)(void *), void *arg)
{
    pthread_t t;
    void *value;
    NEED(pthread_create(&t, NULL, start, arg) == 0);
    while (sem_wait(&begun))
        ;
    usleep(2000);
    MUST(pthread_cancel(t) == 0);
    MUST(pthread_join(t, &value) == 0);
    say("%s: %s", name, value == PTHREAD_CANCELED ? "cancelled" : "returned");
}

static void *nested(void *arg)
{
    pthread_setspecific(key, "of key");
    pthread_cleanup_push(handler, "outer");
    pthread_cleanup_push(handler, "middle");
    pthread_cleanup_push(handler, "popped");
    pthread_cleanup_pop(1);
    pthread_cleanup_push(handler, "inner");
    sem_post(&begun);
    for (;;)
        pthread_testcancel();
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return arg;
}

static volatile int asked, went_on;

static void *disabled(void *arg)
{
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    MUST(old == PTHREAD_CANCEL_ENABLE);
    sem_post(&begun);
    while (!asked)
        usleep(1000);
    usleep(1000);
    went_on = 1;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    MUST(old == PTHREAD_CANCEL_DISABLE);
    pthread_testcancel();
    return arg;
}

static void held_off(void)
{
    pthread_t t;
    void *value;
    NEED(pthread_create(&t, NULL, disabled, NULL) == 0);
    sem_wait(&begun);
    MUST(pthread_cancel(t) == 0);
    asked = 1;
    MUST(pthread_join(t, &value) == 0);
    CHECK("held off", value == PTHREAD_CANCELED && went_on);
}

static void *exits(void *arg)
{
    pthread_setspecific(key, "of exit");
    pthread_cleanup_push(handler, "of exit");
    pthread_exit(arg);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *not_waiting(void *arg)
{
    char c;
    sem_post(&begun);
    while (!asked)
        ;
    MUST(write(ends[1], "x", 1) == -1); // a cancellation point, also when it would not wait
    read(ends[0], &c, 1);
    return arg;
}

int main(void)
{
    pthread_t t;
    void *value;
    pid_t child = 0;
    NEED(pipe(ends) == 0);
    sem_init(&sem, 0, 0);
    sem_init(&begun, 0, 0);
    pthread_key_create(&key, destructor);
    cancel("read", in_read, NULL);
    cancel("cond", in_cond, NULL);
    MUST(pthread_mutex_trylock(&lock) == 0);
    pthread_mutex_unlock(&lock);
    cancel("sem", in_sem, NULL);
    cancel("sleep", in_sleep, NULL);
    cancel("poll", in_poll, NULL);
    cancel("pause", in_pause, NULL);
    cancel("join", in_join, NULL);
    cancel("wait", in_wait, &child);
    kill(child, SIGKILL);
    MUST(waitpid(child, NULL, 0) == child);
    cancel("loop", in_loop, NULL);
    cancel("nested", nested, NULL);
    held_off();
    pthread_create(&t, NULL, exits, "value");
    pthread_join(t, &value);
    say("exit: %s", (const char *)value);
    asked = 0;
    pthread_create(&t, NULL, not_waiting, NULL);
    sem_wait(&begun);
    pthread_cancel(t);
    asked = 1;
    pthread_join(t, &value);
    CHECK("before a call", value == PTHREAD_CANCELED);
    int n;
    sem_getvalue(&sem, &n);
    say("value %d", n);
    return 0;
}
