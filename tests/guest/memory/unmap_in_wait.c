// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// A handler that runs while a call waits takes away the memory that the call has checked: the call
// finds that out when it goes on.
#include <sys/mman.h>
#include <sys/uio.h>

#include "tests/guest/check.h"

#define LEN 65536

static void *page;

static void unmap(int sig)
{
    (void)sig;
    if (munmap(page, LEN) != 0)
        _exit(98);
}

// A fresh piece of memory, and the handler that takes it away.
static void *prepare(int flags)
{
    struct sigaction act = {.sa_handler = unmap, .sa_flags = flags};
    page = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(page != MAP_FAILED && sigaction(SIGALRM, &act, NULL) == 0);
    return page;
}

// In 30 ms the handler, in another 100 ms what the call waits for: a byte, and a child's end.
static pid_t later(int fd)
{
    pid_t parent = getpid(), pid = fork();
    NEED(pid >= 0);
    if (pid)
        return pid;
    sleep_ms(30);
    kill(parent, SIGALRM);
    sleep_ms(100);
    _exit(fd >= 0 && write(fd, "later", 5) != 5);
}

static void result(const char *what, long r)
{
    say("%s: %ld %s", what, r < 0 ? -1 : r > 100 ? 100 : r, r < 0 ? err_name(errno) : "");
}

// A pipe each: what a failed read has found stays in it.
static void reads(void)
{
    int fds[2];
    NEED(pipe(fds) == 0);
    char *buf = prepare(SA_RESTART);
    pid_t pid = later(fds[1]);
    result("read", read(fds[0], buf, 5));
    NEED(waitpid(pid, NULL, 0) == pid);

    NEED(pipe(fds) == 0);
    struct iovec iov = {prepare(SA_RESTART), 5};
    pid = later(fds[1]);
    result("readv", readv(fds[0], &iov, 1));
    NEED(waitpid(pid, NULL, 0) == pid);

    NEED(pipe(fds) == 0);
    struct iovec *vector = prepare(SA_RESTART);
    char here[5];
    *vector = (struct iovec){here, 5};
    pid = later(fds[1]);
    result("the vector itself", readv(fds[0], vector, 1));
    NEED(waitpid(pid, NULL, 0) == pid);
}

static void waits(void)
{
    int *status = prepare(SA_RESTART);
    later(-1);
    result("wait", wait(status));

    siginfo_t *info = prepare(SA_RESTART);
    later(-1);
    result("waitid", waitid(P_ALL, 0, info, WEXITED));
}

static void sleeps(void)
{
    struct timespec ten = {10, 0}, *left = prepare(SA_RESTART);
    pid_t pid = later(-1);
    result("nanosleep", nanosleep(&ten, left));
    NEED(waitpid(pid, NULL, 0) == pid);
}

int main(void)
{
    reads();
    waits();
    sleeps();
    return 0;
}
