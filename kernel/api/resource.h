// SPDX-License-Identifier: BSD-2-Clause
// Resource limits and usage, with Linux x86-64's values and layouts.
#ifndef RAMET_API_RESOURCE_H
#define RAMET_API_RESOURCE_H

#include <stdint.h>
#include "time.h"

#define RLIMIT_CPU        0
#define RLIMIT_FSIZE      1
#define RLIMIT_DATA       2
#define RLIMIT_STACK      3
#define RLIMIT_CORE       4
#define RLIMIT_RSS        5
#define RLIMIT_NPROC      6
#define RLIMIT_NOFILE     7
#define RLIMIT_MEMLOCK    8
#define RLIMIT_AS         9
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE   12
#define RLIMIT_NICE       13
#define RLIMIT_RTPRIO     14
#define K_RLIM_NLIMITS    16
#define K_RLIM_INFINITY   UINT64_MAX

#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)

#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2

struct k_rlimit {
    uint64_t cur;
    uint64_t max;
};

struct k_rusage {
    struct k_timeval utime;
    struct k_timeval stime;
    int64_t maxrss; // KB
    int64_t ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals;
    int64_t nvcsw, nivcsw;
};

#endif
