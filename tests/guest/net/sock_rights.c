// SPDX-License-Identifier: BSD-2-Clause
// SCM_RIGHTS: descriptors arrive and work, what does not fit is cut, nothing leaks.
#include "pass.h"

static int s[2], fds[PASS_MAX], got[PASS_MAX];

static void say_take(size_t len, int room, int flags)
{
    char buf[64];
    int n, in = flags | MSG_DONTWAIT;
    ssize_t r = take(s[1], buf, len, got, room, &n, &in);
    if (r < 0)
        say("took: %s", err_name(errno));
    else
        say("took %zd [%.*s], %d descriptors, flags 0x%x", r, (int)r, buf, n, (unsigned)in);
    for (int i = 0; i < n; i++)
        close(got[i]);
}

// An open description is passed, not a file: the offset is shared.
static void shared_offset(void)
{
    char buf[8];
    int n, flags = MSG_CMSG_CLOEXEC, fd = open("file", O_RDONLY);
    NEED(read(fd, buf, 2) == 2);
    TRY(pass(s[0], "f", 1, &fd, 1));
    TRY(take(s[1], buf, 1, got, 1, &n, &flags));
    say("%d descriptors, flags 0x%x, cloexec %d", n, (unsigned)flags, fcntl(got[0], F_GETFD));
    TRY(read(got[0], buf, 2));
    say("[%.2s]", buf);
    TRY(read(fd, buf, 2));
    say("[%.2s]", buf);
    close(got[0]);
    // Closed by the sender while it is under way.
    TRY(pass(s[0], "f", 1, &fd, 1));
    close(fd);
    flags = 0;
    TRY(take(s[1], buf, 1, got, 1, &n, &flags));
    TRY(read(got[0], buf, 2));
    close(got[0]);
}

// Where reads of a stream end.
static void in_a_stream(void)
{
    fds[0] = fds[1] = fds[2] = 0;
    TRY(write(s[0], "before ", 7));
    TRY(pass(s[0], "with ", 5, fds, 2));
    TRY(write(s[0], "after", 5));
    say_take(60, 5, 0);
    say_take(60, 5, 0);
    TRY(pass(s[0], "abcdef", 6, fds, 1));
    TRY(pass(s[0], "ghi", 3, fds, 3));
    say_take(2, 5, MSG_PEEK);
    say_take(2, 5, 0);
    say_take(60, 5, 0);
    say_take(60, 5, 0);
    // Too little room, none, and a plain read.
    TRY(pass(s[0], "abc", 3, fds, 3));
    say_take(60, 2, 0);
    TRY(pass(s[0], "abc", 3, fds, 3));
    say_take(60, 0, 0);
    TRY(pass(s[0], "abc", 3, fds, 3));
    TRY(read(s[1], got, 60));
    TRY(pass(s[0], "abc", 3, fds, 3));
    TRY(recv(s[1], got, 60, MSG_WAITALL));
}

static void errors(void)
{
    int bad = 77;
    TRY(pass(s[0], "x", 1, &bad, 1));
    fds[1] = -1;
    TRY(pass(s[0], "x", 1, fds, 2));
    fds[1] = 0;
    TRY(pass(s[0], "x", 1, fds, 254));
    TRY(pass(s[0], "x", 1, fds, 253));
    say_take(60, 260, 0);
    TRY(pass(s[0], "", 0, fds, 1));
    say_take(60, 5, 0);
    struct iovec v = {(void *)"x", 1};
    struct cmsghdr c = {.cmsg_len = 3, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c};
    m.msg_controllen = sizeof c;
    TRY(sendmsg(s[0], &m, 0));
    c.cmsg_len = sizeof c + 4;
    TRY(sendmsg(s[0], &m, 0));
    c.cmsg_len = sizeof c;
    TRY(sendmsg(s[0], &m, 0));
    c.cmsg_type = 99;
    TRY(sendmsg(s[0], &m, 0));
    c.cmsg_level = 99;
    TRY(sendmsg(s[0], &m, 0));
    say_take(60, 5, 0);
}

// The table is full: what has no place is lost, and said so.
static void no_room(void)
{
    struct rlimit old, few;
    NEED(getrlimit(RLIMIT_NOFILE, &old) == 0);
    few = old;
    few.rlim_cur = (rlim_t)next_fd() + 2;
    TRY(pass(s[0], "x", 1, fds, 5));
    NEED(setrlimit(RLIMIT_NOFILE, &few) == 0);
    say_take(60, 5, 0);
    NEED(setrlimit(RLIMIT_NOFILE, &old) == 0);
    say_take(60, 5, 0);
}

static void thousand(void)
{
    char c;
    int n, bad = 0, p[2];
    for (int i = 0; i < 1000; i++) {
        int flags = 0;
        NEED(pipe(p) == 0);
        if (pass(s[0], "x", 1, p, 2) != 1 || close(p[0]) || close(p[1]))
            bad++;
        if (take(s[1], &c, 1, got, 2, &n, &flags) != 1 || n != 2)
            bad++;
        if (write(got[1], "y", 1) != 1 || read(got[0], &c, 1) != 1 || c != 'y')
            bad++;
        close(got[0]);
        close(got[1]);
    }
    say("1000 passes, %d bad", bad);
}

int main(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    scratch("sock-rights");
    put_file("file", "0123456789", 0644);
    for (int t = 0; t < 3; t++) {
        NEED(socketpair(AF_UNIX, types[t], 0, s) == 0);
        int first = next_fd();
        say("type %d", types[t]);
        shared_offset();
        in_a_stream();
        while (recv(s[1], got, sizeof got, MSG_DONTWAIT) >= 0)
            ;
        errors();
        no_room();
        thousand();
        say("descriptors more: %d", next_fd() - first);
        // Under way when both ends close.
        TRY(pass(s[0], "x", 1, fds, 3));
        close(s[0]);
        close(s[1]);
    }
    return 0;
}
