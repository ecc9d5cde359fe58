// SPDX-License-Identifier: BSD-2-Clause
//
// disk: 1M 64K
//
// A block device as a file: any offset and length, its end, its size, what it refuses.
#include "tests/guest/check.h"

#include <linux/fs.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

static unsigned char buf[300000], back[300000];
static uint32_t seed = 7;

static uint32_t next(uint32_t below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % below;
}

static uint32_t sum(const unsigned char *p, size_t n)
{
    uint32_t s = 1;

    for (size_t i = 0; i < n; i++)
        s = s * 31 + p[i];
    return s;
}

static void sizes(int fd)
{
    uint64_t bytes = 0;
    unsigned long sectors = 0;
    int n = -1;

    TRY(ioctl(fd, BLKGETSIZE64, &bytes));
    say("bytes %llu", (unsigned long long)bytes);
    TRY(ioctl(fd, BLKGETSIZE, &sectors));
    say("sectors %lu", sectors);
    TRY(ioctl(fd, BLKSSZGET, &n));
    say("sector size %d", n);
    TRY(ioctl(fd, BLKROGET, &n));
    say("read-only %d", n);
    TRY(ioctl(fd, BLKFLSBUF, 0));
    TRY(ioctl(fd, BLKGETSIZE64, NULL));
}

static void ends(int fd)
{
    char c[16] = "";

    TRY(lseek(fd, 0, SEEK_END));
    TRY(read(fd, c, 16));
    TRY(write(fd, "x", 1));
    TRY(write(fd, "x", 0));
    TRY(lseek(fd, 1, SEEK_CUR));
    TRY(lseek(fd, -1, SEEK_SET));
    TRY(lseek(fd, 0, 17));
    TRY(lseek(fd, -3, SEEK_END));
    TRY(write(fd, "0123456789", 10));
    TRY(lseek(fd, 0, SEEK_CUR));
    TRY(pread(fd, c, 16, (1 << 20) - 4));
    say("[%.4s]", c);
    TRY(pread(fd, c, 16, 1 << 20));
    TRY(pwrite(fd, c, 16, 1 << 21));
    TRY(pread(fd, c, 16, -1));
    TRY(ftruncate(fd, 0));
}

static void any_offset(int fd)
{
    for (int i = 0; i < 60; i++) {
        uint32_t off = next(1 << 20), len = next(i % 10 ? 5000 : 300000);

        for (uint32_t k = 0; k < len; k++)
            buf[k] = (unsigned char)next(256);
        ssize_t n = pwrite(fd, buf, len, off);
        off = next(1 << 20);
        ssize_t m = pread(fd, back, len, off);
        say("%d: wrote %zd, read %zd %08x", i, n, m, sum(back, m < 0 ? 0 : (size_t)m));
    }
}

static void vectors(int fd)
{
    char a[3], b[600];
    struct iovec iov[2] = {{a, 3}, {b, 600}};

    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    TRY(lseek(fd, 1000, SEEK_SET));
    TRY(writev(fd, iov, 2));
    TRY(lseek(fd, 1001, SEEK_SET));
    TRY(readv(fd, iov, 2));
    say("%.3s %.2s", a, b);
}

int main(void)
{
    const char *path = getenv("DISK"), *other = getenv("DISK2");
    struct stat st;
    char c[6] = "";

    NEED(path && other);
    NEED(stat(path, &st) == 0);
    CHECK("a block device", S_ISBLK(st.st_mode));
    CHECK("without a size", st.st_size == 0);
    int fd = open(path, O_RDWR | O_TRUNC);
    NEED(fd >= 0);
    sizes(fd);
    ends(fd);
    any_offset(fd);
    vectors(fd);
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
    TRY(poll(&p, 1, 0));
    say("poll %x", (unsigned)p.revents);
    TRY(fsync(fd));
    TRY(fdatasync(fd));
    CHECK("no terminal", !isatty(fd));
    close(fd);
    fd = open(other, O_RDONLY);
    TRY(write(fd, "x", 1));
    TRY(read(fd, c, 5));
    say("[%s]", c);
    TRY(fsync(fd));
    close(fd);
    fd = open(other, O_WRONLY | O_APPEND);
    TRY(read(fd, c, 5));
    TRY(write(fd, "RAMET", 5)); // O_APPEND means nothing for it
    close(fd);
    TRY(open("/dev/vdz", O_RDONLY));
    TRY(mkdir(path, 0777));
    TRY(open(path, O_RDWR | O_DIRECTORY));
    return 0;
}
