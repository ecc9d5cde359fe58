// SPDX-License-Identifier: BSD-2-Clause
// socketpair: bytes both ways, what a descriptor of a socket can do, its end.
// needs: family
#include "../check.h"
#include <sys/ioctl.h>
#include <sys/socket.h>

static void say_bytes(const char *what, int fd)
{
    char buf[64];
    ssize_t n = read(fd, buf, sizeof buf - 1);
    buf[n > 0 ? n : 0] = '\0';
    say("%s: %zd [%s]", what, n, buf);
}

static void as_file(int fd)
{
    struct stat st;
    char c;
    NEED(fstat(fd, &st) == 0);
    CHECK("is a socket", S_ISSOCK(st.st_mode));
    say("mode %o size %ld", (unsigned)st.st_mode & 07777, (long)st.st_size);
    TRY(lseek(fd, 0, SEEK_SET));
    TRY(pread(fd, &c, 1, 0));
    TRY(pwrite(fd, "x", 1, 0));
    TRY(ftruncate(fd, 0));
    TRY(fsync(fd));
    TRY(isatty(fd));
    say("flags %o", (unsigned)fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
}

static void both_ways(int a, int b)
{
    int n = -1;
    TRY(write(a, "hello", 5));
    TRY(write(a, " you", 4));
    TRY(ioctl(b, FIONREAD, &n));
    say("unread %d", n);
    say_bytes("b reads", b);
    TRY(write(b, "back", 4));
    say_bytes("a reads", a);
    TRY(read(b, &n, 0));
    TRY(write(b, "", 0));
    TRY(fcntl(b, F_SETFL, O_NONBLOCK));
    TRY(read(b, &n, 1));
    TRY(recv(b, &n, 0, 0));
    TRY(fcntl(b, F_SETFL, 0));
    TRY(recv(b, &n, 1, MSG_DONTWAIT));
}

int main(void)
{
    int s[2], d;
    signal(SIGPIPE, SIG_IGN);
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    as_file(s[0]);
    both_ways(s[0], s[1]);
    // A copy keeps the end open.
    d = dup(s[0]);
    TRY(close(s[0]));
    TRY(write(d, "still", 5));
    say_bytes("through the copy", s[1]);
    TRY(close(d));
    say_bytes("after the last close", s[1]);
    TRY(write(s[1], "x", 1));
    TRY(close(s[1]));
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s) == 0);
    say("nonblock %d cloexec %d", (fcntl(s[0], F_GETFL) & O_NONBLOCK) != 0, fcntl(s[1], F_GETFD));
    TRY(read(s[0], &d, 1));
    // A child has them, too; the parent sees the end when both are gone.
    pid_t pid = fork();
    if (pid == 0) {
        close(s[1]);
        write(s[0], "from the child", 14);
        _exit(0);
    }
    close(s[0]);
    say_status("child", wait_for(pid));
    say_bytes("from a dead child", s[1]);
    say_bytes("its end", s[1]);
    return 0;
}
