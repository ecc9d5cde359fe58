// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Real-time signals are queued: in the order they were sent, each with its value, lower numbers
// first; from another process, to a handler and to sigwaitinfo; and exec keeps them.
#include "tests/guest/check.h"

static void on_value(int sig, siginfo_t *info, void *context)
{
    (void)context;
    say("  RTMIN+%d value %d code %s", sig - SIGRTMIN, info->si_value.sival_int,
        info->si_code == SI_QUEUE ? "QUEUE" : "USER");
}

static void block(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGRTMIN + 5);
    sigprocmask(how, &set, NULL);
}

static void send_all(pid_t to)
{
    for (int i = 1; i <= 4; i++) {
        union sigval v = {.sival_int = i};
        NEED(sigqueue(to, i % 2 ? SIGRTMIN + 5 : SIGRTMIN, v) == 0);
    }
    NEED(kill(to, SIGRTMIN) == 0);
}

static void wait_all(void)
{
    sigset_t set;
    siginfo_t info;
    struct timespec none = {0, 0};
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGRTMIN + 5);
    while (sigtimedwait(&set, &info, &none) > 0)
        on_value(info.si_signo, &info, NULL);
    say("no more: %s", err_name(errno));
}

int main(int argc, char **argv)
{
    struct sigaction act = {.sa_sigaction = on_value, .sa_flags = SA_SIGINFO};
    if (argc > 1) {
        say("after exec");
        wait_all();
        return 0;
    }
    sigfillset(&act.sa_mask);
    sigaction(SIGRTMIN, &act, NULL);
    sigaction(SIGRTMIN + 5, &act, NULL);
    block(SIG_BLOCK);
    say("handler");
    send_all(getpid());
    block(SIG_UNBLOCK);
    block(SIG_BLOCK);
    say("from a child");
    pid_t parent = getpid(), pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        send_all(parent);
        _exit(0);
    }
    wait_for(pid);
    wait_all();
    send_all(getpid());
    char *args[] = {argv[0], "waits", NULL};
    execv(argv[0], args);
    return 1;
}
