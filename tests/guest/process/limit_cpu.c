// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Processor time: RLIMIT_CPU ends a loop, by SIGXCPU at the soft limit and SIGKILL at the hard one;
// ITIMER_VIRTUAL and ITIMER_PROF tick while the process computes.
#include "tests/guest/check.h"
#include <sys/resource.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;

static void on_tick(int sig)
{
    (void)sig;
    ticks++;
}

static void loop_under(const char *what, rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {soft, hard};
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(setrlimit(RLIMIT_CPU, &limit) == 0);
        for (;;)
            ;
    }
    int status = wait_for(pid);
    say("%s: signal %d", what, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void tick(const char *what, int which, int sig)
{
    struct itimerval timer = {{0, 10000}, {0, 10000}}, off = {{0, 0}, {0, 0}}, old;
    ticks = 0;
    install(sig, on_tick, SA_RESTART);
    NEED(setitimer(which, &timer, NULL) == 0);
    while (ticks < 5)
        ;
    NEED(setitimer(which, &off, &old) == 0);
    say("%s: period %ld", what, (long)old.it_interval.tv_usec);
    NEED(getitimer(which, &old) == 0);
    CHECK("off", old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
}

int main(void)
{
    loop_under("hard", 1, 1);
    loop_under("soft", 1, 5);
    tick("virtual", ITIMER_VIRTUAL, SIGVTALRM);
    tick("prof", ITIMER_PROF, SIGPROF);
    return 0;
}
