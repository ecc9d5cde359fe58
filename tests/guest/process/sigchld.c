// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// SIGCHLD: ignored by default and pending-free; a handler sees each child; SIG_IGN and SA_NOCLDWAIT
// reap by themselves so that wait() only returns when all are gone; SA_NOCLDSTOP.
#include "tests/guest/check.h"

static volatile sig_atomic_t calls, codes_ok, reaped;

static void count(int sig, siginfo_t *info, void *context)
{
    (void)context;
    calls++;
    codes_ok += sig == SIGCHLD && info->si_code == CLD_EXITED && info->si_status == 33;
}

static void reap_all(int sig)
{
    int saved = errno;

    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        reaped++;
    errno = saved;
}

static void run_child(int status)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0)
        _exit(status);
}

static void with_info(void)
{
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = count;
    sa.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&sa.sa_mask);
    NEED(sigaction(SIGCHLD, &sa, NULL) == 0);
    for (int i = 0; i < 3; i++) {
        int status;
        run_child(33);
        NEED(wait(&status) > 0);
    }
    // One at a time, so none may be merged with another.
    for (int i = 0; i < 200 && calls < 3; i++)
        sleep_ms(1);
    say("handler calls %d, right info %d", (int)calls, (int)codes_ok);
}

static void reaping_handler(void)
{
    sigset_t chld, old;

    install(SIGCHLD, reap_all, 0);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    NEED(sigprocmask(SIG_BLOCK, &chld, &old) == 0);
    for (int i = 0; i < 10; i++)
        run_child(0);
    while (reaped < 10)
        sigsuspend(&old);
    NEED(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
    say("reaped by the handler: %d", (int)reaped);
}

static void automatic(const char *what, int flags, void (*handler)(int))
{
    int status;

    install(SIGCHLD, handler, flags);
    for (int i = 0; i < 3; i++)
        run_child(1);
    // With a handler wait() may also be interrupted: only its last word counts.
    pid_t got;
    do
        got = wait(&status);
    while (got > 0 || errno == EINTR);
    say("%s: wait = %d %s", what, (int)got, err_name(errno));
}

static void nothing(int sig)
{
    (void)sig;
}

static bool chld_pending(void)
{
    sigset_t pending;

    sigpending(&pending);
    return sigismember(&pending, SIGCHLD) == 1;
}

// SIGCHLD stays blocked: what the stop and the exit made is read from the pending set.
static void stop_child(const char *what, int flags)
{
    int status;
    sigset_t chld;

    install(SIGCHLD, nothing, flags);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        raise(SIGSTOP);
        _exit(0);
    }
    NEED(waitpid(pid, &status, WUNTRACED) == pid);
    say_status(what, status);
    // The stop may be visible to waitpid a moment before its signal is.
    for (int i = 0; i < 20 && !chld_pending(); i++)
        sleep_ms(1);
    say("the stop sent SIGCHLD: %d", chld_pending());
    kill(pid, SIGCONT);
    wait_for(pid);
    CHECK("the exit sent SIGCHLD", chld_pending());
    sigprocmask(SIG_UNBLOCK, &chld, NULL);
}

int main(void)
{
    int status;

    run_child(2);
    NEED(wait(&status) > 0);
    say_status("default", status);
    with_info();
    reaping_handler();
    automatic("SIG_IGN", 0, SIG_IGN);
    automatic("SA_NOCLDWAIT", SA_NOCLDWAIT, nothing);
    stop_child("with SA_NOCLDSTOP", SA_NOCLDSTOP);
    stop_child("without", 0);
    install(SIGCHLD, SIG_DFL, 0);
    run_child(4);
    NEED(wait(&status) > 0);
    say_status("default again", status);
    return 0;
}
