// SPDX-License-Identifier: BSD-2-Clause
// A call that waits stops its thread only: in pipes, FIFOs, poll, locks, children; and what happens
// when another thread closes the descriptor.
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "tests/guest/check.h"

static int ends[2], other[2];
static sem_t begun;

static void *reads(void *arg)
{
    char c = 0;
    sem_post(&begun);
    MUST(read(ends[0], &c, 1) == 1);
    (void)arg;
    return (void *)(intptr_t)c;
}

static void *read_vector(void *arg)
{
    static char big[3000];
    struct iovec iov[2] = {{big, 1}, {big + 1, sizeof big - 1}};
    sem_post(&begun);
    long n = readv(ends[0], iov, 2);
    (void)arg;
    return (void *)(intptr_t)(n > 0 ? big[0] : -1);
}

static void *polls(void *arg)
{
    struct pollfd p[40];
    char c = 0;
    for (int i = 0; i < 40; i++)
        p[i] = (struct pollfd){.fd = i ? other[0] : ends[0], .events = POLLIN};
    sem_post(&begun);
    MUST(poll(p, 40, -1) == 1 && p[0].revents == POLLIN);
    MUST(read(ends[0], &c, 1) == 1);
    (void)arg;
    return (void *)(intptr_t)c;
}

static void *waits(void *arg)
{
    int status;
    sem_post(&begun);
    MUST(waitpid((pid_t)(intptr_t)arg, &status, 0) > 0);
    return (void *)(intptr_t)WEXITSTATUS(status);
}

static void *opens(void *arg)
{
    char c = 0;
    sem_post(&begun);
    int fd = open(arg, O_RDONLY);
    MUST(read(fd, &c, 1) == 1);
    close(fd);
    return (void *)(intptr_t)c;
}

static void finish(const char *what, pthread_t t)
{
    void *value;
    MUST(pthread_join(t, &value) == 0);
    say("%s: %d", what, (int)(intptr_t)value);
}

static void in_calls(void)
{
    static const struct {
        const char *name;
        void *(*start)(void *);
    } calls[] = {{"read", reads}, {"readv", read_vector}, {"poll", polls}};
    pthread_t t;
    for (unsigned i = 0; i < 3; i++) {
        NEED(pthread_create(&t, NULL, calls[i].start, NULL) == 0);
        sem_wait(&begun);
        usleep(1000);
        MUST(write(ends[1], "A", 1) == 1);
        finish(calls[i].name, t);
    }
    pid_t child = fork();
    if (child == 0) {
        usleep(3000);
        _exit(9);
    }
    NEED(pthread_create(&t, NULL, waits, (void *)(intptr_t)child) == 0);
    sem_wait(&begun);
    finish("wait", t);
    unlink("/tmp/thread_block");
    NEED(mkfifo("/tmp/thread_block", 0600) == 0);
    NEED(pthread_create(&t, NULL, opens, "/tmp/thread_block") == 0);
    sem_wait(&begun);
    usleep(1000);
    int fd = open("/tmp/thread_block", O_WRONLY);
    MUST(write(fd, "F", 1) == 1);
    close(fd);
    finish("fifo", t);
    unlink("/tmp/thread_block");
}

// From outside, while another thread computes.
static volatile int stop;
static void *computes(void *arg)
{
    while (!stop)
        ;
    return arg;
}

static void beside_one_that_computes(void)
{
    pthread_t t, busy;
    NEED(pthread_create(&busy, NULL, computes, NULL) == 0);
    NEED(pthread_create(&t, NULL, reads, NULL) == 0);
    sem_wait(&begun);
    pid_t child = fork();
    if (child == 0) {
        usleep(3000);
        _exit(write(ends[1], "C", 1) != 1);
    }
    finish("from outside", t);
    MUST(wait_for(child) == 0);
    stop = 1;
    MUST(pthread_join(busy, NULL) == 0);
}

// The descriptor goes while a call waits behind it: the call goes on, and its end of the pipe goes
// when it is over. (On Linux so.)
static void closed_meanwhile(void)
{
    pthread_t t;
    int p[2], saved[2] = {ends[0], ends[1]};
    NEED(pipe(p) == 0);
    ends[0] = p[0], ends[1] = p[1];
    NEED(pthread_create(&t, NULL, reads, NULL) == 0);
    sem_wait(&begun);
    usleep(2000);
    MUST(close(p[0]) == 0);
    MUST(write(p[1], "D", 1) == 1);
    finish("closed", t);
    signal(SIGPIPE, SIG_IGN);
    TRY(write(p[1], "x", 1));
    close(p[1]);
    ends[0] = saved[0], ends[1] = saved[1];
}

// Ten threads sleep, each as long as it says and no longer than all others together.
static void *sleeps(void *arg)
{
    usleep(20000);
    return arg;
}

static void together(void)
{
    pthread_t t[20];
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < 20; i++)
        NEED(pthread_create(&t[i], NULL, sleeps, NULL) == 0);
    for (int i = 0; i < 20; i++)
        MUST(pthread_join(t[i], NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &to);
    long ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
    CHECK("together", ms >= 19 && ms < 300);
}

int main(void)
{
    NEED(pipe(ends) == 0 && pipe(other) == 0);
    sem_init(&begun, 0, 0);
    in_calls();
    beside_one_that_computes();
    closed_meanwhile();
    together();
    return 0;
}
