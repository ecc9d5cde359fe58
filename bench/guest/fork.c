// SPDX-License-Identifier: BSD-2-Clause
// fork() of a process that has touched N MB: to the child's first act after it, and to the parent's
// return from it. Its floor is bench/floor.c. A parent of one child at a time rests in between; one
// in a burst forks several in a row, so nothing that is made ready while it rests helps the second.
//
// usage: fork MB...         (ascending; the memory only grows)
//        fork --burst MB    (results have _burst in their names)

#include "bench/fork_sample.h"

#define SAMPLES  60
#define WARM_UPS 3
// A zombie can be waited for before its VM is taken down, and that work would be part of the next
// sample. The floor's waitpid() returns after it; here it takes a rest.
#define REST_MS 4
#define ROUNDS  40 // of a burst
#define BURST   4  // forks in a row; the first is not counted: the parent has rested before it

static int report_in, report_out;

static void report_mb(const char *what, size_t mb, double *samples, int n)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%dmb", what, (int)mb);
    report_us(name, samples, n);
}

static void measure(size_t mb)
{
    static double child[SAMPLES], parent[SAMPLES];
    for (int i = -WARM_UPS; i < SAMPLES; i++) {
        rest_ms(REST_MS);
        struct fork_sample s = take_fork_sample(report_in, report_out);
        child[i < 0 ? 0 : i] = s.child;
        parent[i < 0 ? 0 : i] = s.parent;
    }
    report_mb("fork_child", mb, child, SAMPLES);
    report_mb("fork_return", mb, parent, SAMPLES);
}

// What a child of a burst says: which one it is, and when it began, since its own fork().
struct word {
    double us;
    int number;
};

static void take_burst(double child[BURST], double parent[BURST])
{
    pid_t pids[BURST];
    struct word word;
    rest_ms(REST_MS);
    for (int i = 0; i < BURST; i++) {
        uint64_t start = now_ns();
        pids[i] = fork();
        parent[i] = us_since(start);
        if (pids[i] < 0)
            die("fork");
        if (pids[i] == 0) {
            word = (struct word){.us = parent[i], .number = i};
            write_all(report_out, &word, sizeof word); // whole: less than PIPE_BUF
            _exit(0);
        }
    }
    for (int i = 0; i < BURST; i++) {
        read_all(report_in, &word, sizeof word);
        child[word.number] = word.us;
    }
    for (int i = 0; i < BURST; i++)
        wait_for(pids[i]);
}

static void measure_burst(size_t mb)
{
    static double child[ROUNDS * (BURST - 1)], parent[ROUNDS * (BURST - 1)];
    for (int i = -WARM_UPS; i < ROUNDS; i++) {
        double c[BURST], p[BURST];
        take_burst(c, p);
        size_t at = (size_t)(i < 0 ? 0 : i) * (BURST - 1);
        memcpy(child + at, c + 1, sizeof c - sizeof c[0]);
        memcpy(parent + at, p + 1, sizeof p - sizeof p[0]);
    }
    report_mb("fork_burst", mb, child, ROUNDS * (BURST - 1));
    report_mb("fork_burst_return", mb, parent, ROUNDS * (BURST - 1));
}

int main(int argc, char **argv)
{
    int fds[2];
    size_t touched = 0;
    if (pipe(fds) < 0)
        die("pipe");
    report_in = fds[0];
    report_out = fds[1];
    if (argc == 3 && strcmp(argv[1], "--burst") == 0) {
        size_t mb = strtoul(argv[2], NULL, 10);
        touched_memory(mb);
        measure_burst(mb);
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        size_t mb = strtoul(argv[i], NULL, 10);
        touched_memory(mb - touched);
        touched = mb;
        measure(mb);
    }
    return 0;
}
