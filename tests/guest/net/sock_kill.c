// SPDX-License-Identifier: BSD-2-Clause
// What a process leaves that is killed with sockets open, busy with them or waiting in them; and
// what an exec keeps.
// needs: family
#include "pass.h"
#include <stddef.h>
#include <sys/un.h>

static struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0ramet-kill"};
#define NAME     ((struct sockaddr *)&name)
#define NAME_LEN ((socklen_t)offsetof(struct sockaddr_un, sun_path) + 11)

static void killed(const char *what, void (*child)(int), int ms)
{
    int s[2];
    static char buf[65536];
    ssize_t n;
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(s[0]);
        child(s[1]);
        _exit(0);
    }
    close(s[1]);
    sleep_ms(ms);
    kill(pid, SIGKILL);
    say_status(what, wait_for(pid));
    // Linux collects what is under way in a circle when it gets round to it, and with it perhaps
    // the other end of this socket: a socket that is closed reminds it.
    while ((n = recv(s[0], buf, sizeof buf, MSG_DONTWAIT)) > 0 || (n < 0 && errno == EAGAIN)) {
        int other[2];
        if (n > 0)
            continue;
        sleep_ms(1);
        NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, other) == 0);
        close(other[0]);
        close(other[1]);
    }
    say("%s: then %zd %s", what, n, n < 0 ? err_name(errno) : "");
    close(s[0]);
}

static void in_read(int fd)
{
    char c;
    read(fd, &c, 1);
}

static void in_write(int fd)
{
    static char block[65536];
    while (write(fd, block, sizeof block) > 0)
        ;
}

static void passing(int fd)
{
    char c;
    int n, got[4], flags, s[2];
    for (;;) {
        NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
        pass(s[0], "x", 1, s, 2);
        pass(s[0], "x", 1, &fd, 1);
        flags = MSG_DONTWAIT;
        if (take(s[1], &c, 1, got, 2, &n, &flags) > 0)
            for (int i = 0; i < n; i++)
                close(got[i]);
        close(s[0]);
        close(s[1]);
    }
}

static void accepting(int fd)
{
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)fd;
    NEED(bind(l, NAME, NAME_LEN) == 0 && listen(l, 5) == 0);
    for (;;) {
        int c = socket(AF_UNIX, SOCK_STREAM, 0);
        NEED(connect(c, NAME, NAME_LEN) == 0);
        close(accept(l, NULL, NULL));
        close(c);
    }
}

static void after_exec(void)
{
    int s[2], t[2], n;
    char fd[2][16], buf[32] = "";
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, t) == 0);
    snprintf(fd[0], sizeof fd[0], "%d", s[1]);
    snprintf(fd[1], sizeof fd[1], "%d", t[1]);
    pid_t pid = fork();
    if (pid == 0) {
        execl(test_path("sock_kill"), "sock_kill", fd[0], fd[1], NULL);
        _exit(1);
    }
    close(s[1]);
    close(t[1]);
    TRY(write(s[0], "parent", 6));
    n = (int)recv(s[0], buf, sizeof buf - 1, MSG_WAITALL);
    say("%d [%s]", n, buf);
    TRY(read(t[0], buf, 1));
    say_status("exec", wait_for(pid));
}

static int execed(int fd, int closed)
{
    char buf[32];
    ssize_t n = read(fd, buf, 6);
    if (write(closed, "x", 1) != -1 || errno != EBADF || n != 6)
        return 2;
    memmove(buf + 7, buf, 6);
    memcpy(buf, "child, ", 7);
    return write(fd, buf, 13) != 13;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return execed(atoi(argv[1]), atoi(argv[2]));
    killed("in read", in_read, 20);
    killed("in write", in_write, 20);
    for (int i = 0; i < 5; i++) {
        killed("passing", passing, 5 + i);
        killed("accepting", accepting, 5 + i);
        int l = socket(AF_UNIX, SOCK_STREAM, 0);
        TRY(bind(l, NAME, NAME_LEN));
        close(l);
    }
    after_exec();
    return 0;
}
