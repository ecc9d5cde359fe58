// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Timers that signal: alarm, setitimer once and repeating, getitimer, default action, fork clears
// them, exec-free cancel, and a busy program that never makes a system call.
#include "tests/guest/check.h"
#include <sys/time.h>

static volatile sig_atomic_t ticks;

static void tick(int sig)
{
    ticks += sig == SIGALRM;
}

static void set_timer(long value_us, long interval_us)
{
    struct itimerval t = {{interval_us / 1000000, interval_us % 1000000},
                          {value_us / 1000000, value_us % 1000000}};

    NEED(setitimer(ITIMER_REAL, &t, NULL) == 0);
}

static void alarms(void)
{
    say("alarm(10) = %u", alarm(10));
    unsigned left = alarm(20);
    say("alarm(20): %d left", left == 10 || left == 9);
    left = alarm(0);
    say("alarm(0): %d left", left == 20 || left == 19);
    say("alarm(0) = %u", alarm(0));
    install(SIGALRM, tick, 0);
    alarm(1);
    TRY(pause());
    say("ticks %d", (int)ticks);
}

static void intervals(void)
{
    struct itimerval now;

    ticks = 0;
    set_timer(20000, 0);
    TRY(pause());
    sleep_ms(60);
    say("one shot: %d", (int)ticks);
    ticks = 0;
    set_timer(5000, 5000);
    while (ticks < 5)
        pause();
    NEED(getitimer(ITIMER_REAL, &now) == 0);
    say("repeating: interval %ld us", (long)now.it_interval.tv_usec);
    set_timer(0, 0);
    sleep_ms(20);
    int after = ticks;
    sleep_ms(40);
    CHECK("stopped", ticks == after);
    NEED(getitimer(ITIMER_REAL, &now) == 0);
    say("value %ld %ld", (long)now.it_value.tv_sec, (long)now.it_value.tv_usec);
}

// No system call in the loop: the timer must reach a program that only computes.
static void busy_loop(void)
{
    volatile unsigned long turns = 0;

    ticks = 0;
    set_timer(30000, 0);
    while (!ticks)
        turns++;
    CHECK("interrupted while computing", turns > 0);
}

static void fork_clears(void)
{
    ticks = 0;
    set_timer(100000, 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        struct itimerval now;
        NEED(getitimer(ITIMER_REAL, &now) == 0);
        _exit(now.it_value.tv_sec == 0 && now.it_value.tv_usec == 0 ? 50 : 51);
    }
    say_status("the child has no timer", wait_for(pid));
    while (!ticks)
        sleep_ms(5);
    say("the parent keeps its own: %d", (int)ticks);
}

static void default_action(void)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        install(SIGALRM, SIG_DFL, 0);
        set_timer(10000, 0);
        for (;;)
            pause();
    }
    say_status("default action", wait_for(pid));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        install(SIGALRM, SIG_DFL, 0);
        set_timer(10000, 0);
        for (;;)
            ;
    }
    say_status("default action in a loop", wait_for(pid));
}

int main(void)
{
    alarms();
    intervals();
    busy_loop();
    fork_clears();
    default_action();
    return 0;
}
