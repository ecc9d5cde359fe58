// SPDX-License-Identifier: BSD-2-Clause
// What is kept about signals: queues of real-time signals, what becomes of ignored ones, and calls
// that change a process's state while handlers come at every instruction (tests/unit/lib/step.h).
// Neighbours: test_signal.c, test_sigwait.c.
#include "tests/unit/lib/check.h"
#include <string.h>
#include "kernel/api/errno.h"
#include "kernel/api/time.h"
#include "kernel/entry.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/root.h"
#include "tests/unit/lib/family_helpers.h"
#include "tests/unit/lib/step.h"

enum { LOW = SIGRTMIN, HIGH = SIGRTMIN + 3 };

static struct {
    int sig;
    uint64_t value;
} got[64];
static int ngot;

static void note_value(int sig, struct k_siginfo *info, void *context)
{
    (void)context;
    got[ngot].sig = sig;
    got[ngot++].value = info->u.proc.value;
}

static void set_up(void)
{
    family_boot();
    notes = window_pages_alloc(1);
    current->altstack = (struct k_stack){.flags = SS_DISABLE};
    ngot = 0;
}

static void listen(int sig)
{
    handle(sig, SA_SIGINFO, ~UINT64_C(0), (void (*)(int))(void *)note_value);
}

static uint32_t records(void)
{
    return window_root()->sig_records.used;
}

// --- real-time signals are queued: lowest number first, each number in order ---

static void test_queue(void)
{
    uint64_t set = SIG_BIT(LOW) | SIG_BIT(HIGH), pending;
    set_up();
    listen(LOW);
    listen(HIGH);
    sys_sigprocmask(SIG_BLOCK, &set, NULL);
    for (uint64_t v = 1; v <= 3; v++) {
        CHECK_EQ(sys_sigqueue(2, HIGH, v), 0);
        CHECK_EQ(sys_sigqueue(2, LOW, v + 10), 0);
    }
    CHECK_EQ(sys_kill(2, LOW), 0); // queued as well
    CHECK_EQ(records(), 7);
    sys_sigpending(&pending);
    CHECK_EQ(pending, set);
    sys_sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK_EQ(ngot, 7);
    static const uint64_t values[] = {11, 12, 13, 0, 1, 2, 3};
    for (int i = 0; i < 7; i++)
        CHECK(got[i].sig == (i < 4 ? LOW : HIGH) && got[i].value == values[i]);
    CHECK_EQ(records(), 0);
}

static void test_queue_sigwait(void)
{
    uint64_t set = SIG_BIT(HIGH);
    struct k_timespec now = {0, 0};
    struct k_siginfo info;
    set_up();
    sys_sigprocmask(SIG_BLOCK, &set, NULL);
    long pid = sys_fork();
    if (pid == 0) {
        for (uint64_t v = 0; v < 20; v++)
            sys_sigqueue(2, HIGH, v);
        sys_exit(0);
    }
    CHECK_EQ(reap(pid), 0);
    for (uint64_t v = 0; v < 20; v++) {
        CHECK_EQ(sys_sigtimedwait(&set, &info, &now), HIGH);
        CHECK_EQ(info.u.proc.value, v);
        CHECK_EQ(info.u.proc.pid, pid);
    }
    CHECK_EQ(sys_sigtimedwait(&set, &info, &now), -EAGAIN);
    CHECK_EQ(records(), 0);
}

static void test_queue_full(void)
{
    uint64_t set = SIG_BIT(LOW);
    struct k_rlimit few = {2, 2};
    set_up();
    listen(LOW);
    CHECK_EQ(sys_setrlimit(RLIMIT_SIGPENDING, &few), 0);
    sys_sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_EQ(sys_sigqueue(2, LOW, 1), 0);
    CHECK_EQ(sys_sigqueue(2, LOW, 2), 0);
    CHECK_EQ(sys_sigqueue(2, LOW, 3), -EAGAIN);
    CHECK_EQ(sys_sigqueue(2, SIGURG, 3), 0); // no room is needed
    CHECK_EQ(sys_kill(2, LOW), 0);           // and kill() is never refused for that
    sys_sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK_EQ(ngot, 2);
}

// Who ends, or discards a signal, leaves no record.
static void test_queue_leaves(void)
{
    uint64_t set = SIG_BIT(LOW), pending;
    set_up();
    sys_sigprocmask(SIG_BLOCK, &set, NULL);
    long pid = sys_fork();
    if (pid == 0) {
        sys_sigqueue((int)sys_getpid(), LOW, 1);
        sys_exit(0);
    }
    CHECK_EQ(reap(pid), 0);
    CHECK_EQ(records(), 0);
    sys_sigqueue(2, LOW, 1);
    sys_sigqueue(2, LOW, 2);
    handle(LOW, 0, 0, K_SIG_IGN);
    CHECK_EQ(records(), 0);
    sys_sigpending(&pending);
    CHECK_EQ(pending, 0);
    check_alone();
}

// --- ignored while blocked: kept, and forgotten when it is unblocked ---

static int is_pending(int sig)
{
    uint64_t set = 0, block = SIG_BIT(sig);
    sys_sigprocmask(SIG_BLOCK, &block, NULL);
    sys_sigpending(&set);
    return (set & SIG_BIT(sig)) != 0;
}

