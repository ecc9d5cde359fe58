// SPDX-License-Identifier: BSD-2-Clause
// The host's clocks as one number.
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include <stdint.h>
#include <time.h>

// CLOCK_MONOTONIC or CLOCK_REALTIME in ns.
static inline uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
