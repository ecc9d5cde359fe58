// SPDX-License-Identifier: BSD-2-Clause
// Processes that come and go: fork + exit + wait as a whole; fork + exec and posix_spawn up to
// main() of the new program.
//
// usage: process CHILD   (the path of bench/guest/child.c's program)

#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "bench/stats.h"

#define SAMPLES  100
#define WARM_UPS 5

extern char **environ;

// The pipe on which a started program reports. Its write end is the standard output of every child.
static int report_in, report_out;
static char *child_argv[2];

// One sample of each kind returns microseconds.
static double fork_exit_wait(void)
{
    uint64_t start = now_ns();
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0)
        _exit(0);
    if (waitpid(pid, NULL, 0) != pid)
        die("waitpid");
    return (double)(now_ns() - start) / NS_PER_US;
}

// Ends when the program's main() began, which it says itself; then it is waited for, off the clock.
static double until_main(uint64_t start, pid_t pid)
{
    uint64_t child_ns;
    int status;
    read_all(report_in, &child_ns, sizeof child_ns);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        die("the started program failed");
    return (double)(child_ns - start) / NS_PER_US;
}

static void become_child(void)
{
    if (dup2(report_out, 1) == 1)
        execve(child_argv[0], child_argv, environ);
    _exit(127);
}

static double fork_exec(void)
{
    uint64_t start = now_ns();
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0)
        become_child();
    return until_main(start, pid);
}

static posix_spawn_file_actions_t spawn_actions;

static double spawn(void)
{
    pid_t pid;
    uint64_t start = now_ns();
    int error = posix_spawn(&pid, child_argv[0], &spawn_actions, NULL, child_argv, environ);
    if (error) {
        errno = error;
        die("posix_spawn");
    }
    return until_main(start, pid);
}

static void measure(const char *name, double (*sample)(void))
{
    static double samples[SAMPLES];
    for (int i = -WARM_UPS; i < SAMPLES; i++)
        samples[i < 0 ? 0 : i] = sample();
    report_us(name, samples, SAMPLES);
}

int main(int argc, char **argv)
{
    int fds[2];
    if (argc != 2) {
        fprintf(stderr, "usage: process CHILD\n");
        return 2;
    }
    child_argv[0] = argv[1];
    if (pipe(fds) < 0)
        die("pipe");
    report_in = fds[0];
    report_out = fds[1];
    posix_spawn_file_actions_init(&spawn_actions);
    posix_spawn_file_actions_adddup2(&spawn_actions, report_out, 1);
    measure("fork_exit_wait", fork_exit_wait);
    measure("fork_exec", fork_exec);
    measure("spawn", spawn);
    return 0;
}
