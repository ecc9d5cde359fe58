// SPDX-License-Identifier: BSD-2-Clause
//
// ioctls that are the descriptor's own: FIOCLEX, FIONCLEX, FIONBIO, on whatever it is open on.
#include "tests/guest/check.h"
#include <sys/ioctl.h>

static void on(int fd, const char *what)
{
    int yes = 1, no = 0;

    say("%s", what);
    TRY(ioctl(fd, FIOCLEX));
    TRY(fcntl(fd, F_GETFD));
    TRY(ioctl(fd, FIONCLEX));
    TRY(fcntl(fd, F_GETFD));
    TRY(ioctl(fd, FIONBIO, &yes));
    say("nonblock: %s", fcntl(fd, F_GETFL) & O_NONBLOCK ? "on" : "off");
    TRY(ioctl(fd, FIONBIO, &no));
    say("nonblock: %s", fcntl(fd, F_GETFL) & O_NONBLOCK ? "on" : "off");
    TRY(ioctl(fd, FIONBIO, (int *)16));
    TRY(ioctl(fd, 0x1234, &no));
}

int main(void)
{
    int p[2];

    scratch("fd-ioctl");
    NEED(pipe(p) == 0);
    int file = open("f", O_RDWR | O_CREAT, 0644), dir = open(".", O_RDONLY | O_DIRECTORY);
    NEED(file >= 0 && dir >= 0);
    on(file, "file");
    on(dir, "directory");
    on(p[0], "pipe");
    on(open("/dev/null", O_RDWR), "null");
    TRY(ioctl(99, FIOCLEX));
    return 0;
}
