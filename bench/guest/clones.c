// SPDX-License-Identifier: BSD-2-Clause
// N clones of a small program, alive and asleep, so that bench/run can read what one more costs.
// Meets bench/run three times: before the clones exist, while they all do, and after they are gone.
//
// usage: clones N

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "bench/stats.h"

#define CLONES_MAX 1000

int main(int argc, char **argv)
{
    static pid_t pids[CLONES_MAX];
    int n = argc > 1 ? atoi(argv[1]) : 0, fds[2];
    char c = 0;
    if (n < 1 || n > CLONES_MAX) {
        fprintf(stderr, "usage: clones N   (1 to %d)\n", CLONES_MAX);
        return 2;
    }
    if (pipe(fds) < 0)
        die("pipe");
    rendezvous();
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
    rendezvous();
    for (int i = 0; i < n; i++)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < n; i++)
        if (waitpid(pids[i], NULL, 0) != pids[i])
            die("waitpid");
    rendezvous();
    return 0;
}
