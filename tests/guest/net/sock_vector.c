// SPDX-License-Identifier: BSD-2-Clause
// Messages of several pieces, and several messages by one call.
#include "../check.h"
#include <sys/socket.h>
#include <sys/uio.h>

static int s[2];

static void pieces(int type)
{
    char a[4], b[1], c[10];
    volatile int minus = -1;
    struct iovec out[] = {
        {(void *)"one", 3}, {(void *)"", 0}, {(void *)"two", 3}, {(void *)"three", 5}};
    struct iovec in[] = {{a, sizeof a}, {NULL, 0}, {b, sizeof b}, {c, sizeof c}};
    say("type %d", type);
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    TRY(writev(s[0], out, 4));
    memset(c, 0, sizeof c);
    TRY(readv(s[1], in, 4));
    say("[%.4s] [%.1s] [%.6s]", a, b, c);
    TRY(writev(s[0], out, 0));
    TRY(writev(s[0], out, minus));
    struct msghdr m = {.msg_iov = out, .msg_iovlen = 4};
    TRY(sendmsg(s[0], &m, 0));
    m.msg_iov = in;
    m.msg_flags = 99;
    TRY(recvmsg(s[1], &m, MSG_DONTWAIT));
    say("flags 0x%x", (unsigned)m.msg_flags);
    m.msg_iovlen = 1025;
    TRY(recvmsg(s[1], &m, MSG_DONTWAIT));
    TRY(sendmsg(s[0], &m, MSG_DONTWAIT));
    // No piece at all.
    m.msg_iovlen = 0;
    TRY(sendmsg(s[0], &m, 0));
    TRY(recvmsg(s[1], &m, MSG_DONTWAIT));
    close(s[0]);
    close(s[1]);
}

// Larger than what goes through a buffer in one piece elsewhere.
static void large(int type)
{
    static char out[3][50000], in[200000];
    struct iovec v[3];
    for (int i = 0; i < 3; i++) {
        memset(out[i], 'a' + i, sizeof out[i]);
        v[i] = (struct iovec){out[i], sizeof out[i]};
    }
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    TRY(writev(s[0], v, 3));
    size_t got = 0;
    for (ssize_t n; got < 150000 && (n = read(s[1], in + got, sizeof in - got)) > 0;)
        got += (size_t)n;
    say("%zu: %c%c%c%c%c%c", got, in[0], in[49999], in[50000], in[99999], in[100000], in[149999]);
    close(s[0]);
    close(s[1]);
}

static void peeks(void)
{
    char buf[16];
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    TRY(write(s[0], "abc", 3));
    TRY(write(s[0], "def", 3));
    TRY(recv(s[1], buf, 2, MSG_PEEK));
    TRY(recv(s[1], buf, 16, MSG_PEEK));
    TRY(recv(s[1], buf, 4, 0));
    say("[%.4s]", buf);
    TRY(recv(s[1], buf, 16, MSG_PEEK));
    say("[%.2s]", buf);
    TRY(recv(s[1], buf, 2, MSG_WAITALL));
    TRY(recv(s[1], buf, 2, MSG_PEEK | MSG_DONTWAIT));
    close(s[0]);
    close(s[1]);
}

static void several(void)
{
    char buf[5][8] = {"one", "two", "three", "four", ""};
    struct iovec v[5];
    struct mmsghdr m[5];
    struct timespec ts = {0, 0};
    memset(m, 0, sizeof m);
    NEED(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
    for (int i = 0; i < 5; i++) {
        v[i] = (struct iovec){buf[i], strlen(buf[i])};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
    }
    TRY(sendmmsg(s[0], m, 4, 0));
    say("%u %u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len, m[3].msg_len);
    for (int i = 0; i < 5; i++)
        v[i] = (struct iovec){buf[i], 4};
    TRY(recvmmsg(s[1], m, 2, 0, NULL));
    TRY(recvmmsg(s[1], m, 5, MSG_WAITFORONE, NULL));
    say("%u 0x%x %u", m[0].msg_len, (unsigned)m[0].msg_hdr.msg_flags, m[1].msg_len);
    TRY(recvmmsg(s[1], m, 5, MSG_DONTWAIT, NULL));
    TRY(sendmmsg(s[0], m, 1, 0));
    TRY(recvmmsg(s[1], m, 5, MSG_DONTWAIT, &ts));
    ts.tv_nsec = -1;
    TRY(recvmmsg(s[1], m, 5, MSG_DONTWAIT, &ts));
    TRY(sendmmsg(77, m, 1, 0));
    TRY(sendmmsg(s[0], m, 0, 0));
    close(s[0]);
    close(s[1]);
}

int main(void)
{
    pieces(SOCK_STREAM);
    pieces(SOCK_DGRAM);
    pieces(SOCK_SEQPACKET);
    large(SOCK_STREAM);
    large(SOCK_DGRAM);
    large(SOCK_SEQPACKET);
    peeks();
    several();
    return 0;
}
