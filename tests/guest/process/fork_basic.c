// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// What fork() returns to whom, who is whose parent, and three generations of it.
#include "tests/guest/check.h"

static void values(void)
{
    pid_t me = getpid();
    int up[2];

    NEED(pipe(up) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        pid_t seen[2] = {getpid(), getppid()};
        NEED(write(up[1], seen, sizeof seen) == sizeof seen);
        _exit(5);
    }
    pid_t seen[2];
    NEED(read(up[0], seen, sizeof seen) == sizeof seen);
    CHECK("fork returned the child's pid", seen[0] == pid);
    CHECK("the child's parent is me", seen[1] == me);
    CHECK("two different pids", pid != me);
    CHECK("getpid unchanged in the parent", getpid() == me);
    say_status("child", wait_for(pid));
    close(up[0]);
    close(up[1]);
}

// Each generation adds one to what it inherited and reports through its exit status.
static void generations(void)
{
    int depth = 0;
    pid_t root = getpid();

    while (depth < 3) {
        pid_t before = getpid();
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid > 0) {
            int status = wait_for(pid);
            say("generation %d: child exited %d", depth, WEXITSTATUS(status));
            if (getpid() == root)
                return;
            _exit(WEXITSTATUS(status) + 1);
        }
        CHECK("getppid is the pid that forked", getppid() == before);
        depth++;
    }
    say("generation 3 reached");
    _exit(10);
}

static void both_go_on(void)
{
    struct gate to_child = gate_make(), to_parent = gate_make();
    pid_t pid = fork();

    NEED(pid >= 0);
    for (int i = 0; i < 3; i++) {
        if (pid == 0) {
            gate_wait(&to_child);
            say("child turn %d", i);
            gate_open(&to_parent);
        } else {
            say("parent turn %d", i);
            gate_open(&to_child);
            gate_wait(&to_parent);
        }
    }
    if (pid == 0)
        _exit(0);
    say_status("turns", wait_for(pid));
}

// A fork deep inside a call chain: both return through the same frames.
static int deep(int level, pid_t *pid)
{
    volatile int mark = level * 3;
    int below;

    if (level == 0) {
        *pid = fork();
        NEED(*pid >= 0);
        return *pid == 0 ? 1000 : 2000;
    }
    below = deep(level - 1, pid);
    return below + (mark == level * 3);
}

int main(void)
{
    pid_t pid;

    values();
    generations();
    both_go_on();
    int result = deep(20, &pid);
    if (pid == 0)
        _exit(result == 1020 ? 20 : 1);
    say("returned through 20 frames: %d", result);
    say_status("and the child", wait_for(pid));
    return 0;
}
