// SPDX-License-Identifier: BSD-2-Clause
// Resource limits, usage and priorities: Linux's numbers and layouts (from <ramet/resource.h>).
#ifndef _SYS_RESOURCE_H_
#define _SYS_RESOURCE_H_

#include <ramet/resource.h>
#include <sys/cdefs.h>
#include <sys/time.h>
#include <sys/types.h>

typedef unsigned long rlim_t;

#define RLIM_INFINITY  (~0UL)
#define RLIM_SAVED_MAX RLIM_INFINITY
#define RLIM_SAVED_CUR RLIM_INFINITY
#define RLIM_NLIMITS   K_RLIM_NLIMITS
#define RLIMIT_OFILE   RLIMIT_NOFILE
#define RLIMIT_LOCKS   10

#define PRIO_MIN (-20)
#define PRIO_MAX 20

struct rlimit {
    rlim_t rlim_cur;
    rlim_t rlim_max;
};

struct rusage {
    struct timeval ru_utime;
    struct timeval ru_stime;
    long ru_maxrss; // KB
    long ru_ixrss, ru_idrss, ru_isrss;
    long ru_minflt, ru_majflt, ru_nswap;
    long ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals;
    long ru_nvcsw, ru_nivcsw;
};

__BEGIN_DECLS
int getrlimit(int, struct rlimit *);
int setrlimit(int, const struct rlimit *);
int getrusage(int, struct rusage *);
int getpriority(int, id_t);
int setpriority(int, id_t, int);
__END_DECLS

#endif
