// SPDX-License-Identifier: BSD-2-Clause
// Mutexes, condition variables and the rest in memory that processes share; owners that are killed.
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/guest/check.h"

struct shared {
    pthread_mutex_t plain, robust;
    pthread_cond_t cond;
    pthread_rwlock_t rw;
    pthread_barrier_t barrier;
    sem_t sem, ready;
    int turn, count, serial;
};
static struct shared *s;

static void make(void)
{
    pthread_mutexattr_t m;
    pthread_condattr_t c;
    pthread_rwlockattr_t r;
    pthread_barrierattr_t b;
    s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(s != MAP_FAILED);
    pthread_mutexattr_init(&m);
    MUST(pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED) == 0);
    MUST(pthread_mutex_init(&s->plain, &m) == 0);
    MUST(pthread_mutexattr_setrobust(&m, PTHREAD_MUTEX_ROBUST) == 0);
    MUST(pthread_mutex_init(&s->robust, &m) == 0);
    pthread_condattr_init(&c);
    MUST(pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED) == 0);
    MUST(pthread_cond_init(&s->cond, &c) == 0);
    pthread_rwlockattr_init(&r);
    MUST(pthread_rwlockattr_setpshared(&r, PTHREAD_PROCESS_SHARED) == 0);
    MUST(pthread_rwlock_init(&s->rw, &r) == 0);
    pthread_barrierattr_init(&b);
    MUST(pthread_barrierattr_setpshared(&b, PTHREAD_PROCESS_SHARED) == 0);
    MUST(pthread_barrier_init(&s->barrier, &b, 4) == 0);
    MUST(sem_init(&s->sem, 1, 0) == 0);
    MUST(sem_init(&s->ready, 1, 0) == 0);
}

static void add(int n)
{
    for (int i = 0; i < n; i++) {
        pthread_mutex_lock(&s->plain);
        int was = s->count;
        if (i % 50 == 0)
            usleep(10);
        s->count = was + 1;
        pthread_mutex_unlock(&s->plain);
    }
}

static void *adds(void *arg)
{
    add((int)(intptr_t)arg);
    return NULL;
}

// Threads of several processes.
static void exclusion(void)
{
    pid_t child[3];
    for (int i = 0; i < 3; i++)
        if ((child[i] = fork()) == 0) {
            pthread_t t;
            pthread_create(&t, NULL, adds, (void *)200);
            add(200);
            pthread_join(t, NULL);
            _exit(0);
        }
    add(200);
    for (int i = 0; i < 3; i++)
        MUST(wait_for(child[i]) == 0);
    say("count %d", s->count);
}

static void take_turns(int me, int n)
{
    pthread_mutex_lock(&s->plain);
    for (int i = 0; i < n; i++) {
        while (s->turn != me)
            pthread_cond_wait(&s->cond, &s->plain);
        s->turn = !me;
        pthread_cond_signal(&s->cond);
    }
    pthread_mutex_unlock(&s->plain);
}

static void condition(void)
{
    pid_t child = fork();
    if (child == 0) {
        take_turns(1, 200);
        _exit(0);
    }
    take_turns(0, 200);
    MUST(wait_for(child) == 0);
    say("turn %d", s->turn);
}

static void barrier(void)
{
    pid_t child[3];
    for (int i = 0; i < 4; i++)
        if (i == 3 || (child[i] = fork()) == 0) {
            for (int round = 0; round < 20; round++)
                if (pthread_barrier_wait(&s->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
                    s->serial++;
            if (i < 3)
                _exit(0);
        }
    for (int i = 0; i < 3; i++)
        MUST(wait_for(child[i]) == 0);
    say("serial %d", s->serial);
}

static void semaphore(void)
{
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 200; i++) {
            while (sem_wait(&s->sem))
                ;
            sem_post(&s->ready);
        }
        _exit(0);
    }
    for (int i = 0; i < 200; i++) {
        sem_post(&s->sem);
        sem_wait(&s->ready);
    }
    MUST(wait_for(child) == 0);
    say("semaphore passed");
}

static void write_lock(void)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_rwlock_rdlock(&s->rw);
        sem_post(&s->ready);
        sem_wait(&s->sem);
        s->count = 1;
        pthread_rwlock_unlock(&s->rw);
        _exit(0);
    }
    sem_wait(&s->ready);
    say("try write: %s", err_name(pthread_rwlock_trywrlock(&s->rw)));
    s->count = 0;
    sem_post(&s->sem);
    pthread_rwlock_wrlock(&s->rw);
    say("after the reader: %d", s->count);
    pthread_rwlock_unlock(&s->rw);
    MUST(wait_for(child) == 0);
}

// How an owner ends: the next one is told, also one that waits already.
static void owner_dies(const char *how, int waits)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_mutex_lock(&s->robust);
        sem_post(&s->ready);
        if (strcmp(how, "exit") == 0) {
            usleep(5000);
            _exit(0);
        }
        if (strcmp(how, "exec") == 0) {
            usleep(5000);
            execl("/proc/self/exe", "thread_shared", "none", NULL);
        }
        pause();
        _exit(1);
    }
    sem_wait(&s->ready);
    if (strcmp(how, "kill") == 0) {
        if (waits) {
            pid_t killer = fork();
            if (killer == 0) {
                usleep(5000);
                kill(child, SIGKILL);
                _exit(0);
            }
            say("%s: waiting: %s", how, err_name(pthread_mutex_lock(&s->robust)));
            MUST(wait_for(killer) == 0);
            wait_for(child);
        } else {
            kill(child, SIGKILL);
            wait_for(child);
            say("%s: later: %s", how, err_name(pthread_mutex_lock(&s->robust)));
        }
    } else {
        say("%s: %s", how, err_name(pthread_mutex_lock(&s->robust)));
        wait_for(child);
    }
    say("  consistent: %s", err_name(pthread_mutex_consistent(&s->robust)));
    say("  unlock: %s", err_name(pthread_mutex_unlock(&s->robust)));
}

static void named(void)
{
    sem_unlink("/thread_shared");
    sem_t *a = sem_open("/thread_shared", O_CREAT | O_EXCL, 0600, 2);
    NEED(a != SEM_FAILED);
    sem_t *b = sem_open("/thread_shared", 0);
    CHECK("the same address", a == b);
    errno = 0;
    CHECK("exclusive",
          sem_open("/thread_shared", O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
    pid_t child = fork();
    if (child == 0) {
        sem_t *c = sem_open("/thread_shared", O_CREAT, 0600, 9);
        int n = -1;
        sem_getvalue(c, &n);
        say("value %d", n);
        sem_post(c);
        _exit(0);
    }
    MUST(wait_for(child) == 0);
    for (int i = 0; i < 3; i++)
        MUST(sem_trywait(a) == 0);
    CHECK("all taken", sem_trywait(a) == -1 && errno == EAGAIN);
    TRY(sem_close(b));
    TRY(sem_unlink("/thread_shared"));
    TRY(sem_unlink("/thread_shared"));
    CHECK("gone", sem_open("/thread_shared", 0) == SEM_FAILED && errno == ENOENT);
    CHECK("no name", sem_open("/", O_CREAT, 0600, 0) == SEM_FAILED && errno == EINVAL);
    MUST(sem_post(a) == 0); // it lives until it is closed
    TRY(sem_close(a));
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return 0;
    make();
    exclusion();
    condition();
    barrier();
    semaphore();
    write_lock();
    owner_dies("exit", 0);
    owner_dies("kill", 0);
    owner_dies("kill", 1);
    owner_dies("exec", 0);
    named();
    return 0;
}
