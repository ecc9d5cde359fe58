// SPDX-License-Identifier: BSD-2-Clause
// poll() on sockets in every state, and waiting in it for what another process does.
// needs: family
#include "../check.h"
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0ramet-poll"};
#define NAME     ((struct sockaddr *)&name)
#define NAME_LEN ((socklen_t)offsetof(struct sockaddr_un, sun_path) + 11)

static void say_poll(const char *what, int fd, int timeout)
{
    struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0};
    if (timeout)
        p.events &= (short)~POLLOUT;
    int n = poll(&p, 1, timeout);
    say("%s: %d%s%s%s%s%s", what, n, p.revents & POLLIN ? " in" : "",
        p.revents & POLLOUT ? " out" : "", p.revents & POLLHUP ? " hup" : "",
        p.revents & POLLRDHUP ? " rdhup" : "", p.revents & POLLERR ? " err" : "");
}

static void states(int type)
{
    int l = socket(AF_UNIX, type, 0), c = socket(AF_UNIX, type, 0);
    say("type %d", type);
    say_poll("fresh", l, 0);
    NEED(bind(l, NAME, NAME_LEN) == 0);
    say_poll("bound", l, 0);
    if (type != SOCK_DGRAM) {
        NEED(listen(l, 1) == 0);
        say_poll("listening", l, 0);
    }
    NEED(connect(c, NAME, NAME_LEN) == 0);
    say_poll("connected", c, 0);
    say_poll("connected to", l, 0);
    NEED(send(c, "x", 1, 0) == 1);
    say_poll("sent to", l, 0);
    close(l);
    say_poll("its listener closed", c, 0);
    char b;
    TRY(recv(c, &b, 1, MSG_DONTWAIT));
    say_poll("and read", c, 0);
    close(c);
}

// A full buffer is not writable until much of it was read.
static void full(int type)
{
    static char block[4096];
    int s[2];
    NEED(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0);
    say_poll("empty", s[0], 0);
    while (write(s[0], block, sizeof block) > 0)
        ;
    say("full: %s", err_name(errno));
    say_poll("full", s[0], 0);
    NEED(read(s[1], block, sizeof block) > 0);
    say_poll("one read", s[0], 0);
    while (read(s[1], block, sizeof block) > 0)
        ;
    say_poll("all read", s[0], 0);
    close(s[0]);
    close(s[1]);
}

// A child does something a little later; the parent waits in poll.
static void later(const char *what, void (*act)(int), int timeout)
{
    int s[2];
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(s[0]);
        sleep_ms(30);
        act(s[1]);
        _exit(0);
    }
    close(s[1]);
    say_poll(what, s[0], timeout);
    wait_for(pid);
    close(s[0]);
}

static void act_write(int fd)
{
    write(fd, "x", 1);
    sleep_ms(30);
}

static void act_shut(int fd)
{
    shutdown(fd, SHUT_WR);
    sleep_ms(30);
}

static void act_close(int fd)
{
    close(fd);
}

static void act_die(int fd)
{
    (void)fd;
    kill(getpid(), SIGKILL);
}

// Waiting for room: the reader makes it.
static void wait_for_room(void)
{
    static char block[4096];
    int s[2];
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == 0);
    while (write(s[0], block, sizeof block) > 0)
        ;
    pid_t pid = fork();
    if (pid == 0) {
        close(s[0]);
        sleep_ms(30);
        while (read(s[1], block, sizeof block) > 0)
            ;
        sleep_ms(30);
        _exit(0);
    }
    struct pollfd p = {s[0], POLLOUT, 0};
    TRY(poll(&p, 1, 10000));
    CHECK("writable", (p.revents & POLLOUT) != 0);
    wait_for(pid);
}

int main(void)
{
    states(SOCK_STREAM);
    states(SOCK_SEQPACKET);
    states(SOCK_DGRAM);
    full(SOCK_STREAM);
    full(SOCK_DGRAM);
    full(SOCK_SEQPACKET);
    later("a write", act_write, 10000);
    later("a shutdown", act_shut, 10000);
    later("a close", act_close, 10000);
    later("a death", act_die, 10000);
    later("nothing in time", act_write, 1);
    wait_for_room();
    return 0;
}
