// SPDX-License-Identifier: BSD-2-Clause
// Sockets whose descriptors are in messages to each other, or to themselves, and nowhere else: they
// are collected, and a pipe that waits in such a message is closed with them.
#include "pass.h"
#include <poll.h>
#include <stddef.h>
#include <sys/un.h>

// A pipe whose writing end is nowhere but in a message: its end tells that the message is gone.
static int watch(int to)
{
    int p[2];
    NEED(pipe(p) == 0);
    NEED(pass(to, "w", 1, &p[1], 1) == 1);
    close(p[1]);
    return p[0];
}

// Whether it is gone: a collection may come with the next close of a socket only (Linux), a
// moment later.
static void say_gone(const char *what, int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    int n = 0;
    for (int i = 0; i < 200 && n == 0; i++) {
        close(socket(AF_UNIX, SOCK_STREAM, 0));
        n = poll(&p, 1, 10);
    }
    say("%s: %s", what, n == 1 && (p.revents & POLLHUP) ? "collected" : "still there NO");
    close(fd);
}

static void to_itself(int type)
{
    int s[2];
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    int w = watch(s[0]);
    NEED(pass(s[0], "x", 1, &s[1], 1) == 1);
    close(s[0]);
    close(s[1]);
    say_gone("to itself", w);
}

static void ring_of(int n)
{
    int s[20][2];
    for (int i = 0; i < n; i++)
        NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s[i]) == 0);
    int w = watch(s[n / 2][0]);
    for (int i = 0; i < n; i++)
        NEED(pass(s[i][0], "x", 1, s[(i + 1) % n], 2) == 1);
    for (int i = 0; i < n; i++) {
        close(s[i][0]);
        close(s[i][1]);
    }
    say_gone("a ring", w);
}

// Held by one descriptor, all of it stays and can be got back.
static void held(void)
{
    int a[2], b[2], got[4], n, flags = 0;
    char c;
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0);
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, b) == 0);
    NEED(pass(a[0], "x", 1, b, 2) == 1);     // b waits at a[1]
    NEED(pass(b[0], "y", 1, &a[0], 1) == 1); // a[0] waits at b[1]
    close(b[0]);
    close(b[1]);
    close(a[0]);
    for (int i = 0; i < 5; i++)
        close(socket(AF_UNIX, SOCK_STREAM, 0));
    TRY(take(a[1], &c, 1, got, 2, &n, &flags));
    say("%d", n);
    flags = 0;
    TRY(take(got[1], &c, 1, got + 2, 1, &n, &flags));
    say("%d [%c]", n, c);
    TRY(write(got[2], "z", 1));
    TRY(read(a[1], &c, 1));
    say("[%c]", c);
    for (int i = 0; i < 3; i++)
        close(got[i]);
    close(a[1]);
}

// A listener in the queue of a connection to itself that nobody accepts.
static void unaccepted(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0ramet-cycle"};
    socklen_t len = offsetof(struct sockaddr_un, sun_path) + 12;
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    NEED(bind(l, (struct sockaddr *)&a, len) == 0 && listen(l, 5) == 0);
    NEED(connect(c, (struct sockaddr *)&a, len) == 0);
    int w = watch(c);
    NEED(pass(c, "x", 1, &l, 1) == 1);
    close(l);
    close(c);
    say_gone("unaccepted", w);
}

// A long chain, each in the queue of the next: closed from its end without depth.
static void chain(void)
{
    int s[2], next[2];
    NEED(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
    int w = watch(s[0]);
    for (int i = 0; i < 3; i++) {
        NEED(socketpair(AF_UNIX, SOCK_DGRAM, 0, next) == 0);
        NEED(pass(next[0], "x", 1, s, 2) == 1);
        close(s[0]);
        close(s[1]);
        memcpy(s, next, sizeof s);
    }
    close(s[0]);
    close(s[1]);
    say_gone("a chain", w);
}

int main(void)
{
    int first = next_fd();
    to_itself(SOCK_STREAM);
    to_itself(SOCK_DGRAM);
    to_itself(SOCK_SEQPACKET);
    ring_of(2);
    ring_of(20);
    held();
    unaccepted();
    chain();
    say("descriptors more: %d", next_fd() - first);
    return 0;
}
