// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// O_NONBLOCK on pipes: EAGAIN on empty and full, all-or-nothing up to PIPE_BUF, partial above it;
// the flag belongs to the open description, so dup and fork share it.
#include "tests/guest/check.h"
#include <limits.h>

#ifndef PIPE_BUF
#define PIPE_BUF 4096
#endif

static char block[16 * PIPE_BUF];

static void empty_and_full(void)
{
    int p[2];
    char c;
    long total = 0;
    ssize_t n;

    NEED(pipe(p) == 0);
    NEED(fcntl(p[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(p[1], F_SETFL, O_NONBLOCK) == 0);
    TRY(read(p[0], &c, 1));
    while ((n = write(p[1], block, PIPE_BUF)) > 0)
        total += n;
    say("full: %s", err_name(errno));
    CHECK("whole blocks only", total % PIPE_BUF == 0);
    CHECK("at least 64 KB fit", total >= 65536);
    TRY(write(p[1], &c, 1));
    TRY(read(p[0], block, PIPE_BUF));
    TRY(write(p[1], block, PIPE_BUF));
    TRY(write(p[1], block, PIPE_BUF));
    // Above PIPE_BUF a write may be partial: free two blocks, offer sixteen.
    for (int i = 0; i < 2; i++)
        NEED(read(p[0], block, PIPE_BUF) == PIPE_BUF);
    n = write(p[1], block, sizeof block);
    CHECK("a large write fills what is free", n > 0 && n <= 2 * PIPE_BUF);
    long drained = 0;
    while ((n = read(p[0], block, sizeof block)) > 0)
        drained += n;
    say("drained to %s", err_name(errno));
    CHECK("what went in came out", drained > 0 && drained <= total);
    close(p[1]);
    TRY(read(p[0], &c, 1));
    close(p[0]);
}

static void flags_are_shared(void)
{
    int p[2];
    struct gate g = gate_make();

    NEED(pipe(p) == 0);
    int copy = dup(p[0]);
    NEED(fcntl(copy, F_SETFL, O_NONBLOCK) == 0);
    CHECK("seen through the dup'd descriptor", fcntl(p[0], F_GETFL) & O_NONBLOCK);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        CHECK("seen in the child", fcntl(p[0], F_GETFL) & O_NONBLOCK);
        NEED(fcntl(p[0], F_SETFL, 0) == 0);
        gate_open(&g);
        _exit(0);
    }
    gate_wait(&g);
    CHECK("cleared by the child for the parent too", !(fcntl(copy, F_GETFL) & O_NONBLOCK));
    CHECK("the other end never had it", !(fcntl(p[1], F_GETFL) & O_NONBLOCK));
    say_status("child", wait_for(pid));
    TRY(fcntl(p[0], F_SETFD, FD_CLOEXEC));
    say("FD flags are the descriptor's own: %d %d", fcntl(p[0], F_GETFD), fcntl(copy, F_GETFD));
}

// A blocking reader beside a non-blocking writer: the writer polls, nothing is lost.
static void mixed(void)
{
    int p[2];
    long sum = 0;

    NEED(pipe(p) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(p[0]);
        fcntl(p[1], F_SETFL, O_NONBLOCK);
        for (int i = 0; i < 50000;) {
            unsigned char c = (unsigned char)i;
            if (write(p[1], &c, 1) == 1)
                i++;
            else if (errno == EAGAIN)
                sleep_ms(1);
            else
                _exit(1);
        }
        _exit(0);
    }
    close(p[1]);
    long count = 0;
    ssize_t n;
    while ((n = read(p[0], block, sizeof block)) > 0)
        for (ssize_t i = 0; i < n; i++, count++)
            sum += (unsigned char)block[i];
    say("bytes %ld, sum %ld", count, sum);
    say_status("writer", wait_for(pid));
    close(p[0]);
}

int main(void)
{
    empty_and_full();
    flags_are_shared();
    mixed();
    return 0;
}