static void test_ignored_is_forgotten(void)
{
    uint64_t hup = SIG_BIT(SIGHUP), usr1 = SIG_BIT(SIGUSR1), none = 0;
    set_up();
    handle(SIGHUP, 0, 0, K_SIG_IGN);
    sys_sigprocmask(SIG_BLOCK, &hup, NULL);
    sys_kill(2, SIGHUP);
    CHECK(is_pending(SIGHUP)); // it may be about to sigwait for it
    sys_sigprocmask(SIG_UNBLOCK, &hup, NULL);
    CHECK(!is_pending(SIGHUP));
    // The same by sigsuspend(), which another signal ends.
    listen(SIGUSR1);
    sys_kill(2, SIGHUP);
    sys_sigprocmask(SIG_BLOCK, &usr1, NULL);
    sys_kill(2, SIGUSR1);
    CHECK_EQ(sys_sigsuspend(&none), -EINTR);
    CHECK(!is_pending(SIGHUP));
    listen(SIGHUP);
    sys_sigprocmask(SIG_UNBLOCK, &hup, NULL);
    CHECK_EQ(ngot, 1); // SIGUSR1 alone
}

// --- a handler at every instruction of a call finds the old state or the new one ---

static void (*look)(void);
static int at, fire_at, torn;

static void on_usr1(int sig)
{
    (void)sig;
    look();
}

static void interrupt(void)
{
    if (in_kernel() || ++at != fire_at)
        return;
    signal_post(proc_vm, SIGUSR1, NULL);
    family_interrupt();
}

// Interrupts call() at each of its instructions outside the kernel in turn: how many there are.
static int stepped(void (*reset)(void), void (*call)(void), void (*check)(void))
{
    set_up();
    look = check;
    handle(SIGUSR1, 0, 0, on_usr1);
    torn = 0;
    for (fire_at = 1;; fire_at++) {
        reset();
        at = 0;
        step_begin(interrupt);
        call();
        step_end();
        if (at < fire_at)
            return at;
    }
}

static void old_altstack(void)
{
    current->altstack = (struct k_stack){.flags = SS_DISABLE};
}

static uint8_t stacks[2][3 * MINSIGSTKSZ];

static void new_altstack(void)
{
    struct k_stack ss = {.sp = stacks[1], .size = 2 * MINSIGSTKSZ};
    sys_sigaltstack(&ss, NULL);
}

static void check_altstack(void)
{
    const struct k_stack *ss = &current->altstack;
    int fresh = ss->sp == stacks[1] && ss->size == 2 * MINSIGSTKSZ && ss->flags == 0;
    int old = !ss->sp && ss->size == 0 && ss->flags == SS_DISABLE;
    torn += !fresh && !old;
}

static void test_whole_altstack(void)
{
    CHECK(stepped(old_altstack, new_altstack, check_altstack) > 10);
    CHECK_EQ(torn, 0);
    CHECK(current->altstack.sp == stacks[1]);
}

static void old_ids(void)
{
    struct proc *p = proc_self;
    p->uid = p->euid = p->suid = 0;
}

static void new_ids(void)
{
    sys_setresuid(5, 6, 7);
}

static void check_ids(void)
{
    const struct proc *p = proc_self;
    torn += !(p->uid == 0 && p->euid == 0 && p->suid == 0) &&
            !(p->uid == 5 && p->euid == 6 && p->suid == 7);
}

static void test_whole_ids(void)
{
    CHECK(stepped(old_ids, new_ids, check_ids) > 10);
    CHECK_EQ(torn, 0);
    CHECK_EQ(proc_self->suid, 7);
}

static void old_groups(void)
{
    proc_self->ngroups = 0;
    memset(proc_self->groups, 0, sizeof proc_self->groups);
}

static void new_groups(void)
{
    static const uint32_t groups[] = {1, 2, 3};
    sys_setgroups(3, groups);
}

static void check_groups(void)
{
    const struct proc *p = proc_self;
    torn += p->groups[0] ? p->groups[2] != 3 || p->ngroups != 3 : p->groups[2] || p->ngroups;
}

static void test_whole_groups(void)
{
    CHECK(stepped(old_groups, new_groups, check_groups) > 10);
    CHECK_EQ(torn, 0);
}

static void old_limit(void)
{
    proc_self->rlimits[RLIMIT_FSIZE] = (struct k_rlimit){1000, 1000};
}

static void new_limit(void)
{
    struct k_rlimit limit = {100, 200};
    sys_setrlimit(RLIMIT_FSIZE, &limit);
}

static void check_limit(void)
{
    const struct k_rlimit *l = &proc_self->rlimits[RLIMIT_FSIZE];
    torn += (l->cur == 100) != (l->max == 200);
}

static void test_whole_limit(void)
{
    CHECK(stepped(old_limit, new_limit, check_limit) > 10);
    CHECK_EQ(torn, 0);
}

// --- times that overflow before they are refused ---

static void test_huge_times(void)
{
    struct k_itimerval timer = {.value = {1, INT64_MAX}};
    set_up();
    CHECK_EQ(sys_setitimer(ITIMER_REAL, &timer, NULL), -EINVAL);
    timer = (struct k_itimerval){.value = {1, INT64_MIN}};
    CHECK_EQ(sys_setitimer(ITIMER_REAL, &timer, NULL), -EINVAL);
}

int main(void)
{
    RUN(test_queue);
    RUN(test_queue_sigwait);
    RUN(test_queue_full);
    RUN(test_queue_leaves);
    RUN(test_ignored_is_forgotten);
    RUN(test_whole_altstack);
    RUN(test_whole_ids);
    RUN(test_whole_groups);
    RUN(test_whole_limit);
    RUN(test_huge_times);
    return check_done("sigstate");
}
