// SPDX-License-Identifier: BSD-2-Clause
//
// Descriptor numbers: lowest free, dup, dup2, dup3, F_DUPFD and its CLOEXEC twin, fcntl errors.
#include "tests/guest/check.h"
#include <sys/resource.h>

static void numbers(void)
{
    TRY(open("/dev/null", O_RDWR));
    TRY(open("/dev/null", O_RDWR));
    TRY(dup(3));
    TRY(close(3));
    TRY(dup(4));
    TRY(close(4));
    TRY(dup2(3, 10));
    TRY(dup2(3, 3));
    TRY(dup2(3, 5));
    TRY(dup(10));
    TRY(fcntl(3, F_DUPFD, 20));
    TRY(fcntl(3, F_DUPFD, 20));
    TRY(fcntl(3, F_DUPFD_CLOEXEC, 20));
    say("flags: %d %d %d", fcntl(20, F_GETFD), fcntl(21, F_GETFD), fcntl(22, F_GETFD));
    TRY(dup3(3, 23, O_CLOEXEC));
    TRY(fcntl(23, F_GETFD));
    TRY(fcntl(dup(23), F_GETFD));
    TRY(dup3(3, 3, 0));
    TRY(dup3(3, 24, 0x123));
}

static void errors(void)
{
    struct rlimit lim;

    NEED(getrlimit(RLIMIT_NOFILE, &lim) == 0);
    TRY(dup(-1));
    TRY(dup(99));
    TRY(dup2(99, 3));
    TRY(dup2(3, -1));
    TRY(close(99));
    TRY(close(-1));
    TRY(fcntl(99, F_GETFD));
    TRY(fcntl(3, F_DUPFD, -1));
    TRY(fcntl(3, 9999));
    errno = 0;
    int fd = dup2(3, (int)lim.rlim_cur);
    say("dup2 to the limit: %d %s", fd, err_name(errno));
}

static void flags(void)
{
    int fd = open("f", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    NEED(fd >= 0);
    TRY(fcntl(fd, F_GETFD));
    TRY(fcntl(fd, F_SETFD, 0));
    TRY(fcntl(fd, F_GETFD));
    say("append %d, access %d", !!(fcntl(fd, F_GETFL) & O_APPEND), fcntl(fd, F_GETFL) & O_ACCMODE);
    TRY(fcntl(fd, F_SETFL, O_RDWR));
    say("append %d, access %d", !!(fcntl(fd, F_GETFL) & O_APPEND), fcntl(fd, F_GETFL) & O_ACCMODE);
    close(fd);
}

// Until there is no descriptor left: EMFILE, and one close makes room for exactly one.
static void exhausted(void)
{
    struct rlimit lim;
    int last = -1, fd;

    NEED(getrlimit(RLIMIT_NOFILE, &lim) == 0);
    if (lim.rlim_cur > 64) {
        lim.rlim_cur = 64;
        NEED(setrlimit(RLIMIT_NOFILE, &lim) == 0);
    }
    while ((fd = dup(1)) >= 0)
        last = fd;
    say("no more: %s after descriptor %d", err_name(errno), last);
    int p[2];
    TRY(pipe(p));
    TRY(open("f", O_RDONLY));
    TRY(close(40));
    TRY(pipe(p));
    TRY(open("f", O_RDONLY));
}

int main(void)
{
    scratch("fd_dup");
    numbers();
    errors();
    for (int fd = 3; fd < 30; fd++)
        close(fd);
    flags();
    exhausted();
    return 0;
}
