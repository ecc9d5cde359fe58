// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// args: run
//
// What the gdb tests (tests/suites/gdb.py) look at: calls to break in, a fork, a fault, loops to
// interrupt. Run without gdb it is an ordinary test of a recursion, a fork and a wait.
#include "tests/guest/check.h"

// gdb reads and writes these by name.
volatile int bonus;
volatile unsigned long turns;
static int *volatile nowhere;

__attribute__((noinline)) int climb(int depth)
{
    volatile int here = depth;

    if (depth == 3)
        return here + bonus;
    return climb(depth + 1) + here;
}

__attribute__((noinline)) void in_child(void)
{
    volatile int code = 5;

    _exit(code);
}

static void handle(int sig)
{
    say("handler got signal %d", sig);
    _exit(9);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "run";
    int status = 0;

    say("sum %d", climb(0));
    if (!strcmp(mode, "spin"))
        for (;;)
            turns++;
    if (!strcmp(mode, "block"))
        pause();
    if (!strcmp(mode, "fault") || !strcmp(mode, "handle")) {
        if (!strcmp(mode, "handle"))
            signal(SIGSEGV, handle);
        *nowhere = 1;
    }
    pid_t pid = fork();
    if (pid == 0)
        in_child();
    CHECK("the child is waited for", waitpid(pid, &status, 0) == pid);
    say("child exits %d", WEXITSTATUS(status));
    return 0;
}
