// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// timeout: 60
//
// Many signals while registers and the stack are in use: nothing the interrupted code holds may
// change (integer, SSE and x87 state, the red zone), and none that is waited for may get lost.
#include "tests/guest/check.h"
#include <sys/time.h>

static volatile sig_atomic_t ticks, acks;

// Uses floating point itself, so that a handler that does not save it is caught.
static void tick(int sig)
{
    volatile double x = 1.0;

    for (int i = 1; i < 20; i++)
        x = x * 1.37 + i;
    (void)sig;
    ticks++;
}

static void ack(int sig)
{
    (void)sig;
    acks++;
}

// A leaf function: gcc keeps its locals in the red zone below the stack pointer.
__attribute__((noinline)) static unsigned long leaf(unsigned long seed)
{
    volatile unsigned long a[12];

    for (int i = 0; i < 12; i++)
        a[i] = seed + (unsigned long)i;
    unsigned long sum = 0;
    for (int i = 0; i < 12; i++)
        sum += a[i];
    return sum;
}

static void computing(void)
{
    struct itimerval fast = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    long wrong_int = 0, wrong_double = 0, wrong_long_double = 0;

    install(SIGALRM, tick, SA_RESTART);
    NEED(setitimer(ITIMER_REAL, &fast, NULL) == 0);
    for (unsigned long n = 0; ticks < 100; n++) {
        double d = 0;
        long double ld = 1;
        for (int i = 1; i <= 50; i++) {
            d += i * 0.5;
            ld = ld * 3 / 2 * 2 / 3;
        }
        wrong_int += leaf(n) != 12 * n + 66;
        wrong_double += d != 637.5;
        wrong_long_double += ld < 0.999999L || ld > 1.000001L;
    }
    NEED(setitimer(ITIMER_REAL, &off, NULL) == 0);
    say("wrong: int %ld, double %ld, long double %ld", wrong_int, wrong_double, wrong_long_double);
}

// Ping-pong by signals between parent and child, 100 times, without a lost one.
static void ping_pong(void)
{
    sigset_t usr1, old;

    install(SIGUSR1, ack, 0);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    NEED(sigprocmask(SIG_BLOCK, &usr1, &old) == 0);
    pid_t parent = getpid(), pid = fork();
    NEED(pid >= 0);
    for (int i = 1; i <= 100; i++) {
        if (pid > 0)
            kill(pid, SIGUSR1);
        while (acks < i)
            sigsuspend(&old);
        if (pid == 0)
            kill(parent, SIGUSR1);
    }
    if (pid == 0)
        _exit(acks == 100 ? 9 : 1);
    say("acks %d", (int)acks);
    say_status("partner", wait_for(pid));
    sigprocmask(SIG_SETMASK, &old, NULL);
}

// Forks under a running timer: the child starts clean, the parent's calls stay intact.
static void fork_under_fire(void)
{
    struct itimerval fast = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};
    int good = 0;

    NEED(setitimer(ITIMER_REAL, &fast, NULL) == 0);
    for (int i = 0; i < 30; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0)
            _exit(leaf(5) == 126 ? i : 99);
        good += WEXITSTATUS(wait_for(pid)) == i;
    }
    NEED(setitimer(ITIMER_REAL, &off, NULL) == 0);
    say("forks under a timer: %d of 30", good);
}

int main(void)
{
    computing();
    ping_pong();
    fork_under_fire();
    return 0;
}
