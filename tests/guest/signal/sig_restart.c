// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Blocking calls under a signal: EINTR without SA_RESTART, going on with it, for read, write, wait,
// open of a FIFO; calls that are never restarted (pause, nanosleep, poll); partial writes.
#include "tests/guest/check.h"
#include <poll.h>

static volatile sig_atomic_t calls;

static void count(int sig)
{
    (void)sig;
    calls++;
}

// A child that signals the parent after a moment and then, a little later, does its second job.
static pid_t poke(int fd_to_write, int then_exit)
{
    pid_t parent = getpid(), pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        sleep_ms(100); // a busy machine may need it to get from fork() into the call
        kill(parent, SIGUSR1);
        sleep_ms(100);
        if (fd_to_write >= 0)
            NEED(write(fd_to_write, "late", 4) == 4);
        _exit(then_exit);
    }
    return pid;
}

static void reading(const char *what, int flags)
{
    int p[2];
    char buf[8];

    NEED(pipe(p) == 0);
    calls = 0;
    install(SIGUSR1, count, flags);
    pid_t pid = poke(p[1], 0);
    errno = 0;
    ssize_t n = read(p[0], buf, sizeof buf);
    say("%s: read = %zd %s, calls %d", what, n, n < 0 ? err_name(errno) : "", (int)calls);
    wait_for(pid);
    close(p[0]);
    close(p[1]);
}

static void waiting(const char *what, int flags)
{
    int status;

    calls = 0;
    install(SIGUSR1, count, flags);
    pid_t pid = poke(-1, 12);
    errno = 0;
    pid_t got = waitpid(pid, &status, 0);
    say("%s: waitpid %s %s, calls %d", what, got == pid ? "got the child" : "failed",
        got == -1 ? err_name(errno) : "", (int)calls);
    if (got == -1)
        status = wait_for(pid);
    say_status("child", status);
}

// A write larger than the pipe, interrupted after it moved something, returns what it moved.
static void writing(void)
{
    static char block[1 << 20];
    int p[2];

    NEED(pipe(p) == 0);
    install(SIGUSR1, count, 0);
    calls = 0;
    pid_t pid = poke(-1, 0);
    ssize_t n = write(p[1], block, sizeof block);
    say("partial write: %d, calls %d", n > 0 && n < (ssize_t)sizeof block, (int)calls);
    wait_for(pid);
    fcntl(p[1], F_SETFL, O_NONBLOCK);
    while (write(p[1], block, 1) == 1)
        ;
    fcntl(p[1], F_SETFL, 0);
    pid = poke(-1, 0);
    errno = 0;
    n = write(p[1], block, 100);
    say("nothing moved: write = %zd %s", n, err_name(errno));
    wait_for(pid);
    close(p[0]);
    close(p[1]);
}

static void never_restarted(void)
{
    struct timespec left = {5, 0};
    struct pollfd none = {.fd = -1};

    install(SIGUSR1, count, SA_RESTART);
    pid_t pid = poke(-1, 0);
    TRY(pause());
    wait_for(pid);
    pid = poke(-1, 0);
    TRY(nanosleep(&left, &left));
    CHECK("time left is told", left.tv_sec == 4 && left.tv_nsec > 0);
    wait_for(pid);
    pid = poke(-1, 0);
    TRY(poll(&none, 1, 5000));
    wait_for(pid);
    pid = poke(-1, 0);
    say("sleep(5) returns the rest: %d", sleep(5) >= 4);
    wait_for(pid);
}

static void fifo_open(void)
{
    scratch("sig_restart");
    NEED(mkfifo("p", 0644) == 0);
    install(SIGUSR1, count, 0);
    pid_t pid = poke(-1, 0);
    TRY(open("p", O_RDONLY));
    wait_for(pid);
}

// An ignored signal interrupts nothing at all.
static void ignored(void)
{
    int p[2];
    char buf[8];

    NEED(pipe(p) == 0);
    install(SIGUSR1, SIG_IGN, 0);
    pid_t pid = poke(p[1], 0);
    TRY(read(p[0], buf, sizeof buf));
    wait_for(pid);
}

int main(void)
{
    reading("plain", 0);
    reading("SA_RESTART", SA_RESTART);
    waiting("plain", 0);
    waiting("SA_RESTART", SA_RESTART);
    writing();
    never_restarted();
    fifo_open();
    ignored();
    return 0;
}
