// SPDX-License-Identifier: BSD-2-Clause
// Sockets: errors of making them, and of calls in the wrong state.
#include "../check.h"
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "none"};
#define ADDR ((struct sockaddr *)&addr)

static void making(void)
{
    int s[2];
    TRY(socket(AF_UNIX, 99, 0));
    TRY(socket(AF_UNIX, SOCK_RDM, 0));
    TRY(socket(AF_UNIX, SOCK_STREAM, 2));
    TRY(socket(-1, SOCK_STREAM, 0));
    TRY(socket(46, SOCK_STREAM, 0));
    TRY(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0));
    TRY(close(socket(AF_UNIX, SOCK_STREAM, AF_UNIX)));
    TRY(close(socket(AF_UNIX, SOCK_RAW, 0)));
    TRY(socketpair(AF_UNIX, SOCK_STREAM, 2, s));
    TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, NULL));
}

static void no_socket(int fd)
{
    char c;
    socklen_t len = sizeof addr;
    int type;
    TRY(bind(fd, ADDR, sizeof addr));
    TRY(listen(fd, 1));
    TRY(accept(fd, NULL, NULL));
    TRY(connect(fd, ADDR, sizeof addr));
    TRY(shutdown(fd, SHUT_RD));
    TRY(send(fd, "x", 1, 0));
    TRY(recv(fd, &c, 1, 0));
    TRY(getsockname(fd, ADDR, &len));
    TRY(getpeername(fd, ADDR, &len));
    TRY(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len));
    TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &len, len));
}

static void unconnected(int type)
{
    int fd = socket(AF_UNIX, type, 0), n;
    struct sockaddr_un got;
    socklen_t len = sizeof got;
    char c;
    say("type %d", type);
    TRY(getsockname(fd, (struct sockaddr *)&got, &len));
    say("length %d", (int)len);
    len = sizeof got;
    TRY(getpeername(fd, (struct sockaddr *)&got, &len));
    TRY(send(fd, "x", 1, MSG_NOSIGNAL));
    TRY(write(fd, "x", 1));
    TRY(recv(fd, &c, 1, MSG_DONTWAIT));
    TRY(listen(fd, 1));
    TRY(accept(fd, NULL, NULL));
    TRY(accept4(fd, NULL, NULL, 7));
    TRY(shutdown(fd, 3));
    TRY(shutdown(fd, -1));
    TRY(connect(fd, ADDR, sizeof addr));
    TRY(connect(fd, ADDR, 2));
    TRY(connect(fd, ADDR, 200));
    TRY(connect(fd, NULL, sizeof addr));
    TRY(bind(fd, ADDR, 1));
    TRY(bind(fd, ADDR, 111));
    TRY(bind(fd, NULL, sizeof addr));
    addr.sun_family = AF_INET;
    TRY(bind(fd, ADDR, sizeof addr));
    addr.sun_family = AF_UNIX;
    TRY(sendto(fd, "x", 1, MSG_NOSIGNAL, ADDR, sizeof addr));
    TRY(ioctl(fd, FIONREAD, &n));
    TRY(ioctl(fd, 0x1234, &n));
    TRY(shutdown(fd, SHUT_RDWR));
    if (type != SOCK_DGRAM) // ENOTCONN or EPIPE: versions of Linux differ
        TRY(send(fd, "x", 1, MSG_NOSIGNAL));
    TRY(recv(fd, &c, 1, MSG_DONTWAIT));
    close(fd);
}

static void bad_memory(void)
{
    int s[2];
    char *volatile bad = (char *)8;
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    TRY(write(s[0], bad, 10));
    TRY(write(s[0], "abc", 3));
    TRY(recv(s[1], bad, 10, 0));
    TRY(recvmsg(s[1], (struct msghdr *)bad, 0));
    TRY(sendmsg(s[0], (struct msghdr *)bad, 0));
    TRY(getsockname(s[0], (struct sockaddr *)bad, (socklen_t *)bad));
    TRY(send(s[0], "x", 1, MSG_OOB | MSG_DONTWAIT) <= 1);
    TRY(sendto(s[0], "x", 1, 0, ADDR, sizeof addr));
    TRY(connect(s[0], ADDR, sizeof addr));
    TRY(listen(s[0], 1));
}

int main(void)
{
    scratch("sock-errnos");
    signal(SIGPIPE, SIG_IGN);
    making();
    no_socket(0);
    no_socket(77);
    unconnected(SOCK_STREAM);
    unconnected(SOCK_DGRAM);
    unconnected(SOCK_SEQPACKET);
    bad_memory();
    return 0;
}
