// SPDX-License-Identifier: BSD-2-Clause
// Calls that wait, and signals that end them or not: restarts, sigsuspend, sigtimedwait, sleeps,
// alarms. Each process is a host process over one window; see fake_family.h. Neighbour:
// test_signal.c.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/time.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/thread/thread.h"
#include "tests/unit/lib/family_helpers.h"
#include "tests/unit/lib/fake_kernel.h"

static volatile int calls, last;

static void note(int sig)
{
    calls++;
    last = sig;
}

static void set_up(void)
{
    family_boot();
    current->altstack = (struct k_stack){.flags = SS_DISABLE};
    calls = last = 0;
}

// A child that sends SIGUSR1 to us when we are surely asleep, then ends.
static long kicker(int code)
{
    long pid = sys_fork();
    if (pid == 0) {
        while (!__atomic_load_n(&window_door(1)->asleep, __ATOMIC_SEQ_CST))
            family_sleep_ms(1);
        sys_kill(2, SIGUSR1);
        family_sleep_ms(20);
        sys_exit(code);
    }
    return pid;
}

static void test_restart(void)
{
    set_up();
    handle(SIGUSR1, SA_RESTART, 0, note);
    CHECK_EQ(reap(kicker(5)), 5);
    CHECK_EQ(calls, 1);
    handle(SIGUSR1, 0, 0, note);
    long pid = kicker(6);
    CHECK_EQ(sys_wait4((int)pid, NULL, 0, NULL), -EINTR);
    CHECK_EQ(calls, 2);
    CHECK_EQ(reap(pid), 6);
    CHECK_EQ(pv_shared->critical, 0);
}

static void test_sigsuspend(void)
{
    uint64_t set = SIG_BIT(SIGUSR1), none = 0;
    set_up();
    handle(SIGUSR1, SA_RESTART, 0, note);
    sys_sigprocmask(SIG_BLOCK, &set, NULL);
    sys_kill(2, SIGUSR1); // pending before: the swap of masks must notice
    CHECK_EQ(sys_sigsuspend(&none), -EINTR);
    CHECK_EQ(calls, 1);
    CHECK_EQ(atomic_load(&proc_self->sig_blocked), set);
    long pid = kicker(1);
    CHECK_EQ(sys_sigsuspend(&none), -EINTR);
    CHECK_EQ(calls, 2);
    CHECK_EQ(atomic_load(&proc_self->sig_blocked), set);
    CHECK_EQ(reap(pid), 1);
}

static void test_sigtimedwait(void)
{
    uint64_t set = SIG_BIT(SIGUSR1), mask = SIG_BIT(SIGUSR1) | SIG_BIT(SIGCHLD);
    struct k_timespec soon = {0, 5000000}, long_time = {60, 0}, wrong = {0, -1};
    struct k_siginfo info;
    set_up();
    sys_sigprocmask(SIG_BLOCK, &mask, NULL);
    CHECK_EQ(sys_sigtimedwait(&set, &info, &soon), -EAGAIN);
    CHECK_EQ(sys_sigtimedwait(&set, &info, &wrong), -EINVAL);
    long pid = kicker(1);
    CHECK_EQ(sys_sigtimedwait(&set, &info, &long_time), SIGUSR1);
    CHECK_EQ(info.signo, SIGUSR1);
    CHECK_EQ(info.u.proc.pid, pid);
    CHECK_EQ(calls, 0);
    CHECK_EQ(reap(pid), 1);
}

static void test_nanosleep(void)
{
    struct k_timespec req = {0, 3000000}, rem = {0, 0}, minute = {60, 0};
    set_up();
    uint64_t from = pv_mono_ns();
    CHECK_EQ(sys_clock_nanosleep(CLOCK_MONOTONIC, 0, &req, &rem), 0);
    CHECK(pv_mono_ns() - from >= 3000000);
    handle(SIGUSR1, SA_RESTART, 0, note); // ends a sleep all the same
    long pid = kicker(1);
    CHECK_EQ(sys_clock_nanosleep(CLOCK_MONOTONIC, 0, &minute, &rem), -EINTR);
    CHECK(rem.sec >= 50 && rem.sec < 60);
    CHECK_EQ(reap(pid), 1);
}

