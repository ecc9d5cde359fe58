// SPDX-License-Identifier: BSD-2-Clause
//
// memfd_create and seals, fallocate and posix_fallocate, close_range.
#include "tests/guest/check.h"
#include <sys/mman.h>

static long long size_of(int fd)
{
    struct stat st;

    NEED(fstat(fd, &st) == 0);
    return (long long)st.st_size;
}

static void files(void)
{
    char name[300], buf[10] = {0};
    struct stat st;
    int fd = memfd_create("one", MFD_CLOEXEC);

    NEED(fd >= 0);
    CHECK("closed by exec", fcntl(fd, F_GETFD) == FD_CLOEXEC);
    NEED(fstat(fd, &st) == 0);
    say("mode %o, %lu names, size %lld", (unsigned)st.st_mode, (unsigned long)st.st_nlink,
        (long long)st.st_size);
    TRY(write(fd, "hello", 5));
    TRY(pread(fd, buf, 10, 0));
    say("%s", buf);
    TRY(ftruncate(fd, 8192));
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    NEED(p != MAP_FAILED);
    strcpy(p + 4096, "mapped");
    TRY(pread(fd, buf, 7, 4096));
    say("%s", buf);
    TRY(fcntl(fd, F_GET_SEALS));
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    NEED(munmap(p, 8192) == 0);
    close(fd);
    int other = memfd_create("one", 0);
    CHECK("another file", other >= 0 && size_of(other) == 0 && fcntl(other, F_GETFD) == 0);
    close(other);
    TRY(memfd_create("", 0x8000));
    TRY(memfd_create((char *)8, 0));
    memset(name, 'n', sizeof name);
    name[250] = '\0';
    TRY(memfd_create(name, 0));
    name[249] = '\0';
    other = memfd_create(name, 0);
    CHECK("a long name", other >= 0);
    close(other);
    int pipes[2];
    NEED(pipe(pipes) == 0);
    TRY(fcntl(pipes[0], F_GET_SEALS));
    close(pipes[0]);
    close(pipes[1]);
}

static void seals(void)
{
    int fd = memfd_create("sealed", MFD_ALLOW_SEALING);
    char buf[20];

    NEED(fd >= 0 && write(fd, "0123456789", 10) == 10);
    TRY(fcntl(fd, F_GET_SEALS));
    TRY(fcntl(fd, F_ADD_SEALS, 0x1000));
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    TRY(ftruncate(fd, 5));
    TRY(ftruncate(fd, 12));
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    TRY(ftruncate(fd, 20));
    TRY(pwrite(fd, "x", 1, 12));
    TRY(pwrite(fd, "x", 1, 11));
    TRY(fallocate(fd, 0, 0, 100));
    say("size %lld, seals %d", size_of(fd), fcntl(fd, F_GET_SEALS));
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    NEED(p != MAP_FAILED);
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    NEED(munmap(p, 4096) == 0);
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    TRY(write(fd, "x", 1));
    TRY(pread(fd, buf, sizeof buf, 0));
    CHECK("not to be mapped for writing",
          mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED &&
              errno == EPERM);
    p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    CHECK("to be read", p != MAP_FAILED && memcmp(p, "0123456789", 10) == 0);
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 5));
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    say("seals %d", fcntl(fd, F_GET_SEALS));
    close(fd);
    fd = memfd_create("future", MFD_ALLOW_SEALING);
    NEED(fd >= 0 && ftruncate(fd, 4096) == 0);
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    NEED(p != MAP_FAILED);
    TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    p[0] = 'w'; // what is mapped stays
    TRY(write(fd, "x", 1));
    TRY(pread(fd, buf, 1, 0));
    say("%c", buf[0]);
    close(fd);
}

static void room(void)
{
    int fd = memfd_create("room", 0), in = open("/dev/null", O_RDONLY), pipes[2];
    char buf[20] = {0};
    struct stat st;

    NEED(fd >= 0 && in >= 0 && pipe(pipes) == 0);
    say("posix_fallocate %d", posix_fallocate(fd, 0, 10000));
    NEED(fstat(fd, &st) == 0);
    say("size %lld, blocks %d", (long long)st.st_size, st.st_blocks >= 20);
    TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 10000, 20000));
    NEED(fstat(fd, &st) == 0);
    say("size %lld, blocks %d", (long long)st.st_size, st.st_blocks >= 56);
    NEED(pwrite(fd, "abcdefghij", 10, 4090) == 10);
    TRY(fallocate(fd, 0, 4090, 10)); // keeps what is there
    TRY(pread(fd, buf, 10, 4090));
    say("%s", buf);
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4092, 6));
    TRY(pread(fd, buf, 10, 4090));
    say("%c%c%d%d%d%c%c", buf[0], buf[1], buf[2], buf[5], buf[7], buf[8], buf[9]);
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
    TRY(fallocate(fd, 0x4000, 0, 10));
    TRY(fallocate(fd, 0, -1, 10));
    TRY(fallocate(fd, 0, 0, 0));
    TRY(fallocate(fd, 0, 0x7fffffffffffffff, 10));
    TRY(fallocate(in, 0, 0, 10));
    TRY(fallocate(pipes[1], 0, 0, 10));
    TRY(fallocate(-1, 0, 0, 10));
    errno = 0;
    int r = posix_fallocate(fd, 0, 0);
    say("posix_fallocate %s, errno %s", err_name(r), err_name(errno));
    say("size %lld", size_of(fd));
    close(fd);
    close(in);
    close(pipes[0]);
    close(pipes[1]);
}

static void ranges(void)
{
    int fd = open("/dev/null", O_RDONLY);

    for (int i = 20; i < 30; i++)
        NEED(dup2(fd, i) == i);
    TRY(close_range(22, 24, 0));
    TRY(close_range(26, 27, 4)); // CLOSE_RANGE_CLOEXEC
    for (int i = 20; i < 30; i++)
        say("%d: %d", i, fcntl(i, F_GETFD));
    TRY(close_range(28, 26, 0));
    TRY(close_range(20, 30, 64));
    TRY(close_range(20, ~0u, 0));
    TRY(fcntl(20, F_GETFD));
    TRY(fcntl(29, F_GETFD));
    TRY(fcntl(fd, F_GETFD));
    TRY(close_range(100, 200, 0));
    close(fd);
}

int main(void)
{
    scratch("memfd");
    files();
    seals();
    room();
    ranges();
    return 0;
}
