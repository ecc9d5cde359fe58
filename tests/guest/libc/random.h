// SPDX-License-Identifier: BSD-2-Clause
// Values made at random, for tests that compare two C libraries: the same on both, and often at the
// edges. With a digest of what came out.
#ifndef TESTS_GUEST_LIBC_RANDOM_H
#define TESTS_GUEST_LIBC_RANDOM_H

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>

static unsigned long long state = 88172645463325252ull, digest = 14695981039346656037ull;

// xorshift64 (Marsaglia)
static inline unsigned long long draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static inline unsigned pick(unsigned n)
{
    return (unsigned)((draw() >> 20) % n);
}

// FNV-1a
static inline void digest_add(const void *data, size_t n)
{
    for (const unsigned char *p = data; n > 0; n--)
        digest = (digest ^ *p++) * 1099511628211ull;
}

static inline uint64_t any_integer(void)
{
    static const uint64_t edge[] = {
        0,       1,         7,        8,          9,          10,         15,         16,
        INT_MAX, INT64_MAX, UINT_MAX, UINT64_MAX, 0x80000000, 1ull << 63, 0xffff8000, 127};
    uint64_t n = draw();
    return pick(3) == 0 ? edge[pick(16)] : n >> pick(64);
}

static inline double any_double(void)
{
    static const double edge[] = {0.0,    -0.0,    1.0,     0.5,      1.5,     2.5,    0.1,   9.5,
                                  99.5,   0.05,    1e15,    1e16,     1e17,    9.9995, 1e-4,  1e-5,
                                  5e-324, DBL_MIN, DBL_MAX, 999999.5, 0.00001, 1e22,   1e100, 1e23};
    union {
        unsigned long long bits;
        double value;
    } u = {draw()};
    switch (pick(6)) {
    case 0:
        return edge[pick(24)];
    case 1:
        return u.value;
    case 2:
        return pick(8) ? (double)pick(1000000) / 1000 : pick(3) ? INFINITY : -NAN;
    case 3: // few bits: ties
        return ldexp((double)(int)pick(4096) - 2048, (int)pick(40) - 20);
    default:
        return ((double)pick(2000000) - 1000000) / (1 + pick(100));
    }
}

// Also such as no operation yields: without their leading bit. Not the one kind glibc prints
// wrongly, denormals that have it.
static inline long double any_long_double(void)
{
    union {
        struct {
            uint64_t mantissa;
            uint16_t exponent;
        };
        long double value;
    } u = {.value = 0};
    switch (pick(5)) {
    case 0:
        return any_double();
    case 1:
        return (long double)(int64_t)draw() / 3;
    case 2:
        return ldexpl((long double)draw(), (int)pick(200) - 100);
    default:
        u.mantissa = draw() | (pick(10) ? 1ull << 63 : 0);
        u.exponent = (uint16_t)draw();
        if (pick(8) == 0)
            u.exponent &= 0x8000;
        if ((u.exponent & 0x7fff) == 0)
            u.mantissa &= INT64_MAX;
        return u.value;
    }
}

#endif
