// SPDX-License-Identifier: BSD-2-Clause
// Signals in a program with threads: to one of them, to the process, waited for, blocked by some.
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/wait.h>

#include "tests/guest/check.h"

static sem_t begun, go;
static pthread_t handled_by;
static volatile sig_atomic_t count;
static volatile int stop;

static void handler(int sig)
{
    (void)sig;
    handled_by = pthread_self();
    count++;
}

static void *waits(void *arg)
{
    sem_post(&begun);
    while (sem_wait(&go) && errno == EINTR)
        if (arg)
            break;
    return NULL;
}

static void *spins(void *arg)
{
    sem_post(&begun);
    while (!stop)
        ;
    return arg;
}

// The handler runs in the thread that it is sent to, whether that waits or computes.
static void to_one(void)
{
    pthread_t t, other;
    install(SIGUSR1, handler, 0);
    NEED(pthread_create(&other, NULL, waits, NULL) == 0);
    NEED(pthread_create(&t, NULL, waits, NULL) == 0);
    sem_wait(&begun);
    sem_wait(&begun);
    usleep(1000);
    MUST(pthread_kill(t, SIGUSR1) == 0);
    while (!count)
        usleep(100);
    CHECK("in the one that waits", pthread_equal(handled_by, t));
    sem_post(&go);
    sem_post(&go);
    MUST(pthread_join(other, NULL) == 0);
    MUST(pthread_join(t, NULL) == 0);

    NEED(pthread_create(&t, NULL, spins, NULL) == 0);
    sem_wait(&begun);
    count = 0;
    MUST(pthread_kill(t, SIGUSR1) == 0);
    while (!count)
        usleep(100);
    CHECK("in the one that computes", pthread_equal(handled_by, t));
    stop = 1;
    MUST(pthread_join(t, NULL) == 0);
    CHECK("signal 0", pthread_kill(pthread_self(), 0) == 0);
    CHECK("no such signal", pthread_kill(pthread_self(), 1000) == EINVAL);
}

static void *takes(void *arg)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    sem_post(&begun);
    while (!count)
        usleep(100);
    return arg;
}

// One to the process goes to the thread that lets it through, here not the first.
static void to_whoever_takes_it(void)
{
    pthread_t t;
    sigset_t set, old;
    count = 0;
    install(SIGUSR2, handler, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    NEED(pthread_create(&t, NULL, takes, NULL) == 0);
    sem_wait(&begun);
    MUST(kill(getpid(), SIGUSR2) == 0);
    MUST(pthread_join(t, NULL) == 0);
    CHECK("by the other", pthread_equal(handled_by, t));

    // Blocked by all: pending, until one lets it through.
    count = 0;
    MUST(kill(getpid(), SIGUSR2) == 0);
    sigset_t pending;
    sigpending(&pending);
    CHECK("pending", sigismember(&pending, SIGUSR2) && count == 0);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    CHECK("delivered", count == 1);
}

static void *sigwaits(void *arg)
{
    sigset_t set;
    int sig = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sem_post(&begun);
    for (int i = 0; i < 2; i++) {
        MUST(sigwait(&set, &sig) == 0);
        say("waited for %d", sig);
        sem_post(&go);
    }
    return arg;
}

static void waited_for(void)
{
    pthread_t t;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    NEED(pthread_create(&t, NULL, sigwaits, NULL) == 0);
    sem_wait(&begun);
    MUST(kill(getpid(), SIGTERM) == 0);
    sem_wait(&go);
    usleep(1000);
    MUST(pthread_kill(t, SIGHUP) == 0);
    sem_wait(&go);
    MUST(pthread_join(t, NULL) == 0);
}

// From a child, while all threads wait.
static void from_outside(void)
{
    pthread_t t;
    NEED(pthread_create(&t, NULL, sigwaits, NULL) == 0);
    sem_wait(&begun);
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(kill(getppid(), i ? SIGHUP : SIGTERM));
        sem_wait(&go);
        MUST(wait_for(child) == 0);
    }
    MUST(pthread_join(t, NULL) == 0);
}

// Each thread's own mask, inherited from who made it; errors of a fault in the thread that has it.
static void *looks(void *arg)
{
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    CHECK("mask inherited", sigismember(&set, SIGTERM) && !sigismember(&set, SIGUSR1));
    sigfillset(&set);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
    return arg;
}

static void masks(void)
{
    pthread_t t;
    sigset_t set;
    NEED(pthread_create(&t, NULL, looks, NULL) == 0);
    MUST(pthread_join(t, NULL) == 0);
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    CHECK("mask of one's own", sigismember(&set, SIGTERM) && !sigismember(&set, SIGUSR1));
}

// Stopped and continued as a whole.
static volatile long turns;
static void *counts(void *arg)
{
    while (!stop) {
        turns++;
        usleep(500);
    }
    return arg;
}

static void stopped(void)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_t t;
        stop = 0;
        pthread_create(&t, NULL, counts, NULL);
        pthread_create(&t, NULL, spins, NULL);
        pthread_join(t, NULL);
        _exit(0);
    }
    int status;
    usleep(20000);
    MUST(kill(child, SIGSTOP) == 0);
    MUST(waitpid(child, &status, WUNTRACED) == child);
    CHECK("stopped", WIFSTOPPED(status));
    MUST(kill(child, SIGCONT) == 0);
    MUST(waitpid(child, &status, WCONTINUED) == child);
    CHECK("continued", WIFCONTINUED(status));
    usleep(5000);
    MUST(kill(child, SIGKILL) == 0);
    MUST(waitpid(child, &status, 0) == child);
    CHECK("killed", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

// The default action is the process's, whichever thread it is sent to.
static void *kills_itself(void *arg)
{
    pthread_kill(pthread_self(), SIGQUIT);
    return arg;
}

static void default_action(void)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_t t;
        signal(SIGQUIT, SIG_DFL);
        pthread_create(&t, NULL, kills_itself, NULL);
        pause();
        _exit(0);
    }
    int status = wait_for(child);
    CHECK("all ended", WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
}

int main(void)
{
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    to_one();
    to_whoever_takes_it();
    waited_for();
    from_outside();
    masks();
    stopped();
    default_action();
    return 0;
}
