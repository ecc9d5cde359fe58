// SPDX-License-Identifier: BSD-2-Clause
// A small assembler of seccomp filters: rules in order, each a call with conditions on its
// arguments, all 64 bits of them.
//
// libseccomp builds the other back ends' filters, but it takes one condition an argument, and the
// addresses of mmap(2) need two. Source: seccomp(2), and the classic BPF of Linux's
// Documentation/networking/filter.rst.
#ifndef HOST_PROCESS_FILTER_H
#define HOST_PROCESS_FILTER_H

#include <stdint.h>
#include <linux/filter.h>

enum filter_test {
    FILTER_END,      // no further condition
    FILTER_EQUAL,    // argument == a
    FILTER_RANGE,    // a <= argument < b
    FILTER_BITS,     // (argument & a) == b
    FILTER_NOT_BITS, // (argument & a) != b
    // argument + the b'th argument <= a, where another condition has it that the argument is at
    // most a and no more than 4 GB below it, and one that the other has no high word.
    FILTER_ROOM,
};

struct filter_condition {
    enum filter_test test;
    unsigned argument; // 0..5
    uint64_t a, b;
};

#define FILTER_CONDITIONS 6
struct filter_rule {
    uint32_t call;
    uint32_t action; // SECCOMP_RET_*
    struct filter_condition conditions[FILTER_CONDITIONS];
};

// The filter that does what the first matching rule says, and kills the process if there is none,
// into code[max]. Calls of another architecture, x32 among them, match nothing. The number of
// instructions, or -E2BIG.
int filter_build(const struct filter_rule *rules, unsigned n, struct sock_filter *code,
                 unsigned max);

#endif
