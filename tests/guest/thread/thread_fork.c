// SPDX-License-Identifier: BSD-2-Clause
// fork, exec and exit in a program with threads.
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>

#include "tests/guest/check.h"

extern char **environ;

static sem_t begun;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int stop;

static void *computes(void *arg)
{
    sem_post(&begun);
    while (!stop)
        ;
    return arg;
}

static void *reads(void *arg)
{
    char c;
    sem_post(&begun);
    read((int)(intptr_t)arg, &c, 1);
    return NULL;
}

static void *nothing(void *arg)
{
    return arg;
}

static void *forks(void *arg)
{
    pid_t child = fork();
    if (child == 0) {
        // This thread is the only one; it can make others and wait for them.
        pthread_t t;
        void *value;
        MUST(pthread_create(&t, NULL, nothing, arg) == 0);
        MUST(pthread_join(t, &value) == 0);
        CHECK("threads of a child", value == arg);
        pthread_exit(NULL); // the last one: the process ends with 0
    }
    CHECK("child", wait_for(child) == 0);
    return NULL;
}

static void from_a_thread(void)
{
    pthread_t t, other;
    NEED(pthread_create(&other, NULL, computes, NULL) == 0);
    sem_wait(&begun);
    NEED(pthread_create(&t, NULL, forks, "arg") == 0);
    MUST(pthread_join(t, NULL) == 0);
    stop = 1;
    MUST(pthread_join(other, NULL) == 0);
}

// Handlers run in their order, and what they protect is whole in the child.
static void before(void)
{
    pthread_mutex_lock(&lock);
    say("prepare");
}

static void in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
    say("child");
    pthread_mutex_unlock(&lock);
}

static void before_first(void)
{
    say("prepare first");
}

static void in_child_last(void)
{
    say("child last");
}

static void *locks(void *arg)
{
    while (!stop) {
        pthread_mutex_lock(&lock);
        sched_yield();
        pthread_mutex_unlock(&lock);
        sched_yield();
    }
    return arg;
}

static void handlers(void)
{
    pthread_t t;
    stop = 0;
    MUST(pthread_atfork(before, in_parent, in_child) == 0);
    MUST(pthread_atfork(before_first, NULL, in_child_last) == 0);
    NEED(pthread_create(&t, NULL, locks, NULL) == 0);
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == 0) {
            MUST(pthread_mutex_trylock(&lock) == 0);
            _exit(0);
        }
        MUST(wait_for(child) == 0);
    }
    stop = 1;
    MUST(pthread_join(t, NULL) == 0);
}

// Of a process whose threads wait and compute, all end at once.
static void *exits(void *arg)
{
    exit((int)(intptr_t)arg);
}

static void *execs(void *arg)
{
    char *argv[] = {arg, "again", NULL};
    execv(arg, argv);
    return NULL;
}

static void ends(const char *what, void *(*how)(void *), void *arg)
{
    pid_t child = fork();
    if (child == 0) {
        int ends[2];
        pthread_t t;
        stop = 0;
        NEED(pipe(ends) == 0);
        for (int i = 0; i < 3; i++) {
            pthread_create(&t, NULL, reads, (void *)(intptr_t)ends[0]);
            pthread_create(&t, NULL, computes, NULL);
        }
        for (int i = 0; i < 6; i++)
            sem_wait(&begun);
        pthread_create(&t, NULL, how, arg);
        pthread_join(t, NULL);
        _exit(99);
    }
    say_status(what, wait_for(child));
}

// vfork and spawn beside other threads.
static void vforks(const char *program)
{
    pthread_t t;
    char *argv[] = {"thread_fork", "spawned", NULL};
    stop = 0;
    NEED(pthread_create(&t, NULL, computes, NULL) == 0);
    sem_wait(&begun);
    pid_t child = vfork();
    if (child == 0)
        _exit(5);
    say_status("vfork", wait_for(child));
    NEED(posix_spawn(&child, program, NULL, NULL, argv, environ) == 0);
    say_status("spawn", wait_for(child));
    stop = 1;
    MUST(pthread_join(t, NULL) == 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        say("%s", argv[1]);
        return 7;
    }
    sem_init(&begun, 0, 0);
    from_a_thread();
    ends("exit in a thread", exits, (void *)4);
    ends("exec in a thread", execs, argv[0]);
    handlers();
    vforks(argv[0]);
    return 0;
}
