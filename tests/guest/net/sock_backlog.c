// SPDX-License-Identifier: BSD-2-Clause
// A listener's queue: how many wait in it, who connects to a full one, what a close does to them.
// needs: family
#include "../check.h"
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0ramet-backlog"};
#define NAME     ((struct sockaddr *)&name)
#define NAME_LEN ((socklen_t)offsetof(struct sockaddr_un, sun_path) + 14)

static int listener(int backlog)
{
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    NEED(bind(l, NAME, NAME_LEN) == 0 && listen(l, backlog) == 0);
    return l;
}

static int client(int flags)
{
    int c = socket(AF_UNIX, SOCK_STREAM | flags, 0);
    if (connect(c, NAME, NAME_LEN) == 0)
        return c;
    int e = errno;
    close(c);
    errno = e;
    return -1;
}

static void count(int backlog)
{
    int l = listener(backlog), n = 0, c[20];
    while (n < 20 && (c[n] = client(SOCK_NONBLOCK)) >= 0)
        n++;
    say("backlog %d: %d connect, then %s", backlog, n, err_name(errno));
    close(accept(l, NULL, NULL));
    say("after an accept: %s", (c[n] = client(SOCK_NONBLOCK)) >= 0 ? "OK" : err_name(errno));
    // What waits is reset when the listener closes.
    close(l);
    char b;
    say("unaccepted reads %zd %s", read(c[1], &b, 1), err_name(errno));
    say("again %zd", read(c[1], &b, 1));
    for (int i = 0; i <= n; i++)
        close(c[i]);
}

// A blocking connect waits for an accept.
static void waiting(void)
{
    int l = listener(0);
    int first = client(0);
    pid_t pid = fork();
    if (pid == 0) {
        int c = client(0);
        say("child connected: %d", c >= 0);
        write(c, "late", 4);
        _exit(0);
    }
    sleep_ms(30);
    close(accept(l, NULL, NULL));
    int a = accept(l, NULL, NULL);
    char buf[8] = "";
    TRY(read(a, buf, 4));
    say("[%s]", buf);
    say_status("child", wait_for(pid));
    close(first);
    close(a);
    // By the listener's close it is refused.
    first = client(0);
    pid = fork();
    if (pid == 0) {
        close(l);
        say("refused: %s", client(0) < 0 ? err_name(errno) : "OK");
        _exit(0);
    }
    sleep_ms(30);
    close(l);
    say_status("child", wait_for(pid));
    close(first);
}

static void times(void)
{
    int l = listener(0), first = client(0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    struct timeval tv = {0, 20000};
    TRY(setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv));
    TRY(connect(c, NAME, NAME_LEN));
    close(first);
    close(accept(l, NULL, NULL));
    TRY(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    TRY(accept(l, NULL, NULL));
    TRY(fcntl(l, F_SETFL, O_NONBLOCK));
    TRY(accept(l, NULL, NULL));
    TRY(shutdown(l, SHUT_RD));
    TRY(accept(l, NULL, NULL));
    TRY(connect(c, NAME, NAME_LEN));
    TRY(connect(l, NAME, NAME_LEN));
    close(l);
    close(c);
}

// Several processes accept from one listener; each connection is served once.
static void shared(void)
{
    enum { SERVERS = 3, CLIENTS = 30 };
    int l = listener(5), sum = 0;
    for (int i = 0; i < SERVERS; i++)
        if (fork() == 0) {
            for (;;) {
                int c = accept(l, NULL, NULL);
                char b;
                if (c < 0 || read(c, &b, 1) != 1 || b == 'q')
                    _exit(0);
                b++;
                write(c, &b, 1);
                close(c);
            }
        }
    for (int i = 0; i < CLIENTS; i++) {
        int c = client(0);
        char b = (char)i;
        NEED(write(c, &b, 1) == 1 && read(c, &b, 1) == 1);
        sum += b - i;
        close(c);
    }
    for (int i = 0; i < SERVERS; i++) {
        int c = client(0);
        NEED(write(c, "q", 1) == 1);
        wait(NULL);
        close(c);
    }
    say("served %d", sum);
    close(l);
}

int main(void)
{
    count(0);
    count(1);
    count(5);
    waiting();
    times();
    shared();
    return 0;
}
