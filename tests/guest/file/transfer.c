// SPDX-License-Identifier: BSD-2-Clause
//
// sendfile, copy_file_range and splice: offsets, positions, ends, errors.
#include "tests/guest/check.h"
#include <sys/sendfile.h>

static long long at(int fd)
{
    return (long long)lseek(fd, 0, SEEK_CUR);
}

static void drain(const char *what, int fd, size_t want)
{
    char buf[100] = {0};
    ssize_t n = read(fd, buf, want < 99 ? want : 99);

    say("%s: %zd bytes, %s", what, n, buf);
}

static int digits(const char *name, int n)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

    NEED(fd >= 0);
    for (int i = 0; i < n; i++)
        NEED(write(fd, &"0123456789"[i % 10], 1) == 1);
    NEED(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static void by_sendfile(void)
{
    int in = digits("in", 50), out = digits("out", 0), pipes[2];
    off_t off = 5;

    NEED(pipe(pipes) == 0);
    TRY(sendfile(out, in, NULL, 10));
    say("in %lld, out %lld", at(in), at(out));
    TRY(sendfile(out, in, &off, 10));
    say("in %lld, out %lld, offset %lld", at(in), at(out), (long long)off);
    say_file("out");
    off = 45;
    TRY(sendfile(pipes[1], in, &off, 100));
    drain("pipe", pipes[0], 100);
    off = 100;
    TRY(sendfile(out, in, &off, 10));
    off = -1;
    TRY(sendfile(out, in, &off, 10));
    TRY(sendfile(out, in, (off_t *)8, 10));
    TRY(sendfile(out, -1, NULL, 10));
    TRY(sendfile(-1, in, NULL, 10));
    TRY(sendfile(pipes[0], in, NULL, 10));
    TRY(sendfile(out, in, NULL, 0));
    NEED(fcntl(out, F_SETFL, O_APPEND) == 0);
    TRY(sendfile(out, in, NULL, 10));
    NEED(fcntl(pipes[1], F_SETFL, O_NONBLOCK) == 0);
    int large = digits("large", 0);
    NEED(ftruncate(large, 1000000) == 0);
    ssize_t n = sendfile(pipes[1], large, NULL, 1000000);
    CHECK("as much as fits", n > 0 && n < 1000000 && at(large) == n);
    TRY(sendfile(pipes[1], large, NULL, 1000000));
    close(pipes[0]);
    signal(SIGPIPE, SIG_IGN);
    TRY(sendfile(pipes[1], in, NULL, 5));
    close(pipes[1]);
    close(large);
    close(in);
    close(out);
}

static void by_copy(void)
{
    int in = digits("in", 50), out = digits("out", 20), pipes[2];
    off_t from = 7, to = 2;

    NEED(pipe(pipes) == 0);
    TRY(copy_file_range(in, &from, out, &to, 5, 0));
    say("offsets %lld %lld, positions %lld %lld", (long long)from, (long long)to, at(in), at(out));
    TRY(copy_file_range(in, NULL, out, NULL, 1000, 0));
    say("positions %lld %lld", at(in), at(out));
    TRY(copy_file_range(in, NULL, out, NULL, 1000, 0));
    say_file("out");
    from = 0, to = 10;
    TRY(copy_file_range(in, &from, in, &to, 10, 0));
    to = 15;
    from = 10;
    TRY(copy_file_range(in, &from, in, &to, 10, 0));
    TRY(copy_file_range(in, &from, out, &to, 10, 1));
    TRY(copy_file_range(pipes[0], NULL, out, NULL, 10, 0));
    TRY(copy_file_range(in, NULL, out, NULL, 0, 0));
    int reading = open("out", O_RDONLY), appending = open("out", O_WRONLY | O_APPEND);
    TRY(copy_file_range(in, NULL, reading, NULL, 10, 0));
    TRY(copy_file_range(in, NULL, appending, NULL, 10, 0));
    TRY(copy_file_range(-1, NULL, out, NULL, 10, 0));
    close(reading);
    close(appending);
    close(pipes[0]);
    close(pipes[1]);
    close(in);
    close(out);
}

static void by_splice(void)
{
    int in = digits("in", 50), out = digits("out", 0), pipes[2];
    off_t off = 3;

    NEED(pipe(pipes) == 0);
    TRY(splice(in, NULL, pipes[1], NULL, 10, 0));
    TRY(splice(in, &off, pipes[1], NULL, 4, 0));
    say("position %lld, offset %lld", at(in), (long long)off);
    TRY(splice(pipes[0], NULL, out, NULL, 8, 0));
    off = 20;
    TRY(splice(pipes[0], NULL, out, &off, 100, 0));
    say("position %lld, offset %lld", at(out), (long long)off);
    say_file("out");
    TRY(splice(pipes[0], NULL, out, NULL, 8, SPLICE_F_NONBLOCK));
    TRY(splice(pipes[0], &off, out, NULL, 8, 0));
    TRY(splice(in, NULL, pipes[1], &off, 8, 0));
    TRY(splice(in, NULL, out, NULL, 8, 0));
    TRY(splice(in, NULL, pipes[1], NULL, 8, 0x100));
    TRY(splice(in, NULL, pipes[1], NULL, 0, 0));
    TRY(splice(-1, NULL, pipes[1], NULL, 8, 0));
    close(pipes[1]);
    drain("rest", pipes[0], 100);
    TRY(splice(pipes[0], NULL, out, NULL, 8, 0)); // the end
    close(pipes[0]);
    close(in);
    close(out);
}

int main(void)
{
    scratch("transfer");
    by_sendfile();
    by_copy();
    by_splice();
    return 0;
}
