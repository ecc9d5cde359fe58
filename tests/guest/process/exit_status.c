// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Every way to end: return, exit, _exit, the 8-bit status, atexit order, what stdio flushes.
#include "tests/guest/check.h"

static void first_registered(void)
{
    say("atexit: registered first, runs last");
}

static void second_registered(void)
{
    say("atexit: registered second, runs first");
}

static void child_exit(int status)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0)
        exit(status);
    char what[40];
    snprintf(what, sizeof what, "exit(%d)", status);
    say_status(what, wait_for(pid));
}

int main(void)
{
    static const int statuses[] = {0, 1, 2, 42, 126, 127, 128, 255, 256, 257, -1, 1000};

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        child_exit(statuses[i]);

    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        atexit(first_registered);
        atexit(second_registered);
        printf("flushed by exit, after the handlers\n");
        exit(3);
    }
    say_status("with handlers", wait_for(pid));

    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        atexit(first_registered);
        printf("must not appear NO\n");
        _exit(4);
    }
    say_status("_exit runs no handler and flushes nothing", wait_for(pid));

    pid = fork();
    NEED(pid >= 0);
    if (pid == 0)
        abort();
    say_status("abort", wait_for(pid));

    atexit(first_registered);
    atexit(second_registered);
    return 300;
}
