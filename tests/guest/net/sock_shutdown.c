// SPDX-License-Identifier: BSD-2-Clause
// shutdown and close of streams: what both ends see, SIGPIPE, EPIPE, ECONNRESET.
#include "../check.h"
#include <poll.h>
#include <sys/socket.h>

static int s[2];
static volatile sig_atomic_t pipes;

static void on_pipe(int sig)
{
    (void)sig;
    pipes++;
}

static void fresh(int type)
{
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
}

static void done(void)
{
    close(s[0]);
    close(s[1]);
}

static void say_read(int i)
{
    char buf[32];
    ssize_t n = recv(s[i], buf, sizeof buf, MSG_DONTWAIT);
    say("%d reads %zd %s", i, n, n < 0 ? err_name(errno) : "");
}

static void say_write(int i, int flags)
{
    pipes = 0;
    ssize_t n = send(s[i], "data", 4, flags | MSG_DONTWAIT);
    int e = errno;
    say("%d writes %zd %s, %d signals", i, n, n < 0 ? err_name(e) : "", (int)pipes);
}

static void say_poll(void)
{
    for (int i = 0; i < 2; i++) {
        struct pollfd p = {s[i], POLLIN | POLLOUT | POLLRDHUP, 0};
        poll(&p, 1, 0);
        say("%d polls%s%s%s%s%s", i, p.revents & POLLIN ? " in" : "",
            p.revents & POLLOUT ? " out" : "", p.revents & POLLHUP ? " hup" : "",
            p.revents & POLLRDHUP ? " rdhup" : "", p.revents & POLLERR ? " err" : "");
    }
}

static void all(void)
{
    say_poll();
    say_write(0, 0);
    say_write(1, 0);
    say_write(0, MSG_NOSIGNAL);
    say_read(0);
    say_read(1);
    say_read(0);
    say_read(1);
    say_poll();
}

int main(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    install(SIGPIPE, on_pipe, 0);
    for (int t = 0; t < 3; t++) {
        for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
            fresh(types[t]);
            say("type %d, shutdown %d", types[t], how);
            TRY(shutdown(s[0], how));
            all();
            TRY(shutdown(s[1], how));
            TRY(shutdown(s[0], how));
            all();
            done();
        }
        // Bytes that were on their way are still read.
        fresh(types[t]);
        say_write(0, 0);
        TRY(shutdown(s[0], SHUT_WR));
        say_read(1);
        say_read(1);
        say_write(1, 0);
        say_read(0);
        done();
        // Closed with and without unread bytes.
        fresh(types[t]);
        say_write(1, 0);
        close(s[0]);
        s[0] = s[1];
        say_poll();
        say_write(1, 0);
        say_read(1);
        say_read(1);
        close(s[1]);
        fresh(types[t]);
        close(s[0]);
        s[0] = s[1];
        say_poll();
        say_read(1);
        say_write(1, 0);
        close(s[1]);
    }
    return 0;
}
