// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// SA_SIGINFO: who sent it and why: kill, raise, a child's end in its three ways, sigqueue's value.
#include "tests/guest/check.h"

static volatile siginfo_t seen;
static volatile sig_atomic_t calls, context_given;

static void take(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    seen = *info;
    context_given = context != NULL;
    calls++;
}

static void listen_to(int sig, int flags)
{
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = take;
    sa.sa_flags = SA_SIGINFO | flags;
    sigemptyset(&sa.sa_mask);
    NEED(sigaction(sig, &sa, NULL) == 0);
}

static void wait_for_calls(int n)
{
    for (int i = 0; i < 500 && calls < n; i++)
        sleep_ms(1);
}

static void from_kill(void)
{
    pid_t parent = getpid();

    calls = 0;
    kill(parent, SIGUSR1);
    say("kill: %s, SI_USER %d, my pid %d, my uid %d, context %d", sig_name(seen.si_signo),
        seen.si_code == SI_USER, seen.si_pid == parent, seen.si_uid == getuid(),
        (int)context_given);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    wait_for(pid);
    wait_for_calls(2);
    say("from the child: calls %d, its pid %d", (int)calls, seen.si_pid == pid);
}

static void from_queue(void)
{
    union sigval value = {.sival_int = 4711};

    TRY(sigqueue(getpid(), SIGUSR1, value));
    say("sigqueue: value %d, SI_QUEUE %d", seen.si_value.sival_int, seen.si_code == SI_QUEUE);
}

static void child_end(const char *what, int how)
{
    calls = 0;
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        if (how == 0)
            _exit(17);
        raise(how);
        _exit(18);
    }
    int status;
    while (waitpid(pid, &status, WUNTRACED) == -1 && errno == EINTR)
        ;
    wait_for_calls(1);
    const char *code = seen.si_code == CLD_EXITED   ? "CLD_EXITED"
                       : seen.si_code == CLD_KILLED ? "CLD_KILLED"
                       : seen.si_code == CLD_DUMPED
                           ? "CLD_KILLED" // a core file is the host's choice
                       : seen.si_code == CLD_STOPPED ? "CLD_STOPPED"
                                                     : "?";
    say("%s: %s, pid right %d, si_status %d", what, code, seen.si_pid == pid, seen.si_status);
    if (WIFSTOPPED(status)) {
        kill(pid, SIGKILL);
        wait_for(pid);
    }
}

int main(void)
{
    listen_to(SIGUSR1, 0);
    from_kill();
    from_queue();
    listen_to(SIGCHLD, SA_RESTART);
    child_end("exit", 0);
    child_end("term", SIGTERM);
    child_end("segv", SIGSEGV);
    child_end("stop", SIGSTOP);
    return 0;
}
