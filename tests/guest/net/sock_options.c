// SPDX-License-Identifier: BSD-2-Clause
// getsockopt and setsockopt.
#include "../check.h"
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int fd;

static void say_int(const char *what, int name)
{
    int n = -77;
    socklen_t len = sizeof n;
    int r = getsockopt(fd, SOL_SOCKET, name, &n, &len);
    if (r < 0)
        say("%s: %s", what, err_name(errno));
    else
        say("%s: %d, length %d", what, n, (int)len);
}

static void set_int(const char *what, int name, int n)
{
    int r = setsockopt(fd, SOL_SOCKET, name, &n, sizeof n);
    say("set %s to %d: %s", what, n, r < 0 ? err_name(errno) : "OK");
    say_int(what, name);
}

#define SAY(name)    say_int(#name, name)
#define SET(name, n) set_int(#name, name, n)

static void times(void)
{
    struct timeval tv = {1, 200000};
    socklen_t len = sizeof tv;
    TRY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    tv = (struct timeval){0, 0};
    TRY(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
    say("%ld %ld %d", (long)tv.tv_sec, (long)tv.tv_usec, (int)len);
    tv.tv_usec = 1000000;
    TRY(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv));
    TRY(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, 4));
    tv = (struct timeval){0, 0};
    TRY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    TRY(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len));
    say("%ld %ld %d", (long)tv.tv_sec, (long)tv.tv_usec, (int)len);
}

static void lengths(void)
{
    int n = 1;
    unsigned char two[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    socklen_t len = 2;
    TRY(getsockopt(fd, SOL_SOCKET, SO_TYPE, two, &len));
    say("length %d: %d %d %d", (int)len, two[0], two[1], two[2]);
    len = 8;
    TRY(getsockopt(fd, SOL_SOCKET, SO_TYPE, two, &len));
    say("length %d: %d %d", (int)len, two[0], two[4]);
    len = 0;
    TRY(getsockopt(fd, SOL_SOCKET, SO_TYPE, two, &len));
    TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &n, 2));
    TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, NULL, 4));
    TRY(getsockopt(fd, SOL_SOCKET, SO_TYPE, NULL, &len));
    TRY(getsockopt(fd, SOL_SOCKET, SO_TYPE, &n, NULL));
    len = sizeof n;
    TRY(getsockopt(fd, SOL_SOCKET, 12345, &n, &len));
    TRY(setsockopt(fd, SOL_SOCKET, 12345, &n, len));
    TRY(getsockopt(fd, 6, 1, &n, &len));
    TRY(setsockopt(fd, 6, 1, &n, len));
    TRY(getsockopt(fd, 0, 1, &n, &len));
}

int main(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW};
    for (int t = 0; t < 4; t++) {
        fd = socket(AF_UNIX, types[t], 0);
        SAY(SO_TYPE);
        SAY(SO_DOMAIN);
        SAY(SO_PROTOCOL);
        SAY(SO_ERROR);
        SAY(SO_ACCEPTCONN);
        SAY(SO_RCVLOWAT);
        close(fd);
    }
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    SET(SO_TYPE, 1);
    SET(SO_ERROR, 1);
    SET(SO_ACCEPTCONN, 1);
    SET(SO_DOMAIN, 1);
    SET(SO_SNDBUF, 50000);
    SET(SO_RCVBUF, 100000);
    SET(SO_SNDBUF, 100);
    SET(SO_RCVBUF, 100);
    SET(SO_PASSCRED, 1);
    SET(SO_PASSCRED, 0);
    SET(SO_PASSCRED, 55);
    SET(SO_KEEPALIVE, 1);
    SET(SO_REUSEADDR, 1);
    SET(SO_BROADCAST, 1);
    SET(SO_DONTROUTE, 1);
    SET(SO_OOBINLINE, 1);
    SET(SO_REUSEPORT, 1);
    SET(SO_RCVLOWAT, 5);
    SET(SO_RCVLOWAT, 0);
    SET(SO_RCVLOWAT, -1);
    SET(SO_SNDLOWAT, 1);
    SET(SO_PRIORITY, 4);
    struct linger l = {1, 5};
    socklen_t len = sizeof l;
    TRY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l));
    TRY(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len));
    say("linger %d %d", l.l_onoff, l.l_linger);
    times();
    lengths();
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    NEED(bind(fd, (struct sockaddr *)&a, 2) == 0 && listen(fd, 1) == 0);
    SAY(SO_ACCEPTCONN);
    // An accepted socket does not inherit what was set, but for SO_PASSCRED.
    len = sizeof a;
    NEED(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    NEED(connect(c, (struct sockaddr *)&a, len) == 0);
    fd = accept(fd, NULL, NULL);
    SAY(SO_PASSCRED);
    SAY(SO_ACCEPTCONN);
    SAY(SO_KEEPALIVE);
    // SO_ERROR tells of a reset once.
    NEED(write(fd, "x", 1) == 1);
    close(c);
    SAY(SO_ERROR);
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0, 0}) == 0);
    int s[2];
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    NEED(write(s[0], "x", 1) == 1);
    close(s[1]);
    fd = s[0];
    SAY(SO_ERROR);
    SAY(SO_ERROR);
    TRY(read(fd, &len, 1));
    return 0;
}