static void test_alarm(void)
{
    struct k_itimerval timer = {.interval = {0, 4000}, .value = {0, 4000}}, off = {0}, old;
    struct k_timespec long_time = {60, 0};
    set_up();
    handle(SIGALRM, 0, 0, note);
    CHECK_EQ(sys_setitimer(ITIMER_REAL, &timer, &old), 0);
    CHECK_EQ(old.value.usec, 0);
    CHECK_EQ(sys_clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL), -EINTR);
    CHECK(calls >= 1);
    while (calls < 4) // computing
        ;
    CHECK_EQ(last, SIGALRM);
    CHECK_EQ(sys_setitimer(ITIMER_REAL, &off, &old), 0);
    CHECK_EQ(old.interval.usec, 4000);
    CHECK_EQ(sys_getitimer(ITIMER_REAL, &old), 0);
    CHECK(old.value.sec == 0 && old.value.usec == 0);
    CHECK_EQ(sys_setitimer(3, &timer, NULL), -EINVAL);
}

// --- timers of processor time ---

static void burn_until(int n)
{
    uint64_t end = pv_mono_ns() + UINT64_C(20000000000);
    while (calls < n && pv_mono_ns() < end)
        ;
}

static void test_cpu_timers(void)
{
    static const int sigs[] = {SIGVTALRM, SIGPROF};
    struct k_itimerval timer = {.interval = {0, 5000}, .value = {0, 5000}}, off = {0}, old;
    struct k_timespec nap = {0, 60000000};
    for (int i = 0; i < 2; i++) {
        set_up();
        handle(sigs[i], SA_RESTART, 0, note);
        CHECK_EQ(sys_setitimer(ITIMER_VIRTUAL + i, &timer, NULL), 0);
        burn_until(3);
        CHECK(calls >= 3 && last == sigs[i]);
        calls = 0;
        uint64_t waits = fake_waits;
        sys_clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL); // takes no processor time
        CHECK(calls <= 1);
        CHECK(fake_waits - waits <= 4); // and is not woken every period
        burn_until(3);
        CHECK(calls >= 3); // goes on
        CHECK_EQ(sys_setitimer(ITIMER_VIRTUAL + i, &off, &old), 0);
        CHECK_EQ(old.interval.usec, 5000);
        CHECK(old.value.usec > 0 && old.value.usec <= 5000);
    }
}

// A loop that never ends, under a soft and a hard limit of seconds; the clock is helped along.
static void run_under(uint64_t soft, uint64_t hard)
{
    struct k_rlimit limit = {soft, hard};
    handle(SIGXCPU, 0, 0, note);
    CHECK_EQ(sys_setrlimit(RLIMIT_CPU, &limit), 0);
    for (int seen = 0;;) {
        if (calls != seen)
            notes->value[0] = seen = calls;
    }
}

static void test_cpu_limit(void)
{
    set_up();
    notes = window_pages_alloc(1);
    long pid = sys_fork();
    if (pid == 0)
        run_under(1, 2);
    CHECK_EQ(reap(pid), -SIGKILL);
    CHECK_EQ(notes->value[0], 1);
    pid = sys_fork();
    if (pid == 0) { // inherited, but counted anew; and without a handler
        struct k_rlimit limit = {1, 10};
        sys_setrlimit(RLIMIT_CPU, &limit);
        if ((pid = sys_fork()) == 0)
            for (;;)
                ;
        sys_exit(reap(pid) == -SIGXCPU ? 7 : 1);
    }
    CHECK_EQ(reap(pid), 7);
}

static void test_limits_that_do_not_hold(void)
{
    static const int memory[] = {RLIMIT_STACK, RLIMIT_DATA, RLIMIT_AS};
    struct k_rlimit small = {4096, K_RLIM_INFINITY}, large = {UINT64_C(1) << 40, K_RLIM_INFINITY};
    set_up();
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(sys_setrlimit(memory[i], &large), 0);
        if (i == 0) // the others are as large as the host's idea of RAM, which is nothing here
            CHECK_EQ(sys_setrlimit(memory[i], &small), -EINVAL);
    }
    proc_self->euid = 5;
    CHECK_EQ(sys_setpriority(PRIO_PROCESS, 0, -1), -EACCES);
    proc_self->rlimits[RLIMIT_NICE].cur = 22;
    CHECK_EQ(sys_setpriority(PRIO_PROCESS, 0, -2), 0);
    CHECK_EQ(sys_setpriority(PRIO_PROCESS, 0, -3), -EACCES);
}

int main(void)
{
    RUN(test_restart);
    RUN(test_sigsuspend);
    RUN(test_sigtimedwait);
    RUN(test_nanosleep);
    RUN(test_alarm);
    RUN(test_cpu_timers);
    RUN(test_cpu_limit);
    RUN(test_limits_that_do_not_hold);
    return check_done("sigwait");
}
