// SPDX-License-Identifier: BSD-2-Clause
// N clones of a small program, alive and asleep: how long it takes from the first fork() until the
// last of them has said that it lives, and, for bench/run to read from outside, what one more
// costs. Meets bench/run three times: before the clones exist, while they all do, and after they
// are gone.
//
// usage: clones N

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "bench/stats.h"

#define CLONES_MAX 1000
#define NS_PER_MS  1e6

int main(int argc, char **argv)
{
    static pid_t pids[CLONES_MAX];
    int n = argc > 1 ? atoi(argv[1]) : 0, fds[2];
    char c = 0, name[64];
    if (n < 1 || n > CLONES_MAX) {
        fprintf(stderr, "usage: clones N   (1 to %d)\n", CLONES_MAX);
        return 2;
    }
    if (pipe(fds) < 0)
        die("pipe");
    rendezvous();
    uint64_t start = now_ns();
    for (int i = 0; i < n; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            die("fork");
        if (pids[i] == 0) {
            write_all(fds[1], &c, 1); // "I run"; from here on nothing happens
            for (;;)
                pause();
        }
    }
    for (int i = 0; i < n; i++)
        read_all(fds[0], &c, 1);
    double ms = (double)(now_ns() - start) / NS_PER_MS;
    snprintf(name, sizeof name, "clones_%d", n);
    report(name, &ms, 1, "ms", 0);
    rendezvous();
    for (int i = 0; i < n; i++)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < n; i++)
        if (waitpid(pids[i], NULL, 0) != pids[i])
            die("waitpid");
    rendezvous();
    return 0;
}
