// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// timeout: 60
//
// Volume: 1 MB through one pipe at odd block sizes, one write far above the pipe's capacity, and a
// chain of four filters.
#include "tests/guest/check.h"

#define TOTAL (1 << 20)

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static void produce(int fd, size_t step)
{
    unsigned char *buf = malloc(step);

    NEED(buf);
    for (size_t at = 0; at < TOTAL;) {
        size_t n = TOTAL - at < step ? TOTAL - at : step;
        for (size_t i = 0; i < n; i++)
            buf[i] = pattern(at + i);
        for (size_t done = 0; done < n;) {
            ssize_t w = write(fd, buf + done, n - done);
            NEED(w > 0);
            done += (size_t)w;
        }
        at += n;
    }
    free(buf);
}

static void consume(const char *what, int fd, size_t step, unsigned char plus)
{
    unsigned char *buf = malloc(step);
    size_t at = 0, wrong = 0;
    ssize_t n;

    NEED(buf);
    while ((n = read(fd, buf, step)) > 0)
        for (ssize_t i = 0; i < n; i++, at++)
            wrong += buf[i] != (unsigned char)(pattern(at) + plus);
    say("%s: %zu bytes, %zu wrong", what, at, wrong);
    free(buf);
}

static void one_pipe(size_t write_step, size_t read_step)
{
    int p[2];
    char what[60];

    NEED(pipe(p) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(p[0]);
        produce(p[1], write_step);
        _exit(0);
    }
    close(p[1]);
    snprintf(what, sizeof what, "write %zu, read %zu", write_step, read_step);
    consume(what, p[0], read_step, 0);
    close(p[0]);
    say_status("producer", wait_for(pid));
}

// Reads, adds one to every byte, writes.
static void filter(int from, int to)
{
    unsigned char buf[10000];
    ssize_t n;

    while ((n = read(from, buf, sizeof buf)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            buf[i]++;
        NEED(write(to, buf, (size_t)n) == n);
    }
    _exit(0);
}

static void chain(int stages)
{
    int p[2], from;

    NEED(pipe(p) == 0);
    from = p[0];
    int first_write = p[1];
    for (int i = 0; i < stages; i++) {
        NEED(pipe(p) == 0);
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            close(first_write);
            close(p[0]);
            filter(from, p[1]);
        }
        close(from);
        close(p[1]);
        from = p[0];
    }
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(from);
        produce(first_write, 65536);
        _exit(0);
    }
    close(first_write);
    consume("through the chain", from, 4096, (unsigned char)stages);
    close(from);
    int good = 0, status;
    while (wait(&status) > 0)
        good += status == 0;
    say("stages and producer ended well: %d", good);
}

int main(void)
{
    one_pipe(65536, 65536);
    one_pipe(TOTAL, 4096);
    one_pipe(4096, 1000);
    one_pipe(777, 10000);
    one_pipe(100001, 33333);
    chain(4);
    return 0;
}
