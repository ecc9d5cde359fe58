// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// sigaction: what it returns as old, SA_RESETHAND, SA_NODEFER, sa_mask during a handler, nesting,
// ignoring, signal() semantics, and that a fork copies all of it.
#include "tests/guest/check.h"

static volatile sig_atomic_t depth, deepest, calls, inner_blocked, other_blocked;

static void count(int sig)
{
    (void)sig;
    calls++;
}

static void look_at_mask(int sig)
{
    sigset_t now;

    sigprocmask(SIG_BLOCK, NULL, &now);
    inner_blocked = sigismember(&now, sig);
    other_blocked = sigismember(&now, SIGUSR2);
}

// Raises itself twice more from inside: nested with SA_NODEFER, one after the other without.
static void nest(int sig)
{
    depth++;
    if (depth > deepest)
        deepest = depth;
    if (++calls < 3)
        raise(sig);
    depth--;
}

static void old_action(void)
{
    struct sigaction sa, old;

    memset(&sa, 0, sizeof sa);
    sa.sa_handler = count;
    sa.sa_flags = SA_RESTART;
    sigemptyset(&sa.sa_mask);
    sigaddset(&sa.sa_mask, SIGHUP);
    NEED(sigaction(SIGUSR1, NULL, &old) == 0);
    CHECK("default at first", old.sa_handler == SIG_DFL);
    TRY(sigaction(SIGUSR1, &sa, &old));
    CHECK("old was default", old.sa_handler == SIG_DFL);
    NEED(sigaction(SIGUSR1, NULL, &old) == 0);
    CHECK("handler is back", old.sa_handler == count);
    CHECK("flags are back", (old.sa_flags & SA_RESTART) && !(old.sa_flags & SA_SIGINFO));
    CHECK("mask is back", sigismember(&old.sa_mask, SIGHUP) && !sigismember(&old.sa_mask, SIGINT));
    TRY(raise(SIGUSR1));
    say("calls %d", (int)calls);
}

static void masks(void)
{
    struct sigaction sa;
    sigset_t now;

    memset(&sa, 0, sizeof sa);
    sa.sa_handler = look_at_mask;
    sigemptyset(&sa.sa_mask);
    sigaddset(&sa.sa_mask, SIGUSR2);
    NEED(sigaction(SIGUSR1, &sa, NULL) == 0);
    raise(SIGUSR1);
    say("inside: itself blocked %d, sa_mask blocked %d", (int)inner_blocked, (int)other_blocked);
    sigprocmask(SIG_BLOCK, NULL, &now);
    say("after: %d %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
    sa.sa_flags = SA_NODEFER;
    sigemptyset(&sa.sa_mask);
    NEED(sigaction(SIGUSR1, &sa, NULL) == 0);
    raise(SIGUSR1);
    say("SA_NODEFER: itself blocked %d, other %d", (int)inner_blocked, (int)other_blocked);
}

static void nesting(const char *what, int flags)
{
    depth = deepest = calls = 0;
    install(SIGUSR1, nest, flags);
    raise(SIGUSR1);
    say("%s: calls %d, deepest %d", what, (int)calls, (int)deepest);
}

static void reset(void)
{
    struct sigaction old;

    calls = 0;
    install(SIGUSR1, count, (int)SA_RESETHAND);
    raise(SIGUSR1);
    NEED(sigaction(SIGUSR1, NULL, &old) == 0);
    CHECK("SA_RESETHAND left the default", old.sa_handler == SIG_DFL);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        raise(SIGUSR1);
        _exit(1);
    }
    say_status("second time", wait_for(pid));
    say("calls %d", (int)calls);
}

static void inherited(void)
{
    calls = 0;
    install(SIGUSR1, count, 0);
    install(SIGUSR2, SIG_IGN, 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        raise(SIGUSR1);
        raise(SIGUSR2);
        install(SIGUSR1, SIG_IGN, 0);
        _exit(calls == 1 ? 40 : 41);
    }
    say_status("child has the handlers", wait_for(pid));
    raise(SIGUSR1);
    say("parent's own handler is untouched: calls %d", (int)calls);
}

int main(void)
{
    old_action();
    masks();
    nesting("deferred", 0);
    nesting("SA_NODEFER", SA_NODEFER);
    reset();
    inherited();
    calls = 0;
    CHECK("signal() returns the old handler", signal(SIGUSR1, SIG_IGN) == count);
    raise(SIGUSR1);
    CHECK("and SIG_IGN after that", signal(SIGUSR1, count) == SIG_IGN);
    raise(SIGUSR1);
    raise(SIGUSR1);
    say("calls %d", (int)calls);
    return 0;
}
