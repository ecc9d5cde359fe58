// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Signals to process groups: kill(0), kill(-pgid), killpg, a member that left, and the null signal.
#include "tests/guest/check.h"

static pid_t sleeper(pid_t group, struct gate *ready)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        if (group >= 0)
            NEED(setpgid(0, group) == 0);
        gate_open(ready);
        for (;;)
            pause();
    }
    gate_wait(ready);
    return pid;
}

static volatile sig_atomic_t got;

static void note(int sig)
{
    got = sig;
}

// In a group of its own, so that kill(0) cannot reach the harness.
static int in_own_group(void)
{
    struct gate ready = gate_make();

    NEED(setpgid(0, 0) == 0);
    install(SIGTERM, note, 0);
    install(SIGUSR1, SIG_IGN, 0);
    pid_t a = sleeper(-1, &ready), b = sleeper(-1, &ready), outside = sleeper(0, &ready);
    TRY(kill(0, 0));
    TRY(kill(0, SIGUSR1));
    CHECK("ignored by all", waitpid(-1, NULL, WNOHANG) == 0);
    install(SIGUSR2, note, 0);
    // The sleepers were made before the handler: default action there, the handler here.
    TRY(kill(0, SIGUSR2));
    say("sender gets it too: %s", sig_name(got));
    say_status("a", wait_for(a));
    say_status("b", wait_for(b));
    CHECK("outside lives", waitpid(outside, NULL, WNOHANG) == 0);
    CHECK("killpg(outside)", killpg(outside, SIGKILL) == 0);
    say_status("outside", wait_for(outside));
    return 6;
}

int main(void)
{
    struct gate ready = gate_make();
    pid_t leader = sleeper(0, &ready), member = sleeper(leader, &ready);
    pid_t other = sleeper(0, &ready);

    CHECK("kill(-pgid, 0)", kill(-leader, 0) == 0);
    CHECK("kill(-pgid, TERM)", kill(-leader, SIGTERM) == 0);
    say_status("leader", wait_for(leader));
    say_status("member", wait_for(member));
    CHECK("another group is untouched", waitpid(other, NULL, WNOHANG) == 0);
    CHECK("the group is gone", kill(-leader, 0) == -1 && errno == ESRCH);
    kill(other, SIGHUP);
    say_status("other", wait_for(other));

    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0)
        _exit(in_own_group());
    say_status("group test", wait_for(pid));
    return 0;
}
