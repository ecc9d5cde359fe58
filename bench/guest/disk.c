// SPDX-License-Identifier: BSD-2-Clause
// A disk: the latency of 4 KB at a time, at scattered offsets, and the rate of 1 MB at a time. The
// file is in the host's page cache, on both sides: what is measured is the way there.
//
// usage: disk FILE   (at least 16 MB; on Ramet /dev/vda, on Linux the same file itself)

#include <fcntl.h>

#include "bench/stats.h"

#define SPAN     (16u << 20)
#define SMALL    4096u
#define LARGE    (1u << 20)
#define SAMPLES  2000
#define RATES    60
#define WARM_UPS 20
#define NS_PER_S 1e9
#define MB       1e6
#define SPREAD   2654435761u // scatters consecutive numbers (Knuth, TAOCP vol. 3, 6.4)

static char block[LARGE];
static double samples[SAMPLES];

static void move(int fd, int write, size_t len, uint32_t i)
{
    off_t off = (off_t)(i * SPREAD % (SPAN / len) * len);
    ssize_t n = write ? pwrite(fd, block, len, off) : pread(fd, block, len, off);
    if (n != (ssize_t)len)
        die(write ? "pwrite" : "pread");
}

static void latency(const char *name, int fd, int write)
{
    for (int i = -WARM_UPS; i < SAMPLES; i++) {
        uint64_t start = now_ns();
        move(fd, write, SMALL, (uint32_t)i);
        if (i >= 0)
            samples[i] = (double)(now_ns() - start) / NS_PER_US;
    }
    report_us(name, samples, SAMPLES);
}

static void rate(const char *name, int fd, int write)
{
    for (int i = -WARM_UPS; i < RATES; i++) {
        uint64_t start = now_ns();
        move(fd, write, LARGE, (uint32_t)i);
        if (i >= 0)
            samples[i] = LARGE / MB / ((double)(now_ns() - start) / NS_PER_S);
    }
    report(name, samples, RATES, "MB/s", 1);
}

int main(int argc, char **argv)
{
    int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;
    if (fd < 0)
        die("disk");
    latency("disk_read_4k", fd, 0);
    latency("disk_write_4k", fd, 1);
    rate("disk_read_1m", fd, 0);
    rate("disk_write_1m", fd, 1);
    return 0;
}
