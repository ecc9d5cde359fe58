// SPDX-License-Identifier: BSD-2-Clause
// Clocks, time values and interval timers, with Linux x86-64's values and layouts.
#ifndef RAMET_API_TIME_H
#define RAMET_API_TIME_H

#include <stdint.h>

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define TIMER_ABSTIME            1

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

struct k_timespec {
    int64_t sec;
    int64_t nsec;
};

struct k_timeval {
    int64_t sec;
    int64_t usec;
};

struct k_itimerval {
    struct k_timeval interval;
    struct k_timeval value;
};

#endif
