// SPDX-License-Identifier: BSD-2-Clause
// Starting a program, from before its process exists to its main(): boots of `ramet run IMAGE`, and
// of a static Linux program as the baseline. The program (bench/guest/child.c) writes the
// CLOCK_MONOTONIC at the start of its main() to standard output; a guest's equals the host's to
// within the error of the TSC rate, far below a microsecond here.
//
// A C program because the starter's own fork and exec are part of the figure: posix_spawn from a
// small process costs the same few hundred microseconds for both.
//
// usage: start NAME SAMPLES PROGRAM [ARGS...]

#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "bench/stats.h"

#define WARM_UPS    3
#define SAMPLES_MAX 1000

extern char **environ;

static double take_sample(char **argv, int in, posix_spawn_file_actions_t *actions)
{
    uint64_t main_ns, start = now_ns();
    pid_t pid;
    int status;
    errno = posix_spawn(&pid, argv[0], actions, NULL, argv, environ);
    if (errno)
        die(argv[0]);
    read_all(in, &main_ns, sizeof main_ns);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        die("the started program failed");
    return (double)(main_ns - start) / NS_PER_US;
}

int main(int argc, char **argv)
{
    static double samples[SAMPLES_MAX];
    posix_spawn_file_actions_t actions;
    int fds[2], n = argc > 3 ? atoi(argv[2]) : 0;
    if (n < 1 || n > SAMPLES_MAX) {
        fprintf(stderr, "usage: start NAME SAMPLES PROGRAM [ARGS...]\n");
        return 2;
    }
    if (pipe(fds) < 0)
        die("pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
    posix_spawn_file_actions_addclose(&actions, fds[0]);
    posix_spawn_file_actions_addclose(&actions, fds[1]);
    for (int i = -WARM_UPS; i < n; i++)
        samples[i < 0 ? 0 : i] = take_sample(argv + 3, fds[0], &actions);
    report_us(argv[1], samples, n);
    return 0;
}
