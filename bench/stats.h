// SPDX-License-Identifier: BSD-2-Clause
// What every bench program shares: a clock, percentiles, the line a result is printed as.
//
// Plain POSIX, because the same source is compiled for Linux (the baseline) and for Ramet. A result
// is one line, `name p50 p99 unit`, which bench/run reads. p99 is the value that 99 of 100 samples
// are no worse than: the high end for times, the low end for rates.
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_US 1000.0

// CLOCK_MONOTONIC. All VMs of a family, and the host they run on, read the same clock (abi/pv.h:
// time is a function of the host's TSC), so a difference between two processes' readings means
// something.
static inline uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

// A benchmark that cannot do its work has no figure: it ends with 1 and a line that says why.
static inline void die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

// What the last sample started is taken down meanwhile, or made anew.
static inline void rest_ms(unsigned ms)
{
    const struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&ts, NULL);
}

static inline int compare_samples(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Sorts the samples. higher_is_better: p99 is looked for at the low end.
static inline void report(const char *name, double *samples, int n, const char *unit,
                          int higher_is_better)
{
    qsort(samples, (size_t)n, sizeof *samples, compare_samples);
    int tail = higher_is_better ? n - 1 - n * 99 / 100 : n * 99 / 100;
    if (tail >= n)
        tail = n - 1;
    printf("%s %.3f %.3f %s\n", name, samples[n / 2], samples[tail], unit);
    fflush(stdout);
}

static inline void report_us(const char *name, double *samples, int n)
{
    report(name, samples, n, "us", 0);
}

// Whole buffers or nothing: a short pipe transfer is not an error, a closed pipe is.
static inline void read_all(int fd, void *buf, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, (char *)buf + at, len - at);
        if (n == 0)
            errno = EPIPE;
        if (n <= 0)
            die("read");
        at += (size_t)n;
    }
}

static inline void write_all(int fd, const void *buf, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, (const char *)buf + at, len - at);
        if (n <= 0)
            die("write");
        at += (size_t)n;
    }
}

// bench/run needs a moment in which the processes exist and nothing is measured yet, to pin them to
// processors or to read their memory: says "ready", then waits for a line.
static inline void rendezvous(void)
{
    char c;
    printf("ready\n");
    fflush(stdout);
    do
        read_all(0, &c, 1);
    while (c != '\n');
}

#endif
