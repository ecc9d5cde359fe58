// SPDX-License-Identifier: BSD-2-Clause
// Signals between processes: delivery at the end of a call and in the middle of a program, masks,
// siginfo, permission, stops. An interruption here is a real signal of the host that makes the
// upcall (fake_family.c), so handlers run at any instruction of the program.
// Neighbour: test_sigwait.c.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/ucontext.h"
#include "kernel/api/wait.h"
#include "kernel/entry.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "tests/unit/lib/family_helpers.h"

static volatile int calls, last;
static volatile uint64_t mask_inside;

static void note(int sig)
{
    calls++;
    last = sig;
    mask_inside = atomic_load(&proc_self->sig_blocked);
}

static void set_up(void)
{
    family_boot();
    notes = window_pages_alloc(1);
    current->altstack = (struct k_stack){.flags = SS_DISABLE};
    calls = last = 0;
}

static void tell(int at)
{
    __atomic_store_n(&notes->value[at], 1, __ATOMIC_SEQ_CST);
}

static void await(int at)
{
    for (int i = 0; i < 5000 && !__atomic_load_n(&notes->value[at], __ATOMIC_SEQ_CST); i++)
        family_sleep_ms(1);
}

// --- to itself ---

static void test_handler(void)
{
    set_up();
    handle(SIGUSR1, 0, SIG_BIT(SIGHUP), note);
    CHECK_EQ(sys_kill(2, SIGUSR1), 0);
    CHECK_EQ(calls, 1);
    CHECK_EQ(last, SIGUSR1);
    CHECK_EQ(mask_inside, SIG_BIT(SIGUSR1) | SIG_BIT(SIGHUP));
    CHECK_EQ(atomic_load(&proc_self->sig_blocked), 0);
    CHECK_EQ(in_kernel(), 0);
    handle(SIGUSR1, SA_NODEFER | SA_RESETHAND, 0, note);
    CHECK_EQ(sys_kill(2, SIGUSR1), 0);
    CHECK_EQ(mask_inside, 0);
    struct k_sigaction now;
    CHECK_EQ(sys_sigaction(SIGUSR1, NULL, &now), 0);
    CHECK(now.handler == K_SIG_DFL);
    CHECK_EQ(sys_kill(2, 0), 0);
    CHECK_EQ(sys_kill(2, 65), -EINVAL);
    CHECK_EQ(sys_kill(99, SIGUSR1), -ESRCH);
    CHECK_EQ(sys_kill(1, SIGTERM), -EPERM); // the supervisor
    CHECK_EQ(sys_sigaction(SIGKILL, &now, NULL), -EINVAL);
}

static void test_blocked(void)
{
    uint64_t set = SIG_BIT(SIGUSR1) | SIG_BIT(SIGKILL), pending, old;
    set_up();
    handle(SIGUSR1, 0, 0, note);
    CHECK_EQ(sys_sigprocmask(SIG_BLOCK, &set, &old), 0);
    CHECK_EQ(old, 0);
    CHECK_EQ(sys_kill(2, SIGUSR1), 0);
    CHECK_EQ(sys_kill(2, SIGUSR1), 0);
    CHECK_EQ(calls, 0);
    CHECK_EQ(sys_sigpending(&pending), 0);
    CHECK_EQ(pending, SIG_BIT(SIGUSR1));
    CHECK_EQ(sys_sigprocmask(SIG_UNBLOCK, &set, &old), 0);
    CHECK_EQ(old, SIG_BIT(SIGUSR1)); // SIGKILL cannot be blocked
    CHECK_EQ(calls, 1);              // two of a kind are one
    CHECK_EQ(sys_sigprocmask(7, &set, NULL), -EINVAL);
    CHECK_EQ(sys_sigprocmask(7, NULL, NULL), 0);
}

static void test_ignored(void)
{
    uint64_t set = SIG_BIT(SIGUSR1), pending;
    set_up();
    handle(SIGUSR1, 0, 0, K_SIG_IGN);
    CHECK_EQ(sys_kill(2, SIGUSR1), 0);
    CHECK_EQ(sys_kill(2, SIGCHLD), 0); // ignored by default
    CHECK_EQ(atomic_load(&proc_self->sig_pending), 0);
    CHECK_EQ(sys_kill(2, SIGCONT), 0); // kept, for it ends a stop, but gone when somebody listens
    handle(SIGCONT, 0, 0, note);
    CHECK_EQ(sys_kill(2, 0), 0);
    CHECK_EQ(calls, 0);
    // Ignoring a pending signal discards it.
    handle(SIGUSR1, 0, 0, note);
    sys_sigprocmask(SIG_BLOCK, &set, NULL);
    sys_kill(2, SIGUSR1);
    handle(SIGUSR1, 0, 0, K_SIG_IGN);
    CHECK_EQ(sys_sigpending(&pending), 0);
    CHECK_EQ(pending, 0);
    sys_sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK_EQ(calls, 0);
}

