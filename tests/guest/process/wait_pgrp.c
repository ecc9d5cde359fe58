// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Waiting for a process group: waitpid(0), waitpid(-pgid), and groups without children.
#include "tests/guest/check.h"

static pid_t child_in_group(pid_t group, int status, struct gate *g)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        gate_wait(g);
        _exit(status);
    }
    // From the parent, before the gate opens: the child is in its group when it ends.
    NEED(setpgid(pid, group) == 0);
    return pid;
}

int main(void)
{
    struct gate g = gate_make();
    int status;

    pid_t own = fork();
    NEED(own >= 0);
    if (own == 0) {
        gate_wait(&g);
        _exit(1);
    }
    pid_t leader = child_in_group(0, 2, &g);
    pid_t member = child_in_group(leader, 3, &g);
    CHECK("leader leads", getpgid(leader) == leader);
    CHECK("member follows", getpgid(member) == leader);
    CHECK("own child shares my group", getpgid(own) == getpgrp());

    TRY(waitpid(-leader, &status, WNOHANG));
    TRY(waitpid(0, &status, WNOHANG));
    for (int i = 0; i < 3; i++)
        gate_open(&g);

    CHECK("waitpid(0) takes only my group", waitpid(0, &status, 0) == own);
    say_status("own", status);
    TRY(waitpid(0, &status, 0));

    int sum = 0;
    for (int i = 0; i < 2; i++) {
        pid_t got = waitpid(-leader, &status, 0);
        CHECK("one of the group", got == leader || got == member);
        sum += WEXITSTATUS(status);
    }
    say("sum of the group: %d", sum);
    TRY(waitpid(-leader, &status, 0));
    TRY(waitpid(-1, &status, 0));
    return 0;
}
