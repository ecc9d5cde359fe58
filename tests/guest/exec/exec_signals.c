// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Signals over exec: ignored stay ignored, handlers become default, the mask and pending signals
// stay, the alarm keeps running, the alternative stack is gone; kills reach the new image.
#include "tests/guest/check.h"

static const char *self;

static void handler(int sig)
{
    (void)sig;
}

static const char *state_of(int sig)
{
    struct sigaction sa;

    NEED(sigaction(sig, NULL, &sa) == 0);
    return sa.sa_handler == SIG_DFL ? "default" : sa.sa_handler == SIG_IGN ? "ignored" : "handled";
}

static int stage(char **argv)
{
    sigset_t set;
    stack_t stack;

    if (!strcmp(argv[1], "look")) {
        say("  USR1 %s, USR2 %s, INT %s, CHLD %s", state_of(SIGUSR1), state_of(SIGUSR2),
            state_of(SIGINT), state_of(SIGCHLD));
        sigprocmask(SIG_BLOCK, NULL, &set);
        say("  blocked: TERM %d HUP %d", sigismember(&set, SIGTERM), sigismember(&set, SIGHUP));
        sigpending(&set);
        say("  pending: TERM %d HUP %d", sigismember(&set, SIGTERM), sigismember(&set, SIGHUP));
        NEED(sigaltstack(NULL, &stack) == 0);
        say("  alternative stack disabled %d", !!(stack.ss_flags & SS_DISABLE));
        sigfillset(&set);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        return 1;
    }
    if (!strcmp(argv[1], "pause")) {
        NEED(write(1, "  new image runs\n", 17) == 17);
        for (;;)
            pause();
    }
    return 99;
}

static void inherit(void)
{
    static char stack_memory[65536];
    stack_t stack = {.ss_sp = stack_memory, .ss_size = sizeof stack_memory};
    sigset_t set;
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        install(SIGUSR1, SIG_IGN, 0);
        install(SIGUSR2, handler, 0);
        install(SIGINT, handler, 0);
        install(SIGCHLD, SIG_IGN, 0);
        NEED(sigaltstack(&stack, NULL) == 0);
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGTERM);
        execl(self, self, "look", (char *)NULL);
        _exit(94);
    }
    say_status("pending TERM is delivered on unblock", wait_for(pid));
}

static void alarm_survives(void)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        alarm(1);
        execl(self, self, "pause", (char *)NULL);
        _exit(94);
    }
    say_status("alarm set before exec", wait_for(pid));
}

static void kill_new_image(void)
{
    int p[2];
    char buf[64];
    pid_t pid;

    NEED(pipe(p) == 0);
    NEED((pid = fork()) >= 0);
    if (pid == 0) {
        dup2(p[1], 1);
        execl(self, self, "pause", (char *)NULL);
        _exit(94);
    }
    TRY(read(p[0], buf, sizeof buf));
    CHECK("same process group", getpgid(pid) == getpgrp());
    kill(pid, SIGSTOP);
    int status;
    NEED(waitpid(pid, &status, WUNTRACED) == pid);
    say_status("new image", status);
    kill(pid, SIGCONT);
    kill(pid, SIGHUP);
    say_status("new image", wait_for(pid));
}

int main(int argc, char **argv)
{
    self = test_path("exec_signals");
    if (argc > 1)
        return stage(argv);
    inherit();
    alarm_survives();
    kill_new_image();
    return 0;
}
