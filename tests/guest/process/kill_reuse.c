// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// timeout: 60
//
// Kills and forks in quick turn: a SIGKILL must hit the process it was sent to and never the next
// one that takes its place in the system's tables.
#include "tests/guest/check.h"
#include <sched.h>

#define ROUNDS 150

static pid_t sleeper(void)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

// The parent kills, waits, and at once makes a child that must live to its own end.
static void by_the_parent(void)
{
    int killed = 0, lived = 0;

    for (int i = 0; i < ROUNDS; i++) {
        pid_t victim = sleeper();
        if (i % 3 == 0)
            sched_yield();
        NEED(kill(victim, SIGKILL) == 0);
        int status = wait_for(victim);
        killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        pid_t innocent = fork();
        NEED(innocent >= 0);
        if (innocent == 0) {
            if (i % 10 == 0)
                sleep_ms(2);
            _exit(42);
        }
        status = wait_for(innocent);
        lived += WIFEXITED(status) && WEXITSTATUS(status) == 42;
    }
    say("by the parent: killed %d, lived %d of %d", killed, lived, ROUNDS);
}

// A third process kills whatever pid it reads; the parent waits and forks meanwhile.
static void by_another(void)
{
    int orders[2], killed = 0, lived = 0;

    NEED(pipe(orders) == 0);
    pid_t hangman = fork();
    NEED(hangman >= 0);
    if (hangman == 0) {
        pid_t victim;
        close(orders[1]);
        while (read(orders[0], &victim, sizeof victim) == sizeof victim)
            kill(victim, SIGKILL);
        _exit(0);
    }
    close(orders[0]);
    for (int i = 0; i < ROUNDS; i++) {
        pid_t victim = sleeper();
        NEED(write(orders[1], &victim, sizeof victim) == sizeof victim);
        int status = wait_for(victim);
        killed += WIFSIGNALED(status);
        pid_t innocent = fork();
        NEED(innocent >= 0);
        if (innocent == 0)
            _exit(43);
        status = wait_for(innocent);
        lived += WIFEXITED(status) && WEXITSTATUS(status) == 43;
    }
    close(orders[1]);
    say_status("hangman", wait_for(hangman));
    say("by another: killed %d, lived %d of %d", killed, lived, ROUNDS);
}

// Signals to a process that is just ending: ESRCH or success, and never a stray hit.
static void at_the_end(void)
{
    int odd = 0, status;

    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0)
            _exit(44);
        for (int k = 0; k < i % 7; k++)
            sched_yield();
        NEED(kill(pid, SIGKILL) == 0);
        status = wait_for(pid);
        odd += !(WIFEXITED(status) && WEXITSTATUS(status) == 44) &&
               !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    say("at the end: odd deaths %d", odd);
}

int main(void)
{
    by_the_parent();
    by_another();
    at_the_end();
    int status;
    TRY(wait(&status));
    return 0;
}
