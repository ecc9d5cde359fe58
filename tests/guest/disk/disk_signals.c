// SPDX-License-Identifier: BSD-2-Clause
//
// disk: 1M
//
// Signals do not interrupt a request to a disk, with SA_RESTART or without: no EINTR, no part.
#include "tests/guest/check.h"

#include <sys/time.h>

static volatile sig_atomic_t came;

static void on_alarm(int sig)
{
    (void)sig;
    came++;
}

static void busy(const char *path, int flags)
{
    static char block[65536 + 100];
    struct itimerval every = {{0, 700}, {0, 700}}, off = {{0, 0}, {0, 0}};
    int fd = open(path, O_RDWR), wrong = 0;

    NEED(fd >= 0);
    came = 0;
    install(SIGALRM, on_alarm, flags);
    NEED(setitimer(ITIMER_REAL, &every, NULL) == 0);
    for (int i = 0; i < 100 || came < 20; i++) {
        size_t len = i % 2 ? sizeof block : 4096;
        wrong += pwrite(fd, block, len, 100) != (ssize_t)len;
        wrong += pread(fd, block, len, 100) != (ssize_t)len;
        wrong += i % 10 == 0 && fsync(fd) != 0;
    }
    NEED(setitimer(ITIMER_REAL, &off, NULL) == 0);
    say("flags %s: wrong %d", flags ? "SA_RESTART" : "none", wrong);
    CHECK("signals came", came >= 20);
    close(fd);
}

int main(void)
{
    const char *path = getenv("DISK");

    NEED(path);
    busy(path, 0);
    busy(path, SA_RESTART);
    return 0;
}
