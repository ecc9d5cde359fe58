// SPDX-License-Identifier: BSD-2-Clause
// One fork, taken apart by the clock: what bench/guest/fork.c, sweep.c and first_write.c share.
#ifndef BENCH_FORK_SAMPLE_H
#define BENCH_FORK_SAMPLE_H

#include <sys/types.h>
#include <sys/wait.h>

#include "bench/stats.h"

#define MB   (1024u * 1024u)
#define PAGE 4096u

// Microseconds since just before fork().
struct fork_sample {
    double child;  // the child's first act after it
    double parent; // its return in the parent
    double whole;  // the child has been waited for
};

static inline double us_since(uint64_t start)
{
    return (double)(now_ns() - start) / NS_PER_US;
}

// `n` MB, each page of them touched; not written again, they stay so. What a fork costs depends on
// them, and not on what a busy parent would have copied since.
static inline volatile char *touched_memory(size_t n)
{
    volatile char *memory = malloc(n * MB + 1);
    if (!memory)
        die("malloc");
    for (size_t at = 0; at < n * MB; at += PAGE)
        memory[at] = 1;
    return memory;
}

static inline void wait_for(pid_t pid)
{
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        die("a child failed");
}

// A child that tells when it began, through the pipe, and ends.
static inline struct fork_sample take_fork_sample(int in, int out)
{
    struct fork_sample s;
    uint64_t start = now_ns();
    pid_t pid = fork();
    double here = us_since(start); // in the child as well: its first act
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        write_all(out, &here, sizeof here);
        _exit(0);
    }
    read_all(in, &s.child, sizeof s.child);
    wait_for(pid);
    s.whole = us_since(start);
    s.parent = here;
    return s;
}

#endif
