// SPDX-License-Identifier: BSD-2-Clause
//
// File contents: lseek, holes, pread/pwrite, ftruncate both ways, writev, a file of some size.
#include "tests/guest/check.h"
#include <sys/uio.h>

static long size_of(int fd)
{
    struct stat st;

    NEED(fstat(fd, &st) == 0);
    return (long)st.st_size;
}

static void seeking(int fd)
{
    char buf[16] = "";

    TRY(write(fd, "0123456789", 10));
    TRY(lseek(fd, 3, SEEK_SET));
    TRY(read(fd, buf, 2));
    say("[%.2s]", buf);
    TRY(lseek(fd, 2, SEEK_CUR));
    TRY(lseek(fd, -1, SEEK_END));
    TRY(read(fd, buf, 16));
    TRY(read(fd, buf, 16));
    TRY(lseek(fd, -1, SEEK_SET));
    TRY(lseek(fd, 0, 99));
    TRY(lseek(fd, -100, SEEK_CUR));
    TRY(lseek(fd, 0, SEEK_CUR));
    TRY(pread(fd, buf, 4, 2));
    say("[%.4s]", buf);
    TRY(pwrite(fd, "XY", 2, 4));
    TRY(lseek(fd, 0, SEEK_CUR));
    TRY(pread(fd, buf, 10, 0));
    say("[%.10s]", buf);
    TRY(pread(fd, buf, 4, 100));
    TRY(pread(fd, buf, 4, -1));
}

static void holes(int fd)
{
    char buf[64];
    int zeros = 0;

    TRY(ftruncate(fd, 0));
    TRY(lseek(fd, 100000, SEEK_SET));
    say("size before the write %ld", size_of(fd));
    TRY(write(fd, "end", 3));
    say("size after %ld", size_of(fd));
    TRY(lseek(fd, 50000, SEEK_SET));
    TRY(read(fd, buf, sizeof buf));
    for (size_t i = 0; i < sizeof buf; i++)
        zeros += buf[i] == 0;
    say("zeros in the hole %d", zeros);
    TRY(ftruncate(fd, 100001));
    TRY(pread(fd, buf, 64, 100000));
    say("[%c]", buf[0]);
    // Growing again must not bring the cut bytes back.
    TRY(ftruncate(fd, 100003));
    TRY(pread(fd, buf, 64, 100000));
    say("[%c] %d %d", buf[0], buf[1], buf[2]);
    TRY(ftruncate(fd, -1));
    TRY(truncate("data", 5));
    say("size %ld", size_of(fd));
    TRY(truncate("absent", 5));
    TRY(truncate(".", 5));
}

static void vectors(int fd)
{
    char a[3], b[4];
    struct iovec out[3] = {{"abc", 3}, {"", 0}, {"defg", 4}};
    struct iovec in[2] = {{a, 3}, {b, 4}};

    NEED(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    TRY(writev(fd, out, 3));
    TRY(lseek(fd, 0, SEEK_SET));
    TRY(readv(fd, in, 2));
    say("[%.3s] [%.4s]", a, b);
    volatile int negative = -1;
    TRY(writev(fd, out, negative));
}

static void larger(int fd)
{
    enum { BLOCK = 7001, BLOCKS = 300 };
    static unsigned char buf[BLOCK];
    long wrong = 0;

    NEED(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    for (int i = 0; i < BLOCKS; i++) {
        memset(buf, i, sizeof buf);
        NEED(write(fd, buf, sizeof buf) == BLOCK);
    }
    say("2 MB file: size %ld", size_of(fd));
    for (int i = BLOCKS - 1; i >= 0; i -= 7) {
        NEED(pread(fd, buf, sizeof buf, (off_t)i * BLOCK) == BLOCK);
        for (int k = 0; k < BLOCK; k++)
            wrong += buf[k] != (unsigned char)i;
    }
    say("wrong bytes %ld", wrong);
    TRY(fsync(fd));
}

int main(void)
{
    scratch("file_rw");
    int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0644);

    NEED(fd >= 0);
    seeking(fd);
    holes(fd);
    vectors(fd);
    larger(fd);
    TRY(close(fd));
    return 0;
}