static volatile struct k_siginfo got;

static void note_info(int sig, struct k_siginfo *info, struct k_ucontext *uc)
{
    note(sig);
    got = *info;
    uc->sigmask |= SIG_BIT(SIGHUP); // in force afterwards
}

static void test_siginfo(void)
{
    set_up();
    handle(SIGUSR2, SA_SIGINFO, 0, (void (*)(int))(void *)note_info);
    CHECK_EQ(sys_sigqueue(2, SIGUSR2, 0x123456789a), 0);
    CHECK_EQ(calls, 1);
    CHECK_EQ(got.signo, SIGUSR2);
    CHECK_EQ(got.code, SI_QUEUE);
    CHECK_EQ(got.u.proc.pid, 2);
    CHECK_EQ(got.u.proc.value, 0x123456789a);
    CHECK_EQ(atomic_load(&proc_self->sig_blocked), SIG_BIT(SIGHUP));
    CHECK_EQ(sys_sigqueue(-2, SIGUSR2, 0), -ESRCH);
}

static void again(int sig)
{
    note(sig);
    if (calls < 3)
        sys_kill(2, sig);
}

// A handler that sends its own signal is called again after it has returned, not inside.
// What the host's user sends comes to the first program, as from nobody's process, whatever number
// the host writes; what a terminal's keys send, to its group.
static void test_from_host(void)
{
    set_up();
    const uint64_t caught[] = {SIGTERM, SIGUSR1, SIGHUP};
    for (unsigned i = 0; i < 3; i++)
        handle((int)caught[i], 0, 0, note);
    signal_from_host(); // nothing
    sys_enter();
    window_header()->signals =
        UINT64_C(1) << SIGTERM | UINT64_C(1) << SIGHUP | UINT64_C(1) << 63 | 1;
    signal_from_host();
    CHECK_EQ(atomic_load(&proc_self->sig_pending), SIG_BIT(SIGTERM) | SIG_BIT(SIGHUP));
    CHECK_EQ(proc_self->siginfo[SIGTERM - 1].pid, 0);
    CHECK_EQ(window_header()->signals, 0);
    long r = 0;
    sys_leave(&r);
    CHECK_EQ(calls, 2);
    long pid = sys_fork();
    if (pid == 0) {
        window_header()->signals = UINT64_C(1) << SIGUSR1;
        signal_from_host(); // not the child's business
        sys_exit(window_header()->signals == UINT64_C(1) << SIGUSR1 ? 0 : 1);
    }
    CHECK_EQ(reap(pid), 0);
    window_header()->signals = 0;
    check_alone();
}

static void test_nested(void)
{
    set_up();
    handle(SIGUSR1, 0, 0, again);
    CHECK_EQ(sys_kill(2, SIGUSR1), 0);
    CHECK_EQ(calls, 3);
    CHECK_EQ(mask_inside, SIG_BIT(SIGUSR1));
    CHECK_EQ(atomic_load(&proc_self->sig_blocked), 0);
}

// --- between processes ---

static void test_interrupts_program(void)
{
    set_up();
    handle(SIGUSR1, 0, 0, note);
    long pid = sys_fork();
    if (pid == 0) {
        tell(0);
        while (!calls) // only computing
            ;
        sys_exit(last);
    }
    await(0);
    CHECK_EQ(sys_kill((int)pid, SIGUSR1), 0);
    CHECK_EQ(reap(pid), SIGUSR1);
}

static void test_default_ends(void)
{
    static const int sigs[] = {SIGTERM, SIGKILL, SIGSEGV, SIGRTMIN};
    set_up();
    for (int i = 0; i < 4; i++) {
        long pid = sys_fork();
        if (pid == 0) {
            tell(i);
            for (;;)
                ;
        }
        await(i);
        CHECK_EQ(sys_kill((int)pid, sigs[i]), 0);
        CHECK_EQ(reap(pid), -sigs[i]);
    }
    CHECK_EQ(lower_fd_tables(), 1);
}

static void test_group(void)
{
    long pids[3];
    set_up();
    for (int i = 0; i < 3; i++) {
        pids[i] = sys_fork();
        if (pids[i] == 0) {
            if (i < 2)
                sys_setpgid(0, i ? (int)pids[0] : 0);
            tell(i);
            for (;;)
                family_sleep_ms(1);
        }
        await(i);
    }
    CHECK_EQ(sys_kill(-(int)pids[0], SIGTERM), 0);
    CHECK_EQ(reap(pids[0]), -SIGTERM);
    CHECK_EQ(reap(pids[1]), -SIGTERM);
    CHECK_EQ(sys_wait4((int)pids[2], NULL, WNOHANG, NULL), 0);
    CHECK_EQ(sys_kill(-1, SIGKILL), 0); // all but us
    CHECK_EQ(reap(pids[2]), -SIGKILL);
    CHECK_EQ(sys_kill(-1, SIGKILL), -ESRCH);
}

