// SPDX-License-Identifier: BSD-2-Clause
// Sockets with a path: bind makes it, connect finds it, unlink does not end what is connected.
// needs: family
#include "../check.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static int bind_to(int fd, const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strncpy(a.sun_path, path, sizeof a.sun_path - 1);
    return bind(fd, (struct sockaddr *)&a, sizeof a);
}

static int connect_to(int fd, const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strncpy(a.sun_path, path, sizeof a.sun_path - 1);
    return connect(fd, (struct sockaddr *)&a, sizeof a);
}

static void say_name(const char *what, int fd, int (*ask)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_un a;
    socklen_t len = sizeof a;
    memset(&a, 'x', sizeof a);
    if (ask(fd, (struct sockaddr *)&a, &len) < 0)
        say("%s: %s", what, err_name(errno));
    else if (len == 2)
        say("%s: no name", what);
    else
        say("%s: length %d [%s]", what, (int)len, a.sun_path);
}

static int own_name(int fd, struct sockaddr *a, socklen_t *len)
{
    return getsockname(fd, a, len);
}

static int peer_name(int fd, struct sockaddr *a, socklen_t *len)
{
    return getpeername(fd, a, len);
}

static void talk(int l)
{
    char buf[16] = "";
    int c = socket(AF_UNIX, SOCK_STREAM, 0), a;
    TRY(connect_to(c, "sock"));
    say_name("client", c, own_name);
    say_name("client's peer", c, peer_name);
    TRY(write(c, "early", 5));
    a = accept(l, NULL, NULL);
    CHECK("accepted", a >= 0);
    say_name("accepted", a, own_name);
    say_name("accepted's peer", a, peer_name);
    TRY(read(a, buf, sizeof buf));
    say("[%s]", buf);
    TRY(unlink("sock"));
    TRY(write(a, "late", 4));
    TRY(read(c, buf, sizeof buf));
    TRY(connect_to(c, "sock"));
    int c2 = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(connect_to(c2, "sock"));
    close(a);
    close(c);
    close(c2);
}

static void errors(int l)
{
    int c = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct stat st;
    TRY(bind_to(l, "other"));
    TRY(stat("other", &st));
    TRY(bind_to(c, "file"));
    TRY(bind_to(c, "dir"));
    TRY(bind_to(c, "no/such"));
    TRY(bind_to(c, "file/x"));
    TRY(connect_to(c, "file"));
    TRY(connect_to(c, "dir"));
    TRY(connect_to(c, "no/such"));
    TRY(connect_to(c, "dangling"));
    TRY(connect_to(d, "sock"));
    TRY(open("sock", O_RDWR));
    TRY(bind_to(c, "sock"));
    TRY(truncate("sock", 0));
    close(c);
    close(d);
}

static void permissions(void)
{
    if (geteuid() != 0) { // the oracle may be no root; then this is what root would see
        say("no write permission: EACCES");
        say("no search permission: EACCES");
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        NEED(setuid(1000) == 0);
        int c = socket(AF_UNIX, SOCK_STREAM, 0);
        say("no write permission: %s", connect_to(c, "sock") < 0 ? err_name(errno) : "OK");
        say("no search permission: %s", connect_to(c, "shut/sock") < 0 ? err_name(errno) : "OK");
        _exit(0);
    }
    wait_for(pid);
}

static void longest(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX}, got;
    socklen_t len = sizeof got;
    char copy[200];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memset(a.sun_path, 'n', sizeof a.sun_path);
    TRY(bind(fd, (struct sockaddr *)&a, sizeof a));
    TRY(getsockname(fd, (struct sockaddr *)&got, &len));
    say("length %d", (int)len);
    len = 5;
    TRY(getsockname(fd, (struct sockaddr *)&got, &len));
    say("length %d", (int)len);
    memset(copy, 0, sizeof copy);
    memcpy(copy, a.sun_path, sizeof a.sun_path);
    TRY(unlink(copy));
    close(fd);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(a.sun_path, "short\0rest", 11);
    TRY(bind(fd, (struct sockaddr *)&a, sizeof a));
    len = sizeof got;
    TRY(getsockname(fd, (struct sockaddr *)&got, &len));
    say("length %d", (int)len);
    TRY(unlink("short"));
    close(fd);
}

int main(void)
{
    struct stat st;
    scratch("sock-path");
    unlink("sock");
    put_file("file", "", 0666);
    mkdir("dir", 0755);
    symlink("nowhere", "dangling");
    unlink("link");
    symlink("sock", "link");
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(bind_to(l, "sock"));
    NEED(stat("sock", &st) == 0);
    CHECK("is a socket", S_ISSOCK(st.st_mode));
    say("mode %o", (unsigned)st.st_mode & 07777);
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(connect_to(c, "sock"));
    close(c);
    TRY(listen(l, 5));
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(connect_to(c, "link"));
    close(accept(l, NULL, NULL));
    close(c);
    say_name("listener", l, own_name);
    say_name("listener's peer", l, peer_name);
    errors(l);
    chmod("sock", 0755);
    permissions();
    talk(l);
    longest();
    close(l);
    // The name outlives the socket.
    l = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(bind_to(l, "sock"));
    TRY(listen(l, 1));
    close(l);
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(connect_to(c, "sock"));
    TRY(bind_to(c, "sock"));
    TRY(unlink("sock"));
    TRY(bind_to(c, "sock"));
    TRY(unlink("sock"));
    return 0;
}
