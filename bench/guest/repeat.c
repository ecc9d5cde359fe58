// SPDX-License-Identifier: BSD-2-Clause
// One operation, N times, and nothing else: bench/run runs it with two different N under
// `ramet run --trace=exit` and divides the difference in exits and faults by the difference in N.
//
// usage: repeat OPERATION N [CHILD]

#include <fcntl.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "bench/stats.h"

#define BLOCK 65536u

extern char **environ;

static char *child_argv[2];
static char block[BLOCK];
static int pipe_in, pipe_out, null_fd;

static void wait_for(pid_t pid)
{
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        die("a child failed");
}

static void op_getpid(void)
{
    if (getpid() <= 0)
        die("getpid");
}

// A pipe of one process: what a transfer costs when nobody has to be woken.
static void op_pipe(void)
{
    write_all(pipe_out, block, 4096);
    read_all(pipe_in, block, 4096);
}

static void op_file(void)
{
    int fd = open("/tmp/bench-repeat", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        die("open");
    write_all(fd, block, 4096);
    close(fd);
}

static void op_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    wait_for(pid);
}

static void op_exec(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        dup2(null_fd, 1);
        execve(child_argv[0], child_argv, environ);
        _exit(127);
    }
    wait_for(pid);
}

static void op_spawn(void)
{
    static posix_spawn_file_actions_t actions;
    static int ready;
    pid_t pid = -1;
    if (!ready) {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, null_fd, 1);
        ready = 1;
    }
    errno = posix_spawn(&pid, child_argv[0], &actions, NULL, child_argv, environ);
    wait_for(pid);
}

static const struct operation {
    const char *name;
    void (*once)(void);
} operations[] = {
    {"getpid", op_getpid}, {"pipe", op_pipe}, {"file", op_file},
    {"fork", op_fork},     {"exec", op_exec}, {"spawn", op_spawn},
};

// 64 KB blocks from this process to a child that swallows them: both ends busy, if bench/run gives
// each its processor.
static void stream(long n)
{
    pid_t pid = fork();
    if (pid == 0) {
        close(pipe_out);
        while (read(pipe_in, block, BLOCK) > 0)
            ;
        _exit(0);
    }
    close(pipe_in);
    rendezvous();
    for (long i = 0; i < n; i++)
        write_all(pipe_out, block, BLOCK);
    close(pipe_out);
    wait_for(pid);
}

int main(int argc, char **argv)
{
    int fds[2];
    if (argc < 3 || pipe(fds) < 0 || (null_fd = open("/dev/null", O_WRONLY)) < 0)
        die("usage: repeat OPERATION N [CHILD]");
    pipe_in = fds[0];
    pipe_out = fds[1];
    child_argv[0] = argc > 3 ? argv[3] : NULL;
    long n = strtol(argv[2], NULL, 10);
    if (!strcmp(argv[1], "stream")) {
        stream(n);
        return 0;
    }
    for (size_t o = 0; o < sizeof operations / sizeof operations[0]; o++) {
        if (strcmp(operations[o].name, argv[1]) != 0)
            continue;
        for (long i = 0; i < n; i++)
            operations[o].once();
        return 0;
    }
    errno = EINVAL;
    die(argv[1]);
}
