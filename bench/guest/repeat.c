// SPDX-License-Identifier: BSD-2-Clause
// One operation, N times, and nothing else: bench/run runs it with two different N under
// `ramet run --trace=exit` and divides the difference in exits and faults by the difference in N.
// bench/process also takes the host's processor time so, and the time of one, which is printed.
//
// usage: repeat OPERATION N [CHILD]

#include <fcntl.h>
#include <signal.h>
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

// In memory on both sides: Linux's /tmp may be a disk.
static void op_file(void)
{
    int fd = open("/dev/shm/bench-repeat", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        fd = open("/tmp/bench-repeat", O_RDWR | O_CREAT | O_TRUNC, 0600);
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

static volatile sig_atomic_t handled;

static void handler(int number)
{
    (void)number;
    handled++;
}

// A signal to oneself, with a handler: delivered before kill() returns (POSIX).
static void op_signal(void)
{
    static int ready;
    if (!ready) {
        const struct sigaction action = {.sa_handler = handler};
        sigaction(SIGUSR1, &action, NULL);
        ready = 1;
    }
    sig_atomic_t before = handled;
    if (kill(getpid(), SIGUSR1) < 0 || handled == before)
        die("kill");
}

static const struct operation {
    const char *name;
    void (*once)(void);
} operations[] = {
    {"getpid", op_getpid}, {"pipe", op_pipe},   {"file", op_file},     {"fork", op_fork},
    {"exec", op_exec},     {"spawn", op_spawn}, {"signal", op_signal},
};

static void report_each(const char *name, uint64_t start, long n)
{
    double each = (double)(now_ns() - start) / NS_PER_US / (double)n;
    printf("repeat_%s %.4f %.4f us\n", name, each, each);
}

// Two processes, which bench/run gives a processor each or one together. 64 KB blocks from this
// one to a child that swallows them.
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
    uint64_t start = now_ns();
    for (long i = 0; i < n; i++)
        write_all(pipe_out, block, BLOCK);
    close(pipe_out);
    wait_for(pid);
    report_each("stream", start, n);
}

// A byte to a child and back: on one processor, two context switches.
static void turns(long n)
{
    int back[2];
    if (pipe(back) < 0)
        die("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        close(pipe_out);
        while (read(pipe_in, block, 1) == 1)
            write_all(back[1], block, 1);
        _exit(0);
    }
    rendezvous();
    uint64_t start = now_ns();
    for (long i = 0; i < n; i++) {
        write_all(pipe_out, block, 1);
        read_all(back[0], block, 1);
    }
    report_each("switch", start, n);
    close(pipe_out);
    wait_for(pid);
}

// A signal to a child that waits for it, and one back.
static void signals(long n)
{
    sigset_t set;
    int got;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        while (sigwait(&set, &got) == 0 && got == SIGUSR1)
            kill(parent, SIGUSR1);
        _exit(got == SIGTERM ? 0 : 1);
    }
    rendezvous();
    uint64_t start = now_ns();
    for (long i = 0; i < n; i++) {
        if (kill(pid, SIGUSR1) < 0 || sigwait(&set, &got) != 0)
            die("a signal and one back");
    }
    report_each("signals", start, n);
    kill(pid, SIGTERM);
    wait_for(pid);
}

static const struct pair {
    const char *name;
    void (*run)(long n);
} pairs[] = {{"stream", stream}, {"switch", turns}, {"signals", signals}};

int main(int argc, char **argv)
{
    int fds[2];
    if (argc < 3 || pipe(fds) < 0 || (null_fd = open("/dev/null", O_WRONLY)) < 0)
        die("usage: repeat OPERATION N [CHILD]");
    pipe_in = fds[0];
    pipe_out = fds[1];
    child_argv[0] = argc > 3 ? argv[3] : NULL;
    long n = strtol(argv[2], NULL, 10);
    for (size_t p = 0; p < sizeof pairs / sizeof pairs[0]; p++) {
        if (strcmp(pairs[p].name, argv[1]) == 0) {
            pairs[p].run(n);
            return 0;
        }
    }
    for (size_t o = 0; o < sizeof operations / sizeof operations[0]; o++) {
        if (strcmp(operations[o].name, argv[1]) != 0)
            continue;
        uint64_t start = now_ns();
        for (long i = 0; i < n; i++)
            operations[o].once();
        report_each(argv[1], start, n);
        return 0;
    }
    errno = EINVAL;
    die(argv[1]);
}
