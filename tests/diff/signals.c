// SPDX-License-Identifier: BSD-2-Clause
// Signals of one process: dispositions, masks, what is pending, what a handler is told. Signals
// whose default action would end the process are never left at it. See diff.h.
#include <time.h>

#include "tests/diff/diff.h"

static int sigs[9];          // the signals that take part
static const int deadly = 6; // the first of them end a process by default

struct event {
    int sig, code, value;
};
static volatile struct event seen[64];
static volatile sig_atomic_t count;

static void note(int sig, int code, int value)
{
    int at = count;
    if (at < (int)LENGTH(seen)) {
        seen[at].sig = sig;
        seen[at].code = code;
        seen[at].value = value;
        count = at + 1;
    }
}

static void plain(int sig)
{
    note(sig, 0, 0);
}

static void informed(int sig, siginfo_t *info, void *context)
{
    (void)context;
    // Who sent it: raise() is a kill() of oneself on one side and a call of its own on the other.
    note(sig, info->si_code == SI_QUEUE ? SI_QUEUE : SI_USER,
         info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
}

static unsigned index_of(int sig)
{
    for (unsigned i = 0; i < LENGTH(sigs); i++)
        if (sigs[i] == sig)
            return i;
    return 99;
}

// In the order of the signals: which of several runs first is left open. What is queued of one
// signal keeps its order.
static void put_events(void)
{
    for (unsigned s = 0; s < LENGTH(sigs); s++)
        for (int i = 0; i < count; i++)
            if (seen[i].sig == sigs[s])
                put(" (%u code %d value %d)", s, seen[i].code, seen[i].value);
    count = 0;
}

static void begin(void)
{
    const int all[] = {SIGUSR1,      SIGUSR2, SIGTERM, SIGALRM, SIGRTMIN,
                       SIGRTMIN + 1, SIGCHLD, SIGURG,  SIGWINCH};
    memcpy(sigs, all, sizeof sigs);
    for (int i = 0; i < deadly; i++)
        signal(sigs[i], plain);
}

static int a_signal(void)
{
    unsigned i = pick(LENGTH(sigs));
    put(" %u", i);
    return sigs[i];
}

static void a_set(sigset_t *set)
{
    sigemptyset(set);
    for (unsigned i = 0; i < LENGTH(sigs); i++)
        if (pick(3) == 0) {
            sigaddset(set, sigs[i]);
            put(" %u", i);
        }
}

static void put_set(const sigset_t *set)
{
    put(" {");
    for (unsigned i = 0; i < LENGTH(sigs); i++)
        if (sigismember(set, sigs[i]) == 1)
            put("%u", i);
    put("}");
}

static void do_action(void)
{
    static const int flag[] = {SA_RESTART, SA_NODEFER, SA_NOCLDSTOP, SA_NOCLDWAIT};
    struct sigaction sa = {0}, old;
    int sig = a_signal();
    unsigned how = pick(4);
    if (how == 0 && index_of(sig) < (unsigned)deadly)
        how = 1;
    sigemptyset(&sa.sa_mask);
    put(" how %u mask", how);
    if (how == 2) {
        sa.sa_sigaction = informed;
        sa.sa_flags = SA_SIGINFO;
    } else {
        sa.sa_handler = how == 0 ? SIG_DFL : how == 1 ? SIG_IGN : plain;
    }
    a_set(&sa.sa_mask);
    if (pick(2))
        sa.sa_flags |= PICK(flag);
    put(" flags %x", (unsigned)sa.sa_flags);
    put_result(sigaction(sig, &sa, &old));
    put(" was %d %x",
        old.sa_handler == SIG_DFL   ? 0
        : old.sa_handler == SIG_IGN ? 1
                                    : 2,
        (unsigned)old.sa_flags & (SA_SIGINFO | SA_RESTART | SA_NODEFER | SA_RESETHAND));
    put_set(&old.sa_mask);
    put_events();
}

static void do_send(void)
{
    int sig = a_signal();
    unsigned how = pick(4), n = 1 + pick(3);
    put(" how %u times %u", how, n);
    for (unsigned i = 0; i < n; i++)
        switch (how) {
        case 0:
            put_result(raise(sig));
            break;
        case 1:
            put_result(kill(getpid(), sig));
            break;
        default:
            put_result(sigqueue(getpid(), sig, (union sigval){.sival_int = (int)pick(1000)}));
        }
    put_events();
}

static void do_mask(void)
{
    static const int how[] = {SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK};
    sigset_t set, old;
    int what = PICK(how);
    put(" %d", what);
    a_set(&set);
    put_result(sigprocmask(what, &set, &old));
    put_set(&old);
    put_events();
}

static void do_pending(void)
{
    sigset_t set;
    put_result(sigpending(&set));
    put_set(&set);
}

static void do_timedwait(void)
{
    struct timespec none = {0, 0};
    siginfo_t info = {0};
    sigset_t set;
    a_set(&set);
    int sig = sigtimedwait(&set, &info, &none);
    if (sig < 0)
        put_result(-1);
    else
        put(" = %u code %d value %d", index_of(sig), info.si_code == SI_QUEUE ? SI_QUEUE : SI_USER,
            info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
    put_events();
}

// Only when a signal that is handled is pending: else nothing would end it.
static void do_suspend(void)
{
    sigset_t set, pending;
    int ready = 0;
    a_set(&set);
    sigpending(&pending);
    for (unsigned i = 0; i < LENGTH(sigs); i++) {
        struct sigaction sa;
        sigaction(sigs[i], NULL, &sa);
        if (sa.sa_handler != SIG_DFL && sa.sa_handler != SIG_IGN && !sigismember(&set, sigs[i]))
            ready |= sigismember(&pending, sigs[i]) == 1;
    }
    if (!ready) {
        put(" nothing to wait for");
        return;
    }
    put_result(sigsuspend(&set));
    put_events();
}

static void do_bad(void)
{
    static const int number[] = {0, -1, 65, 1000, SIGKILL, SIGSTOP};
    struct sigaction sa = {.sa_handler = SIG_IGN};
    sigset_t set;
    int sig = PICK(number);
    put(" %d action", sig);
    put_result(sigaction(sig, &sa, NULL));
    put_result(sigaction(sig, NULL, &sa));
    sigemptyset(&set);
    put_result(sigaddset(&set, sig));
    put_result(sigprocmask(77, &set, NULL));
    put_result(sigprocmask(77, NULL, NULL));
    if (sig != SIGKILL && sig != SIGSTOP)
        put_result(kill(getpid(), sig));
}

static void do_stack(void)
{
    static char room[16384];
    stack_t ss = {.ss_sp = room, .ss_size = pick(3) ? sizeof room : pick(3000)}, old = {0};
    ss.ss_flags = pick(4) == 0 ? SS_DISABLE : pick(9) == 0 ? 55 : 0;
    put(" %zu %d", ss.ss_size, ss.ss_flags);
    put_result(sigaltstack(&ss, &old));
    put(" was %d", old.ss_flags);
    put_result(sigaltstack(NULL, &old));
    put(" is %d %zu", old.ss_flags, old.ss_flags ? (size_t)0 : old.ss_size);
}

static const struct op ops[] = {
    {"action", 14, do_action},  {"send", 22, do_send},          {"mask", 18, do_mask},
    {"pending", 8, do_pending}, {"timedwait", 8, do_timedwait}, {"suspend", 6, do_suspend},
    {"bad", 2, do_bad},         {"stack", 2, do_stack},
};

const struct area area_signals = {"signals", ops, LENGTH(ops), begin};