static void test_permission(void)
{
    set_up();
    long pid = sys_fork();
    if (pid == 0) {
        struct proc *p = proc_self;
        p->uid = p->euid = p->suid = 7;
        int good = sys_kill(2, SIGTERM) == -EPERM && sys_kill(2, 0) == -EPERM &&
                   sys_kill(2, SIGCONT) == 0; // same session
        sys_exit(good);
    }
    CHECK_EQ(reap(pid), 1);
}

static void test_sigchld(void)
{
    set_up();
    handle(SIGCHLD, SA_SIGINFO | SA_RESTART, 0, (void (*)(int))(void *)note_info);
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(23);
    CHECK_EQ(reap(pid), 23);
    for (int i = 0; i < 1000 && !calls; i++)
        family_sleep_ms(1);
    CHECK_EQ(calls, 1);
    CHECK_EQ(got.code, CLD_EXITED);
    CHECK_EQ(got.u.proc.pid, pid);
    CHECK_EQ(got.u.proc.status, 23);
}

// --- stopping ---

static void test_stop(void)
{
    int status;
    set_up();
    handle(SIGCHLD, SA_NOCLDSTOP, 0, note);
    long pid = sys_fork();
    if (pid == 0) {
        for (;;)
            notes->value[0]++;
    }
    CHECK_EQ(sys_kill((int)pid, SIGSTOP), 0);
    CHECK_EQ(sys_wait4((int)pid, &status, WUNTRACED, NULL), pid);
    CHECK_EQ(status, K_STATUS_STOPPED(SIGSTOP));
    int at = notes->value[0];
    family_sleep_ms(10);
    CHECK_EQ(notes->value[0], at);
    CHECK_EQ(sys_wait4((int)pid, &status, WUNTRACED | WNOHANG, NULL), 0); // told once
    CHECK_EQ(sys_kill((int)pid, SIGCONT), 0);
    CHECK_EQ(sys_wait4((int)pid, &status, WCONTINUED, NULL), pid);
    CHECK_EQ(status, K_STATUS_CONTINUED);
    CHECK_EQ(calls, 0); // SA_NOCLDSTOP
    CHECK_EQ(sys_kill((int)pid, SIGSTOP), 0);
    CHECK_EQ(sys_wait4((int)pid, &status, WUNTRACED, NULL), pid);
    CHECK_EQ(sys_kill((int)pid, SIGTERM), 0); // held back by the stop
    family_sleep_ms(5);
    CHECK_EQ(sys_wait4((int)pid, &status, WNOHANG, NULL), 0);
    CHECK_EQ(sys_kill((int)pid, SIGKILL), 0); // which nothing holds back
    CHECK_EQ(reap(pid), -SIGKILL);
}

// A stop from the terminal does nothing where nobody could continue it.
static void test_orphaned_group(void)
{
    set_up();
    handle(SIGUSR1, 0, 0, note);
    CHECK_EQ(sys_kill(2, SIGTSTP), 0); // our parent is the supervisor
    CHECK_EQ(proc_self->state, PROC_RUNNING);
}

// Every signal sent is seen, though handlers interrupt one another and every call.
static void test_storm(void)
{
    enum { ROUNDS = 200 };
    set_up();
    handle(SIGUSR1, SA_RESTART, 0, note);
    long pid = sys_fork();
    if (pid == 0) {
        for (int i = 0; i < ROUNDS; i++) {
            sys_kill(2, SIGUSR1);
            while (__atomic_load_n(&notes->value[1], __ATOMIC_SEQ_CST) <= i)
                ;
        }
        sys_exit(44);
    }
    while (calls < ROUNDS) {
        notes->value[1] = calls;
        sys_getppid();
    }
    notes->value[1] = calls;
    CHECK_EQ(reap(pid), 44);
    CHECK_EQ(calls, ROUNDS);
    CHECK_EQ(pv_shared->critical, 0);
    CHECK_EQ(family_left(), 0);
}

int main(void)
{
    RUN(test_handler);
    RUN(test_blocked);
    RUN(test_ignored);
    RUN(test_siginfo);
    RUN(test_from_host);
    RUN(test_nested);
    RUN(test_interrupts_program);
    RUN(test_default_ends);
    RUN(test_group);
    RUN(test_permission);
    RUN(test_sigchld);
    RUN(test_stop);
    RUN(test_orphaned_group);
    RUN(test_storm);
    return check_done("signal");
}
