// SPDX-License-Identifier: BSD-2-Clause
// How the price of a process grows: fork and spawn of a program that has touched N MB, while M
// other processes of its family live and sleep. Prints p50 and p99 of four times, the same ones
// that bench/guest/fork.c and process.c measure for a family of two.
//
// usage: sweep MB LIVE SAMPLES CHILD   (CHILD: the path of bench/guest/child.c's program)

#include <signal.h>
#include <spawn.h>

#include "bench/fork_sample.h"

#define SAMPLES_MAX 1000
#define LIVE_MAX    4000
#define WARM_UPS    3

extern char **environ;

static pid_t sleepers[LIVE_MAX];
static int report_in, report_out;
static char *child_argv[2];
static double child_us[SAMPLES_MAX], return_us[SAMPLES_MAX], whole_us[SAMPLES_MAX];

static void start_sleepers(int n)
{
    char c = 0;
    for (int i = 0; i < n; i++) {
        sleepers[i] = fork();
        if (sleepers[i] < 0)
            die("fork of a sleeper");
        if (sleepers[i] == 0) {
            write_all(report_out, &c, 1);
            for (;;)
                pause();
        }
        read_all(report_in, &c, 1); // one at a time: how it copes with a crowd is not the question
    }
}

static void end_sleepers(int n)
{
    for (int i = 0; i < n; i++)
        kill(sleepers[i], SIGKILL);
    for (int i = 0; i < n; i++)
        if (waitpid(sleepers[i], NULL, 0) != sleepers[i])
            die("waitpid");
}

static void sample_fork(int at)
{
    struct fork_sample s = take_fork_sample(report_in, report_out);
    child_us[at] = s.child;
    return_us[at] = s.parent;
    whole_us[at] = s.whole;
}

static void sample_spawn(int at)
{
    static posix_spawn_file_actions_t actions;
    static int ready;
    uint64_t child_ns;
    pid_t pid;
    if (!ready) {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, report_out, 1);
        ready = 1;
    }
    uint64_t start = now_ns();
    errno = posix_spawn(&pid, child_argv[0], &actions, NULL, child_argv, environ);
    if (errno)
        die("posix_spawn");
    read_all(report_in, &child_ns, sizeof child_ns);
    wait_for(pid);
    child_us[at] = (double)(child_ns - start) / NS_PER_US;
}

static void repeat(void (*sample)(int at), int n)
{
    for (int i = -WARM_UPS; i < n; i++)
        sample(i < 0 ? 0 : i);
}

int main(int argc, char **argv)
{
    int fds[2];
    if (argc != 5 || pipe(fds) < 0)
        die("usage: sweep MB LIVE SAMPLES CHILD");
    size_t mb = strtoul(argv[1], NULL, 10);
    int live = atoi(argv[2]), n = atoi(argv[3]);
    child_argv[0] = argv[4];
    report_in = fds[0];
    report_out = fds[1];
    if (live < 0 || live > LIVE_MAX || n < 1 || n > SAMPLES_MAX)
        die("sweep: out of range");
    start_sleepers(live);
    touched_memory(mb);
    repeat(sample_fork, n);
    report_us("fork_child", child_us, n);
    report_us("fork_return", return_us, n);
    report_us("fork_exit_wait", whole_us, n);
    repeat(sample_spawn, n);
    report_us("spawn_main", child_us, n);
    end_sleepers(live);
    return 0;
}
