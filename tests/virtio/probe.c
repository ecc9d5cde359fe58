// SPDX-License-Identifier: BSD-2-Clause
// What the virtio suite (tests/suites/virtio.py) runs on stock machines: says what it finds of each
// device, a line each. Its first argument names what to look at.
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return 1;
}

// Echoes lines until one is "end". The console may be descriptors 0 and 1 or a device of its own.
static int echo(int in, int out)
{
    char line[256];
    size_t n = 0;

    for (;;) {
        struct pollfd p = {.fd = in, .events = POLLIN};
        if (poll(&p, 1, 20000) != 1)
            return fail("poll");
        ssize_t got = read(in, line + n, sizeof line - n);
        if (got <= 0)
            return fail("read");
        n += (size_t)got;
        if (line[n - 1] != '\n')
            continue;
        if (n == 4 && !memcmp(line, "end\n", 4))
            return 0;
        if (write(out, "echo ", 5) != 5 || write(out, line, n) != (ssize_t)n)
            return fail("write");
        n = 0;
    }
}

static int console(void)
{
    int fd = open("/dev/hvc0", O_RDWR);

    if (fd < 0 || write(fd, "ready\n", 6) != 6)
        return fail("/dev/hvc0");
    return echo(fd, fd);
}

static int entropy(void)
{
    unsigned char a[200], b[200];
    size_t n = 0;
    int fd = open("/dev/hwrng", O_RDONLY);

    if (fd < 0)
        return fail("/dev/hwrng");
    while (n < sizeof a) {
        ssize_t got = read(fd, a + n, sizeof a - n);
        if (got <= 0)
            return fail("read");
        n += (size_t)got;
    }
    if (read(fd, b, 16) != 16)
        return fail("read 16");
    printf("entropy %s\n", memcmp(a, b, 16) && memcmp(a, a + 64, 64) ? "differs" : "repeats");
    return write(fd, "x", 1) < 0 && errno == EBADF ? 0 : fail("write");
}

// Requests that take long: this VM must sleep meanwhile, and be woken when each is done.
static int slow(void)
{
    static char block[4096];
    struct timespec cpu;
    int fd = open("/dev/vda", O_RDWR);

    if (fd < 0)
        return fail("/dev/vda");
    for (int i = 0; i < 40; i++)
        if (pread(fd, block, sizeof block, 4096L * i) != (ssize_t)sizeof block)
            return fail("pread");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    printf("busy %s\n", cpu.tv_sec == 0 ? "for less than a second" : "for too long");
    return 0;
}

// Parts of blocks, whatever the size of a block is.
static int parts(void)
{
    char text[8] = "";
    int fd = open("/dev/vda", O_RDWR), size = 0;

    if (fd < 0 || ioctl(fd, BLKSSZGET, &size) < 0)
        return fail("/dev/vda");
    if (pwrite(fd, "across", 6, size - 3) != 6 || pread(fd, text, 6, size - 3) != 6)
        return fail("pwrite");
    printf("block %d holds %s\n", size, text);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "console"))
        return console();
    if (!strcmp(what, "stdio"))
        return puts("ready") < 0 || fflush(stdout) ? 1 : echo(0, 1);
    if (!strcmp(what, "entropy"))
        return entropy();
    if (!strcmp(what, "slow"))
        return slow();
    if (!strcmp(what, "parts"))
        return parts();
    struct stat st;
    printf("vda %d hvc0 %d hwrng %d\n", stat("/dev/vda", &st), stat("/dev/hvc0", &st),
           stat("/dev/hwrng", &st));
    return 0;
}
