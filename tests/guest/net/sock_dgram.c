// SPDX-License-Identifier: BSD-2-Clause
// Datagrams: boundaries, addresses, what is cut, connecting and its undoing, peers that are gone.
#include "../check.h"
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BASE ((socklen_t)offsetof(struct sockaddr_un, sun_path))

static struct sockaddr_un name_of(char c)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path + 1, "ramet-dgram-");
    a.sun_path[13] = c;
    return a;
}

static socklen_t len_of(void)
{
    return BASE + 14;
}

static int bound(char c)
{
    struct sockaddr_un a = name_of(c);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    NEED(bind(fd, (struct sockaddr *)&a, len_of()) == 0);
    return fd;
}

static int connect_to(int fd, char c)
{
    struct sockaddr_un a = name_of(c);
    return connect(fd, (struct sockaddr *)&a, len_of());
}

static ssize_t send_to(int fd, char c, const void *buf, size_t n)
{
    struct sockaddr_un a = name_of(c);
    return sendto(fd, buf, n, MSG_DONTWAIT, (struct sockaddr *)&a, len_of());
}

static void say_next(int fd, size_t room)
{
    char buf[64];
    struct sockaddr_un a;
    socklen_t len = sizeof a;
    ssize_t n = recvfrom(fd, buf, room, MSG_DONTWAIT, (struct sockaddr *)&a, &len);
    if (n < 0)
        say("received: %s", err_name(errno));
    else
        say("received: %zd [%.*s] from %c", n, (int)n, buf, len > BASE ? a.sun_path[13] : '-');
}

static void boundaries(int a, int b)
{
    int n;
    TRY(send_to(a, 'b', "first", 5));
    TRY(send_to(a, 'b', "", 0));
    TRY(send_to(a, 'b', "a longer one", 12));
    TRY(ioctl(b, FIONREAD, &n));
    say("next %d", n);
    say_next(b, 64);
    TRY(ioctl(b, FIONREAD, &n));
    say("next %d", n);
    say_next(b, 64);
    say_next(b, 4);
    say_next(b, 4);
    TRY(send_to(a, 'b', "0123456789", 10));
    TRY(recv(b, &n, 4, MSG_PEEK | MSG_TRUNC));
    TRY(recv(b, &n, 4, MSG_PEEK));
    TRY(recv(b, &n, 4, MSG_TRUNC));
    TRY(recv(b, &n, 4, MSG_DONTWAIT));
    TRY(send_to(b, 'b', "to myself", 9));
    say_next(b, 64);
}

static void connecting(int a, int b, int c)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    TRY(send(a, "x", 1, 0));
    TRY(connect_to(a, 'b'));
    TRY(send(a, "x", 1, 0));
    say_next(b, 9);
    TRY(connect_to(b, 'c'));
    TRY(send(a, "x", 1, 0)); // b hears only c now
    TRY(send_to(a, 'b', "x", 1));
    TRY(connect_to(a, 'b'));
    TRY(send_to(c, 'b', "from c", 6));
    say_next(b, 9);
    TRY(connect(b, &none, sizeof none));
    TRY(send(b, "x", 1, 0));
    TRY(send(a, "again", 5, 0));
    say_next(b, 9);
    TRY(connect(a, &none, sizeof none));
}

// What waits is lost when both were connected and one turns away, and the other is told.
static void turning_away(int a, int b)
{
    TRY(connect_to(a, 'b'));
    TRY(connect_to(b, 'a'));
    TRY(send(a, "lost", 4, 0));
    TRY(connect_to(b, 'c'));
    say_next(b, 9);
    TRY(send(a, "x", 1, 0));
    TRY(send(a, "x", 1, 0));
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    TRY(connect(a, &none, sizeof none));
    TRY(connect(b, &none, sizeof none));
}

static void gone(int a, int b)
{
    TRY(connect_to(a, 'b'));
    TRY(close(b));
    TRY(send_to(a, 'b', "x", 1));
    TRY(send(a, "x", 1, 0));
    TRY(send(a, "x", 1, 0));
    TRY(connect_to(a, 'b'));
    TRY(connect_to(a, 'z'));
}

static void large(void)
{
    static char big[300000];
    int s[2];
    NEED(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
    TRY(send(s[0], big, 300000, 0));
    TRY(send(s[0], big, 65000, 0));
    big[149999] = 'e';
    TRY(send(s[0], big, 150000, MSG_DONTWAIT) > 0);
    big[149999] = 0;
    TRY(recv(s[1], big, 300000, 0));
    TRY(recv(s[1], big, 300000, MSG_DONTWAIT) > 0);
    TRY(shutdown(s[0], SHUT_WR));
    TRY(send(s[0], "x", 1, 0));
    TRY(recv(s[1], big, 1, MSG_DONTWAIT));
    TRY(shutdown(s[1], SHUT_RD));
    TRY(recv(s[1], big, 1, 0));
}

int main(void)
{
    int a = bound('a'), b = bound('b'), c = bound('c');
    boundaries(a, b);
    connecting(a, b, c);
    turning_away(a, b);
    gone(a, b);
    large();
    return 0;
}
