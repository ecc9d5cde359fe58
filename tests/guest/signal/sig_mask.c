// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Blocking: pending signals are kept (once each), seen by sigpending, delivered on unblock in a
// sane way; sigsuspend swaps masks atomically; fork and masks; sigwait and sigtimedwait.
#include "tests/guest/check.h"

static volatile sig_atomic_t usr1, usr2, order;

static void on_signal(int sig)
{
    if (sig == SIGUSR1)
        usr1++;
    else
        usr2++;
    order = sig;
}

static sigset_t set_of(int a, int b)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, a);
    if (b)
        sigaddset(&set, b);
    return set;
}

static void pending(void)
{
    sigset_t both = set_of(SIGUSR1, SIGUSR2), old, now;

    TRY(sigprocmask(SIG_BLOCK, &both, &old));
    for (int i = 0; i < 3; i++)
        raise(SIGUSR1);
    kill(getpid(), SIGUSR2);
    say("while blocked: %d %d", (int)usr1, (int)usr2);
    TRY(sigpending(&now));
    say("pending: %d %d, HUP %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2),
        sigismember(&now, SIGHUP));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        sigpending(&now);
        say("child: pending %d %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
        sigprocmask(SIG_BLOCK, NULL, &now);
        say("child: blocked %d %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
        sigprocmask(SIG_SETMASK, &old, NULL);
        _exit(usr1 + usr2);
    }
    say_status("child got none", wait_for(pid));
    TRY(sigprocmask(SIG_SETMASK, &old, NULL));
    say("after unblocking: %d %d", (int)usr1, (int)usr2);
    sigpending(&now);
    say("pending: %d %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
}

// Ignoring a pending blocked signal discards it.
static void discarded(void)
{
    sigset_t set = set_of(SIGUSR1, 0), now;

    usr1 = 0;
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    install(SIGUSR1, SIG_IGN, 0);
    sigpending(&now);
    say("pending after SIG_IGN: %d", sigismember(&now, SIGUSR1));
    install(SIGUSR1, on_signal, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    say("delivered: %d", (int)usr1);
}

static void suspend(void)
{
    sigset_t set = set_of(SIGUSR1, SIGUSR2), only_usr2 = set_of(SIGUSR2, 0), old, now;

    usr1 = usr2 = 0;
    sigprocmask(SIG_BLOCK, &set, &old);
    pid_t parent = getpid(), pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        kill(parent, SIGUSR2);
        kill(parent, SIGUSR1);
        _exit(0);
    }
    TRY(sigsuspend(&only_usr2));
    say("only USR1 came in: %d %d", (int)usr1, (int)usr2);
    sigprocmask(SIG_BLOCK, NULL, &now);
    say("mask is back: %d %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
    sigprocmask(SIG_SETMASK, &old, NULL);
    say("then USR2: %d %d", (int)usr1, (int)usr2);
    say_status("child", wait_for(pid));
}

static void waiting(void)
{
    sigset_t set = set_of(SIGUSR1, SIGUSR2), old;
    struct timespec soon = {0, 20000000};
    siginfo_t info;
    int sig = 0;

    usr1 = usr2 = 0;
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR2);
    TRY(sigwait(&set, &sig));
    say("sigwait took %s", sig_name(sig));
    TRY(sigtimedwait(&set, &info, &soon));
    raise(SIGUSR1);
    CHECK("sigwaitinfo", sigwaitinfo(&set, &info) == SIGUSR1 && info.si_signo == SIGUSR1);
    sigprocmask(SIG_SETMASK, &old, NULL);
    say("no handler ran: %d %d", (int)usr1, (int)usr2);
}

static void sets(void)
{
    sigset_t set;

    sigfillset(&set);
    say("full: %d %d", sigismember(&set, SIGHUP), sigismember(&set, SIGUSR2));
    sigdelset(&set, SIGHUP);
    say("deleted: %d", sigismember(&set, SIGHUP));
    sigfillset(&set);
    TRY(sigprocmask(SIG_SETMASK, &set, NULL));
    sigprocmask(SIG_BLOCK, NULL, &set);
    say("KILL and STOP cannot be blocked: %d %d", sigismember(&set, SIGKILL),
        sigismember(&set, SIGSTOP));
    sigemptyset(&set);
    TRY(sigprocmask(SIG_SETMASK, &set, NULL));
}

int main(void)
{
    install(SIGUSR1, on_signal, 0);
    install(SIGUSR2, on_signal, 0);
    pending();
    discarded();
    suspend();
    waiting();
    sets();
    return 0;
}
