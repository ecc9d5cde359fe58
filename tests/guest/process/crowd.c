// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// timeout: 120
//
// Many processes alive at once: readers of one pipe that its end wakes, a binary tree, a chain of
// parents. Takes how many, and "readers" for those alone (faults/limits_crowd). The chain is not
// longer than CHAIN: on Linux the n-th fork in a row costs as much as the n before it.
#include "tests/guest/check.h"

#define MANY  40
#define CHAIN 100
#define WORDS 100

static int many = MANY;
static struct gate here; // a byte from each that is alive
static int go[2];        // its end lets all go

static void open_gates(void)
{
    here = gate_make();
    NEED(pipe(go) == 0);
}

static void close_gates(void)
{
    close(here.fd[0]);
    close(here.fd[1]);
    close(go[0]);
}

// One of the crowd: says that it is there and waits for the end.
static int attend(void)
{
    char c;

    close(go[1]);
    gate_open(&here);
    return read(go[0], &c, 1) == 0;
}

static int all_here(int n)
{
    char some[512];
    int seen = 0;

    while (seen < n) {
        ssize_t got = read(here.fd[0], some, sizeof some);
        NEED(got > 0);
        seen += (int)got;
    }
    return seen;
}

// Two that talk while all others sleep, who should not notice.
static void converse(void)
{
    struct gate there = gate_make(), back = gate_make();
    pid_t pid = fork();

    NEED(pid >= 0);
    for (int i = 0; i < WORDS; i++)
        if (pid == 0) {
            gate_wait(&there);
            sleep_ms(1); // longer than the other one spins
            gate_open(&back);
        } else {
            gate_open(&there);
            gate_wait(&back);
        }
    if (pid == 0)
        _exit(0);
    say_status("partner", wait_for(pid));
    for (int i = 0; i < 2; i++) {
        close(there.fd[i]);
        close(back.fd[i]);
    }
}

// All children of one process. Every one must be found by its own number, in whatever order.
static void readers(void)
{
    int good = 0;
    pid_t *pids = calloc((size_t)many, sizeof *pids);

    NEED(pids);
    open_gates();
    for (int i = 0; i < many; i++) {
        pids[i] = fork();
        NEED(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(attend() ? i & 127 : 99);
    }
    int seen = all_here(many);
    converse();
    close(go[1]);
    for (int i = 0; i < many; i++) {
        int status = wait_for(pids[i]);
        good += WIFEXITED(status) && WEXITSTATUS(status) == (i & 127);
    }
    close_gates();
    free(pids);
    CHECK("readers alive together", seen == many);
    CHECK("each reader ended by the pipe's end", good == many);
}

// Number n of a binary tree has 2n and 2n + 1 for children. Each says with its status whether all
// is well below it.
static int branch(int n)
{
    int good = 1, forked = 0;
    pid_t pids[2];

    for (int child = 2 * n; child <= 2 * n + 1 && child <= many; child++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0)
            _exit(branch(child) ? 1 : 99);
        pids[forked++] = pid;
    }
    if (n > 1)
        good = attend();
    else
        good = all_here(many - 1) == many - 1 && close(go[1]) == 0;
    while (forked) {
        int status = wait_for(pids[--forked]);
        good &= WIFEXITED(status) && WEXITSTATUS(status) == 1;
    }
    return good;
}

static void tree(void)
{
    open_gates();
    int good = branch(1);
    close_gates();
    CHECK("a tree of processes", good);
}

// Each is the child of the one before; the last one's end lets all end, from the bottom up. Each
// passes on how many were below it.
static void chain(void)
{
    int depth = 0, back[2];
    pid_t top = getpid();

    NEED(pipe(back) == 0);
    while (depth < many && depth < CHAIN) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid > 0) {
            int status = wait_for(pid);
            int good = WIFEXITED(status) && WEXITSTATUS(status) == ((depth + 1) & 127);
            if (getpid() != top)
                _exit(good ? depth & 127 : 99);
            CHECK("a chain of processes", good);
            return;
        }
        depth++;
    }
    _exit(depth & 127);
}

int main(int argc, char **argv)
{
    int status;

    if (argc > 1)
        many = atoi(argv[1]);
    readers();
    if (argc > 2 && !strcmp(argv[2], "readers"))
        return 0;
    tree();
    chain();
    TRY(wait(&status));
    return 0;
}
