// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Orphans get a new parent and live on; a zombie keeps its pid until it is waited for; a zombie's
// own children are orphans too.
#include "tests/guest/check.h"

static void orphan(void)
{
    int up[2];
    struct gate parent_gone = gate_make();
    bool verdict[2];

    NEED(pipe(up) == 0);
    pid_t middle = fork();
    NEED(middle >= 0);
    if (middle == 0) {
        pid_t middle_pid = getpid();
        pid_t bottom = fork();
        NEED(bottom >= 0);
        if (bottom > 0)
            _exit(0);
        gate_wait(&parent_gone);
        bool seen[2] = {getppid() != middle_pid, getppid() > 0};
        NEED(write(up[1], seen, sizeof seen) == sizeof seen);
        _exit(0);
    }
    say_status("middle", wait_for(middle));
    gate_open(&parent_gone);
    NEED(read(up[0], verdict, sizeof verdict) == sizeof verdict);
    CHECK("the orphan has a new parent", verdict[0]);
    CHECK("and it is a real pid", verdict[1]);
    close(up[1]);
    char c;
    say("the orphan's end closes the pipe: read %zd", read(up[0], &c, 1));
    close(up[0]);
    int status;
    TRY(wait(&status));
}

static void zombie(void)
{
    struct gate g = gate_make();
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0)
        _exit(21);
    // The child is a zombie once waitid with WNOWAIT has seen it.
    siginfo_t info;
    NEED(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK("kill(zombie, 0) succeeds", kill(pid, 0) == 0);
    CHECK("kill(zombie, SIGKILL) succeeds", kill(pid, SIGKILL) == 0);
    CHECK("getpgid(zombie) works", getpgid(pid) == getpgrp());
    say_status("its status is unchanged", wait_for(pid));
    CHECK("after the wait there is no such process", kill(pid, 0) == -1 && errno == ESRCH);
    close(g.fd[0]);
    close(g.fd[1]);
}

// 30 zombies at a time: each keeps its own status.
static void many_zombies(void)
{
    pid_t pids[30];
    int good = 0;

    for (int i = 0; i < 30; i++) {
        pids[i] = fork();
        NEED(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(i + 1);
    }
    for (int i = 29; i >= 0; i--)
        good += WEXITSTATUS(wait_for(pids[i])) == i + 1;
    say("zombies with the right status: %d", good);
}

int main(void)
{
    orphan();
    zombie();
    many_zombies();
    return 0;
}
