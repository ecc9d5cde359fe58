// SPDX-License-Identifier: BSD-2-Clause
// SOCK_SEQPACKET: connections with boundaries.
#include "../check.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static void say_next(int fd, size_t room)
{
    char buf[64];
    struct iovec v = {buf, room};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
    if (n < 0)
        say("received: %s", err_name(errno));
    else
        say("received: %zd [%.*s] flags 0x%x", n, (int)n, buf, (unsigned)m.msg_flags);
}

static void pair(void)
{
    int s[2];
    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == 0);
    TRY(write(s[0], "one", 3));
    TRY(send(s[0], "two and more", 12, MSG_EOR));
    TRY(write(s[0], "", 0));
    say_next(s[1], 60);
    say_next(s[1], 5);
    say_next(s[1], 5);
    say_next(s[1], 5);
    TRY(sendto(s[0], "named", 5, 0, (struct sockaddr *)&(struct sockaddr_un){AF_UNIX, "x"}, 5));
    say_next(s[1], 60);
    TRY(write(s[1], "unread", 6));
    TRY(write(s[0], "the last", 8));
    TRY(close(s[0]));
    say_next(s[1], 60);
    say_next(s[1], 60);
    say_next(s[1], 60);
    TRY(write(s[1], "x", 1));
    close(s[1]);
    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == 0);
    TRY(write(s[1], "unread", 6));
    TRY(close(s[0]));
    say_next(s[1], 60);
    say_next(s[1], 60);
    TRY(write(s[1], "x", 1));
    close(s[1]);
}

static void listening(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0ramet-seqpacket"};
    socklen_t len = offsetof(struct sockaddr_un, sun_path) + 16;
    int l = socket(AF_UNIX, SOCK_SEQPACKET, 0), c = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    int wrong = socket(AF_UNIX, SOCK_STREAM, 0);
    NEED(bind(l, (struct sockaddr *)&a, len) == 0 && listen(l, 2) == 0);
    TRY(connect(wrong, (struct sockaddr *)&a, len));
    TRY(connect(c, (struct sockaddr *)&a, len));
    TRY(write(c, "before accept", 13));
    int s = accept(l, NULL, NULL);
    say_next(s, 60);
    TRY(recv(l, &len, 1, MSG_DONTWAIT));
    TRY(connect(c, (struct sockaddr *)&a, len));
    close(l);
    TRY(write(s, "goes on", 7));
    say_next(c, 60);
}

int main(void)
{
    pair();
    listening();
    return 0;
}
