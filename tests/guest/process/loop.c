// SPDX-License-Identifier: BSD-2-Clause
// How fast the processor runs what is no business of anybody else: a loop that touches no memory.
// With an argument it says how many milliseconds a thousand million turns took:
// tests/suites/boot.py.

#include "tests/guest/check.h"

#include <time.h>

static double now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    (void)argv;
    const unsigned long turns = argc > 1 ? 1000000000 : 1000000;
    double start = now_ms();
    for (unsigned long i = 0; i < turns; i++)
        __asm__ volatile("" : "+r"(i));
    double took = now_ms() - start;
    if (argc > 1)
        say("%.0f", took);
    CHECK("a clock that goes forward", took > 0);
    return 0;
}
