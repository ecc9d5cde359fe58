// SPDX-License-Identifier: BSD-2-Clause
// What the first write to a page costs after fork(), in the child and in the parent: the other half
// of a copy-on-write clone's price. A program has touched 4 MB and forks; one byte is written to
// each of some pages. A sample is what that took, per page; writing them again would take 0.002 us.
//
// Three kinds of pages, apart from each other:
//   child   64 pages scattered over the memory, others each time, so that nobody can know them
//   hot     16 pages that the parent and every child write each time: a working set
//   parent  64 pages scattered as well, written by the parent while the child lives and sleeps; in
//           forks of their own, so that the children above have a parent with a working set only
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

static int in, out;   // a child's words to its parent
static int end, stop; // what a child that sleeps reads, and its parent writes

// Microseconds a page.
struct costs {
    double scattered, hot;
};

static void write_pages(unsigned first, unsigned stride, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        memory[(first + i * stride) * PAGE] = 2;
}

static double first_write(unsigned first, unsigned stride, unsigned n)
{
    uint64_t start = now_ns();
    write_pages(first, stride, n);
    return us_since(start) / (double)n;
}

// Code and clock have their own first touches after a fork, which are no part of this.
static void settle(void)
{
    first_write(SPARE_AT, STRIDE, 1);
}

static struct costs in_child(unsigned turn)
{
    struct costs costs;
    rest_ms(REST_MS);
    pid_t pid = fork();
    if (pid == 0) {
        settle();
        costs.scattered = first_write(CHILD_AT + turn, STRIDE, SCATTERED);
        costs.hot = first_write(HOT_AT, HOT_STRIDE, HOT);
        write_all(out, &costs, sizeof costs);
        _exit(0);
    }
    if (pid < 0)
        die("fork");
    read_all(in, &costs, sizeof costs);
    wait_for(pid);
    write_pages(HOT_AT, HOT_STRIDE, HOT);
    return costs;
}

static double in_parent(unsigned turn)
{
    char c = 0;
    rest_ms(REST_MS);
    pid_t pid = fork();
    if (pid == 0) {
        write_all(out, &c, 1); // its start does not take the parent's time any more
        read_all(end, &c, 1);
        _exit(0);
    }
    if (pid < 0)
        die("fork");
    read_all(in, &c, 1);
    settle();
    double cost = first_write(PARENT_AT + turn, STRIDE, SCATTERED);
    write_all(stop, &c, 1);
    wait_for(pid);
    return cost;
}

int main(void)
{
    static double scattered[SAMPLES], hot[SAMPLES], parent[SAMPLES];
    int words[2], ends[2];
    if (pipe(words) < 0 || pipe(ends) < 0)
        die("pipe");
    in = words[0], out = words[1], end = ends[0], stop = ends[1];
    memory = touched_memory(TOUCHED);
    for (int i = -WARM_UPS; i < SAMPLES; i++) {
        struct costs costs = in_child((unsigned)(i + WARM_UPS) % TURNS);
        scattered[i < 0 ? 0 : i] = costs.scattered;
        hot[i < 0 ? 0 : i] = costs.hot;
    }
    for (int i = -WARM_UPS; i < SAMPLES; i++)
        parent[i < 0 ? 0 : i] = in_parent((unsigned)(i + WARM_UPS) % TURNS);
    report_us("fork_write_page", scattered, SAMPLES);
    report_us("fork_write_page_hot", hot, SAMPLES);
    report_us("fork_write_page_parent", parent, SAMPLES);
    return 0;
}
