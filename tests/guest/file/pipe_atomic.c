// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// timeout: 60
//
// Writes of up to PIPE_BUF bytes from several processes never mix; several readers of one pipe take
// each byte exactly once.
#include "tests/guest/check.h"

#define WRITERS 4
#define RECORDS 100

struct record {
    unsigned char writer, number;
    unsigned short length;
    unsigned char fill[4092];
};

static const unsigned short lengths[] = {4096, 5, 1000, 4095, 512, 37, 2048, 4000};

static void writer(int fd, int me)
{
    static struct record r;

    for (int i = 0; i < RECORDS; i++) {
        r.writer = (unsigned char)me;
        r.number = (unsigned char)i;
        r.length = lengths[(i + me) % 8];
        memset(r.fill, me * 16 + i % 16, sizeof r.fill);
        NEED(write(fd, &r, r.length) == (ssize_t)r.length);
    }
    _exit(0);
}

static bool read_fully(int fd, void *to, size_t size)
{
    char *at = to;

    while (size) {
        ssize_t n = read(fd, at, size);
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static void many_writers(void)
{
    static struct record r;
    int p[2], count = 0, mixed = 0, disordered = 0, next[WRITERS] = {0};

    NEED(pipe(p) == 0);
    for (int i = 0; i < WRITERS; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            close(p[0]);
            writer(p[1], i);
        }
    }
    close(p[1]);
    while (read_fully(p[0], &r, 4)) {
        if (r.writer >= WRITERS || r.length < 5 || r.length > 4096) {
            mixed++;
            break;
        }
        NEED(read_fully(p[0], r.fill, r.length - 4u));
        for (int i = 0; i < r.length - 4; i++)
            mixed += r.fill[i] != r.writer * 16 + r.number % 16;
        disordered += r.number != next[r.writer]++;
        count++;
    }
    say("records %d, mixed bytes %d, out of order %d", count, mixed, disordered);
    for (int i = 0; i < WRITERS; i++) {
        int status;
        NEED(wait(&status) > 0);
        say_status("writer", status);
    }
    close(p[0]);
}

static void many_readers(void)
{
    int p[2], sums[2];
    long total = 0, bytes = 0;

    NEED(pipe(p) == 0 && pipe(sums) == 0);
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            unsigned char c;
            long mine[2] = {0, 0};
            close(p[1]);
            while (read(p[0], &c, 1) == 1) {
                mine[0] += c;
                mine[1]++;
            }
            NEED(write(sums[1], mine, sizeof mine) == sizeof mine);
            _exit(0);
        }
    }
    close(p[0]);
    for (int i = 0; i < 600; i++) {
        unsigned char c = (unsigned char)i;
        NEED(write(p[1], &c, 1) == 1);
    }
    close(p[1]);
    for (int i = 0; i < 3; i++) {
        long one[2];
        NEED(read(sums[0], one, sizeof one) == sizeof one);
        total += one[0];
        bytes += one[1];
        NEED(wait(NULL) > 0);
    }
    say("three readers took %ld bytes, sum %ld", bytes, total);
}

int main(void)
{
    many_writers();
    many_readers();
    return 0;
}
