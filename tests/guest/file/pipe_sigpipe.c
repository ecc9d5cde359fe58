// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Writing to a pipe nobody reads: SIGPIPE by default, EPIPE when ignored or handled, also for a
// writer that was already blocked when the reader went away.
#include "tests/guest/check.h"

static volatile sig_atomic_t got_pipe;

static void on_pipe(int sig)
{
    got_pipe += sig == SIGPIPE;
}

static void fill(int fd)
{
    static char block[4096];
    int flags = fcntl(fd, F_GETFL);

    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (write(fd, block, sizeof block) > 0)
        ;
    fcntl(fd, F_SETFL, flags);
}

static void kills_by_default(void)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        int p[2];
        NEED(pipe(p) == 0);
        close(p[0]);
        ssize_t n = write(p[1], "x", 1);
        _exit(n < 0 ? 1 : 2);
    }
    say_status("default", wait_for(pid));
}

// The child is the only reader; it ends once the parent's write has blocked on the full pipe.
static void blocked_writer(const char *what, void (*handler)(int))
{
    int p[2];
    char byte = 'x';

    install(SIGPIPE, handler, 0);
    NEED(pipe(p) == 0);
    fill(p[1]);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(p[1]);
        sleep_ms(30);
        _exit(0);
    }
    close(p[0]);
    errno = 0;
    ssize_t n = write(p[1], &byte, 1);
    say("%s: write = %zd %s", what, n, err_name(errno));
    close(p[1]);
    say_status("reader", wait_for(pid));
}

int main(void)
{
    int p[2];

    kills_by_default();
    install(SIGPIPE, SIG_IGN, 0);
    NEED(pipe(p) == 0);
    TRY(write(p[1], "kept", 4));
    close(p[0]);
    TRY(write(p[1], "x", 1));
    TRY(write(p[1], "x", 0));
    install(SIGPIPE, on_pipe, 0);
    TRY(write(p[1], "x", 1));
    say("handler ran %d time", (int)got_pipe);
    close(p[1]);

    blocked_writer("blocked, ignored", SIG_IGN);
    blocked_writer("blocked, handled", on_pipe);
    say("handler ran %d times", (int)got_pipe);

    // As `yes | head` makes it: the producer dies of the signal.
    install(SIGPIPE, SIG_DFL, 0);
    NEED(pipe(p) == 0);
    pid_t producer = fork();
    NEED(producer >= 0);
    if (producer == 0) {
        close(p[0]);
        for (;;)
            if (write(p[1], "y\n", 2) != 2)
                _exit(1);
    }
    close(p[1]);
    char buf[20];
    size_t have = 0;
    while (have < sizeof buf) {
        ssize_t n = read(p[0], buf + have, sizeof buf - have);
        NEED(n > 0);
        have += (size_t)n;
    }
    close(p[0]);
    say_status("producer", wait_for(producer));
    return 0;
}
