// SPDX-License-Identifier: BSD-2-Clause
// Who is at the other end: SO_PEERCRED, SO_PASSCRED, SCM_CREDENTIALS.
// needs: family
#include "../check.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static int s[2];

static void say_take(int fd, size_t len, size_t room)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct ucred)) + 64];
    } u;
    char buf[64];
    struct iovec v = {buf, len};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room ? &u : NULL};
    m.msg_controllen = room;
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
    if (n < 0) {
        say("took: %s", err_name(errno));
        return;
    }
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    say("took %zd [%.*s] flags 0x%x control %zu", n, (int)n, buf, (unsigned)m.msg_flags,
        m.msg_controllen);
    if (!c || c->cmsg_type != SCM_CREDENTIALS || c->cmsg_len != CMSG_LEN(sizeof(struct ucred)))
        return;
    struct ucred who;
    memcpy(&who, CMSG_DATA(c), sizeof who);
    say("from %s uid %s",
        who.pid == getpid()    ? "me"
        : who.pid == getppid() ? "my parent"
        : who.pid == 0         ? "nobody"
                               : "another",
        who.uid == getuid() ? "mine"
        : who.uid == 65534  ? "nobody's"
                            : "another's");
}

static ssize_t claim(int fd, pid_t pid, uid_t uid, gid_t gid)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } u;
    struct ucred who = {pid, uid, gid};
    struct iovec v = {(void *)"c", 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &u};
    m.msg_controllen = sizeof u;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(sizeof who);
    memcpy(CMSG_DATA(c), &who, sizeof who);
    return sendmsg(fd, &m, MSG_NOSIGNAL);
}

static void passing(int type)
{
    int on = 1, off = 0;
    say("type %d", type);
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    TRY(write(s[0], "before", 6));
    TRY(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    TRY(write(s[0], "one", 3));
    TRY(write(s[0], "two", 3));
    pid_t pid = fork();
    if (pid == 0) {
        write(s[0], "child", 5);
        _exit(0);
    }
    wait_for(pid);
    for (int i = 0; i < 4; i++)
        say_take(s[1], 60, CMSG_SPACE(sizeof(struct ucred)));
    TRY(write(s[0], "cut", 3));
    say_take(s[1], 60, CMSG_LEN(4));
    TRY(write(s[0], "cut", 3));
    say_take(s[1], 60, 8);
    TRY(write(s[0], "cut", 3));
    say_take(s[1], 60, 0);
    TRY(claim(s[0], getpid(), getuid(), getgid()));
    say_take(s[1], 60, CMSG_SPACE(sizeof(struct ucred)));
    TRY(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &off, sizeof off));
    TRY(write(s[0], "off", 3));
    say_take(s[1], 60, CMSG_SPACE(sizeof(struct ucred)));
    close(s[0]);
    close(s[1]);
}

// What is not root's to say. Run as root, by a child that is not.
static void claims(void)
{
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    if (geteuid() == 0) {
        TRY(claim(s[0], getpid(), 4711, 4711));
        TRY(claim(s[0], 999999, 0, 0));
    } else {
        say("claim(s[0], getpid(), 4711, 4711) = 1");
        say("claim(s[0], 999999, 0, 0) = -1 ESRCH");
    }
    pid_t pid = fork();
    if (pid == 0) {
        NEED(getuid() != 0 || setuid(1000) == 0);
        TRY(claim(s[0], getpid(), getuid(), getgid()));
        TRY(claim(s[0], getpid(), 0, getgid()));
        TRY(claim(s[0], 1, getuid(), getgid()));
        _exit(0);
    }
    wait_for(pid);
    close(s[0]);
    close(s[1]);
}

static void say_peer(const char *what, int fd, pid_t expected)
{
    struct ucred who = {-7, 7, 7};
    socklen_t len = sizeof who;
    int r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len);
    say("%s: %d %d, pid %s, uid %s", what, r, (int)len,
        who.pid == expected ? "right"
        : who.pid == 0      ? "0"
                            : "other",
        who.uid == geteuid()   ? "mine"
        : who.uid == (uid_t)-1 ? "-1"
                               : "other");
}

static void peers(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0ramet-cred"};
    socklen_t len = offsetof(struct sockaddr_un, sun_path) + 11;
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    say_peer("a pair", s[0], getpid());
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    say_peer("nobody", l, getpid());
    NEED(bind(l, (struct sockaddr *)&a, len) == 0 && listen(l, 5) == 0);
    struct gate done = gate_make();
    pid_t pid = fork();
    if (pid == 0) {
        int c = socket(AF_UNIX, SOCK_STREAM, 0);
        NEED(connect(c, (struct sockaddr *)&a, len) == 0);
        say_peer("who listens", c, getppid());
        gate_open(&done);
        _exit(0);
    }
    gate_wait(&done);
    int c = accept(l, NULL, NULL);
    say_peer("who connected", c, pid);
    wait_for(pid);
    say_peer("though it is gone", c, pid);
}

int main(void)
{
    passing(SOCK_STREAM);
    passing(SOCK_DGRAM);
    passing(SOCK_SEQPACKET);
    claims();
    peers();
    return 0;
}
