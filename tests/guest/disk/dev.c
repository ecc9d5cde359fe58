// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// The devices every program takes for granted: /dev/null, zero, full, random, urandom.
#include "tests/guest/check.h"

static void show(const char *path)
{
    unsigned char buf[64];
    int zeros = 0;
    int fd = open(path, O_RDWR);

    if (fd < 0)
        fd = open(path, O_RDONLY);
    if (fd < 0) {
        say("%s: %s", path, err_name(errno));
        return;
    }
    memset(buf, 0xee, sizeof buf);
    errno = 0;
    ssize_t n = read(fd, buf, sizeof buf);
    for (size_t i = 0; i < sizeof buf; i++)
        zeros += buf[i] == 0;
    say("%s: read %zd, all zero %d, tty %d", path, n, zeros == 64, isatty(fd));
    close(fd);
}

static void writing(const char *path)
{
    int fd = open(path, O_WRONLY);

    errno = 0;
    ssize_t n = write(fd, "gone", 4);
    say("write to %s: %zd %s", path, n, err_name(errno));
    close(fd);
}

// Two reads, and a parent and a child after fork, never get the same random bytes.
static void random_differs(void)
{
    unsigned char a[32], b[32], child[32];
    int p[2], fd = open("/dev/urandom", O_RDONLY);

    NEED(fd >= 0 && pipe(p) == 0);
    NEED(read(fd, a, 32) == 32 && read(fd, b, 32) == 32);
    CHECK("two reads differ", memcmp(a, b, 32) != 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(read(fd, a, 32) == 32);
        NEED(write(p[1], a, 32) == 32);
        _exit(0);
    }
    NEED(read(fd, a, 32) == 32);
    NEED(read(p[0], child, 32) == 32);
    wait_for(pid);
    CHECK("parent and child differ", memcmp(a, child, 32) != 0);
}

int main(void)
{
    show("/dev/null");
    show("/dev/zero");
    show("/dev/full");
    show("/dev/urandom");
    show("/dev/random");
    show("/dev/absent");
    writing("/dev/null");
    writing("/dev/zero");
    writing("/dev/full");
    random_differs();
    int fd = open("/dev/null", O_RDWR | O_TRUNC | O_CREAT, 0644);
    CHECK("redirection flags work on /dev/null", fd >= 0);
    TRY(lseek(fd, 100, SEEK_SET) >= 0);
    close(fd);
    return 0;
}
