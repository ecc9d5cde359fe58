// SPDX-License-Identifier: BSD-2-Clause
// fork() of a process that has touched N MB: to the child's first instruction after it, and to the
// parent's return from it. Its floor is bench/floor.c.
//
// usage: fork MB...   (ascending; the memory only grows)

#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#include "bench/stats.h"

#define SAMPLES  60
#define WARM_UPS 3
#define REST_MS  4
#define MB       (1024u * 1024u)
#define PAGE     4096u

// The pages stay touched from here on. They are not written again between samples: what a sample
// measures is the clone, not the copying that a busy parent causes afterwards.
static void touch(volatile char *memory, size_t from, size_t to)
{
    for (size_t at = from; at < to; at += PAGE)
        memory[at] = 1;
}

// A zombie can be waited for before its VM is taken down, and that work would be part of the next
// sample. The floor's waitpid() returns after it; here it takes a rest.
static void rest(void)
{
    const struct timespec ts = {0, REST_MS * 1000000};
    nanosleep(&ts, NULL);
}

static void take_sample(int in, int out, double *child, double *parent)
{
    rest();
    uint64_t start = now_ns(), child_ns;
    pid_t pid = fork();
    uint64_t here = now_ns(); // in the child as well: its first act
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        write_all(out, &here, sizeof here);
        _exit(0);
    }
    read_all(in, &child_ns, sizeof child_ns);
    waitpid(pid, NULL, 0);
    *child = (double)(child_ns - start) / NS_PER_US;
    *parent = (double)(here - start) / NS_PER_US;
}

static void measure(int in, int out, size_t mb)
{
    static double child[SAMPLES], parent[SAMPLES];
    char name[64];
    for (int i = -WARM_UPS; i < SAMPLES; i++) {
        int at = i < 0 ? 0 : i;
        take_sample(in, out, &child[at], &parent[at]);
    }
    snprintf(name, sizeof name, "fork_child_%dmb", (int)mb);
    report_us(name, child, SAMPLES);
    snprintf(name, sizeof name, "fork_return_%dmb", (int)mb);
    report_us(name, parent, SAMPLES);
}

int main(int argc, char **argv)
{
    int fds[2];
    size_t touched = 0;
    size_t most = argc > 1 ? strtoul(argv[argc - 1], NULL, 10) : 0;
    volatile char *memory = malloc(most * MB + 1);
    if (!memory)
        die("malloc");
    if (pipe(fds) < 0)
        die("pipe");
    for (int i = 1; i < argc; i++) {
        size_t mb = strtoul(argv[i], NULL, 10);
        touch(memory, touched * MB, mb * MB);
        touched = mb;
        measure(fds[0], fds[1], mb);
    }
    free((void *)memory);
    return 0;
}
