// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Leaving a handler by siglongjmp: the mask comes back, the stack unwinds, it works many times and
// out of a blocking call; setjmp/longjmp without signals.
#include "tests/guest/check.h"
#include <setjmp.h>

static sigjmp_buf where;
static jmp_buf plain;
static volatile sig_atomic_t rounds;

static void jump(int sig)
{
    siglongjmp(where, sig);
}

static bool blocked(int sig)
{
    sigset_t now;

    sigprocmask(SIG_BLOCK, NULL, &now);
    return sigismember(&now, sig);
}

static void many_times(void)
{
    install(SIGUSR1, jump, 0);
    int sig = sigsetjmp(where, 1);
    if (sig)
        rounds++;
    if (rounds < 100)
        raise(SIGUSR1);
    say("rounds %d, blocked after: %d", (int)rounds, blocked(SIGUSR1));
}

static void without_mask(void)
{
    if (sigsetjmp(where, 0) == 0)
        raise(SIGUSR1);
    say("sigsetjmp(0): blocked after: %d", blocked(SIGUSR1));
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void out_of_a_read(void)
{
    int p[2];
    char c;

    NEED(pipe(p) == 0);
    install(SIGALRM, jump, SA_RESTART);
    if (sigsetjmp(where, 1) == 0) {
        alarm(1);
        say("read returned %zd NO", read(p[0], &c, 1));
    }
    say("out of a blocked read");
    NEED(write(p[1], "x", 1) == 1);
    TRY(read(p[0], &c, 1));
}

static void bail(int level)
{
    if (level == 0)
        longjmp(plain, 77);
}

static void deep(int level)
{
    volatile char pad[256];

    memset((char *)pad, level, sizeof pad);
    bail(level);
    if (level > 0)
        deep(level - 1);
    say("not reached %d NO", pad[0]);
}

int main(void)
{
    volatile int kept = 5;
    int value = setjmp(plain);

    if (value == 0) {
        kept = 6;
        deep(50);
    }
    say("longjmp: value %d, volatile kept %d", value, kept);
    value = setjmp(plain);
    if (value == 0)
        longjmp(plain, 0);
    say("longjmp(0) gives %d", value);
    many_times();
    without_mask();
    out_of_a_read();
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        install(SIGUSR1, jump, 0);
        if (sigsetjmp(where, 1) == 0)
            raise(SIGUSR1);
        _exit(70);
    }
    say_status("in a child", wait_for(pid));
    return 0;
}
