// SPDX-License-Identifier: BSD-2-Clause
// Two processes and the pipes between them, or a pair of stream sockets: the latency of one byte,
// one way, and throughput by block size. One side forks the other; bench/run pins both while they
// meet in rendezvous().
//
// usage: pipe [SUFFIX [socket]]   (SUFFIX is appended to each result's name)

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "bench/stats.h"

#define LATENCY_SAMPLES    2000
#define LATENCY_WARM_UPS   100
#define THROUGHPUT_SAMPLES 30
#define BLOCK_MAX          65536u
#define NS_PER_S           1e9

// How much one sample of a block size moves: long against the acknowledgement that ends it, and
// short enough that 1-byte blocks over a slow wake-up take seconds at most.
static const struct load {
    size_t block, bytes;
    const char *name;
} loads[] = {
    {1, 4096, "throughput_1b"},
    {4096, 4u << 20, "throughput_4k"},
    {65536, 16u << 20, "throughput_64k"},
};
#define LOADS (sizeof loads / sizeof loads[0])

static char block[BLOCK_MAX];
static const char *suffix = "", *kind = "pipe";

// Ours to the other side and back.
static int to_peer, from_peer;

// The other side: echoes bytes, then swallows blocks and acknowledges each sample with a byte.
static void peer(int in, int out)
{
    for (int i = -LATENCY_WARM_UPS; i < LATENCY_SAMPLES; i++) {
        read_all(in, block, 1);
        write_all(out, block, 1);
    }
    for (size_t l = 0; l < LOADS; l++) {
        for (int i = -1; i < THROUGHPUT_SAMPLES; i++) {
            for (size_t got = 0; got < loads[l].bytes;) {
                ssize_t n = read(in, block, loads[l].block);
                if (n <= 0)
                    die("read");
                got += (size_t)n;
            }
            write_all(out, block, 1);
        }
    }
    _exit(0);
}

static void name_result(char *name, size_t len, const char *base)
{
    snprintf(name, len, "%s_%s%s", kind, base, suffix);
}

static void measure_latency(void)
{
    static double samples[LATENCY_SAMPLES];
    char name[64];
    for (int i = -LATENCY_WARM_UPS; i < LATENCY_SAMPLES; i++) {
        uint64_t start = now_ns();
        write_all(to_peer, block, 1);
        read_all(from_peer, block, 1);
        samples[i < 0 ? 0 : i] = (double)(now_ns() - start) / 2 / NS_PER_US;
    }
    name_result(name, sizeof name, "latency_1b");
    report_us(name, samples, LATENCY_SAMPLES);
}

static void measure_throughput(const struct load *load)
{
    static double samples[THROUGHPUT_SAMPLES];
    char name[64];
    for (int i = -1; i < THROUGHPUT_SAMPLES; i++) {
        uint64_t start = now_ns();
        for (size_t sent = 0; sent < load->bytes; sent += load->block)
            write_all(to_peer, block, load->block);
        read_all(from_peer, block, 1);
        double seconds = (double)(now_ns() - start) / NS_PER_S;
        samples[i < 0 ? 0 : i] = (double)load->bytes / 1e6 / seconds;
    }
    name_result(name, sizeof name, load->name);
    report(name, samples, THROUGHPUT_SAMPLES, "MB/s", 1);
}

// One pair of sockets serves both ways: [0] is the other side's.
static void connect_ends(int there[2], int back[2])
{
    if (strcmp(kind, "socket") == 0) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, there) < 0)
            die("socketpair");
        back[0] = there[1];
        back[1] = there[0];
    } else if (pipe(there) < 0 || pipe(back) < 0) {
        die("pipe");
    }
}

int main(int argc, char **argv)
{
    int there[2], back[2];
    if (argc > 1)
        suffix = argv[1];
    if (argc > 2)
        kind = argv[2];
    connect_ends(there, back);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0)
        peer(there[0], back[1]);
    to_peer = there[1];
    from_peer = back[0];
    memset(block, 'x', sizeof block);
    rendezvous();
    measure_latency();
    for (size_t l = 0; l < LOADS; l++)
        measure_throughput(&loads[l]);
    int status;
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}
