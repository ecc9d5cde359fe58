// SPDX-License-Identifier: BSD-2-Clause
// Abstract names: with NULs in them, gone with their socket, one a type; names the system chooses.
// needs: family
#include "../check.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BASE ((socklen_t)offsetof(struct sockaddr_un, sun_path))

static struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0ramet\0test"};
#define NAME     ((struct sockaddr *)&name)
#define NAME_LEN (BASE + 11)

static void say_auto(int fd)
{
    struct sockaddr_un a;
    socklen_t len = sizeof a;
    NEED(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    int hex = len == BASE + 6 && a.sun_path[0] == '\0';
    for (int i = 1; hex && i < 6; i++)
        hex = strchr("0123456789abcdef", a.sun_path[i]) != NULL;
    CHECK("five hexadecimal digits", hex);
}

int main(void)
{
    struct sockaddr_un got;
    socklen_t len = sizeof got;
    int l = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);
    int c = socket(AF_UNIX, SOCK_STREAM, 0), x = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(connect(c, NAME, NAME_LEN));
    TRY(bind(l, NAME, NAME_LEN));
    TRY(bind(x, NAME, NAME_LEN));
    TRY(bind(x, NAME, NAME_LEN - 1)); // a name of its own
    TRY(bind(d, NAME, NAME_LEN));     // another type
    TRY(bind(l, NAME, NAME_LEN));
    TRY(listen(l, 1));
    TRY(connect(c, NAME, NAME_LEN - 2));
    TRY(connect(c, NAME, NAME_LEN - 1));
    TRY(connect(c, NAME, NAME_LEN));
    TRY(getpeername(c, (struct sockaddr *)&got, &len));
    say("length %d same %d", (int)(len - BASE), memcmp(&got, &name, len) == 0);
    // It goes with its socket, though a connection is still there.
    int a = accept(l, NULL, NULL);
    close(l);
    l = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(bind(l, NAME, NAME_LEN));
    TRY(write(a, "x", 1));
    TRY(read(c, &got, 9));
    // A child that ends takes its names along.
    pid_t pid = fork();
    if (pid == 0) {
        int k = socket(AF_UNIX, SOCK_STREAM, 0);
        _exit(bind(k, NAME, NAME_LEN - 5) < 0);
    }
    say_status("child", wait_for(pid));
    int k = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(bind(k, NAME, NAME_LEN - 5));
    // Names that the system chooses.
    int e = socket(AF_UNIX, SOCK_DGRAM, 0), f = socket(AF_UNIX, SOCK_DGRAM, 0), on = 1;
    TRY(bind(e, NAME, BASE));
    say_auto(e);
    TRY(bind(e, NAME, BASE));
    TRY(setsockopt(f, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    TRY(sendto(f, "x", 1, 0, NAME, NAME_LEN));
    say_auto(f);
    len = sizeof got;
    TRY(recvfrom(d, &on, sizeof on, 0, (struct sockaddr *)&got, &len));
    say("from a name of %d", (int)(len - BASE));
    return 0;
}
