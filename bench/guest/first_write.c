// SPDX-License-Identifier: BSD-2-Clause
// What the first write to a page costs after fork(), in the child and in the parent: the other half
// of a copy-on-write clone's price. A program has touched 4 MB and forks; one byte is written to
// each of some pages, then again. A sample is what the first pass took above the second, per page.
//
// Three kinds of pages, apart from each other:
//   child   64 pages scattered over the memory, others each time, so that nobody can know them
//   hot     16 pages that the parent and every child write each time: a working set
//   parent  64 pages scattered as well, written by the parent while the child lives and sleeps
//
// usage: first_write

#include "bench/fork_sample.h"

#define SAMPLES   60
#define WARM_UPS  3
#define REST_MS   4
#define TOUCHED   4u // MB
#define SCATTERED 64u
#define HOT       16u
// Pages of a kind lie so far apart that none has a neighbour which is written too: a host that maps
// neighbours at a fault gains nothing.
#define STRIDE     (TOUCHED * MB / PAGE / SCATTERED)
#define HOT_STRIDE (TOUCHED * MB / PAGE / HOT)
// Where in a stride each kind lies. Those of a turn are one further than those of the one before.
#define TURNS     6u
#define HOT_AT    0u
#define CHILD_AT  1u
#define PARENT_AT 8u
#define SPARE_AT  15u

static volatile char *memory;

// Microseconds a page.
struct costs {
    double child, hot, parent;
};

static void write_pages(unsigned first, unsigned stride, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        memory[(first + i * stride) * PAGE] = 2;
}

// What the first pass took above the second, per page.
static double first_write(unsigned first, unsigned stride, unsigned n)
{
    uint64_t start = now_ns();
    write_pages(first, stride, n);
    uint64_t between = now_ns();
    write_pages(first, stride, n);
    uint64_t end = now_ns();
    return ((double)(between - start) - (double)(end - between)) / NS_PER_US / (double)n;
}

// Code and clock have their own first touches after a fork, which are no part of this.
static void settle(void)
{
    first_write(SPARE_AT, STRIDE, 1);
}

static void child(unsigned turn, int out, int until)
{
    struct costs costs = {0};
    char c;
    settle();
    costs.child = first_write(CHILD_AT + turn, STRIDE, SCATTERED);
    costs.hot = first_write(HOT_AT, HOT_STRIDE, HOT);
    write_all(out, &costs, sizeof costs);
    read_all(until, &c, 1); // the parent has written while both had the same pages
    _exit(0);
}

// The parent's working set is written in every turn, after what is measured.
static struct costs take_sample(unsigned turn, const int report[2], const int end[2])
{
    const struct timespec rest = {0, REST_MS * 1000000};
    struct costs costs;
    nanosleep(&rest, NULL); // the VM of the child before is taken down meanwhile
    pid_t pid = fork();
    if (pid == 0)
        child(turn, report[1], end[0]);
    if (pid < 0)
        die("fork");
    read_all(report[0], &costs, sizeof costs);
    settle();
    costs.parent = first_write(PARENT_AT + turn, STRIDE, SCATTERED);
    write_pages(HOT_AT, HOT_STRIDE, HOT);
    write_all(end[1], "", 1);
    wait_for(pid);
    return costs;
}

int main(void)
{
    static double scattered[SAMPLES], hot[SAMPLES], parent[SAMPLES];
    int report[2], end[2];
    if (pipe(report) < 0 || pipe(end) < 0)
        die("pipe");
    memory = touched_memory(TOUCHED);
    for (int i = -WARM_UPS; i < SAMPLES; i++) {
        int at = i < 0 ? 0 : i;
        struct costs costs = take_sample((unsigned)(i + WARM_UPS) % TURNS, report, end);
        scattered[at] = costs.child;
        hot[at] = costs.hot;
        parent[at] = costs.parent;
    }
    report_us("fork_write_page", scattered, SAMPLES);
    report_us("fork_write_page_hot", hot, SAMPLES);
    report_us("fork_write_page_parent", parent, SAMPLES);
    return 0;
}
