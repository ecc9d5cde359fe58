// SPDX-License-Identifier: BSD-2-Clause
// newlib's <sched.h> with sched_yield() and Linux's processor sets. One VM has one processor; the
// affinity calls tell how many the machine offers the family.
#ifndef _RAMET_SCHED_H
#define _RAMET_SCHED_H

#include_next <sched.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define CPU_SETSIZE 1024
typedef struct {
    unsigned long __bits[CPU_SETSIZE / 64];
} cpu_set_t;

#define CPU_ZERO(set)     __builtin_memset((set), 0, sizeof(cpu_set_t))
#define CPU_SET(n, set)   ((set)->__bits[(n) / 64] |= 1UL << ((n) % 64))
#define CPU_CLR(n, set)   ((set)->__bits[(n) / 64] &= ~(1UL << ((n) % 64)))
#define CPU_ISSET(n, set) (((set)->__bits[(n) / 64] >> ((n) % 64)) & 1)
#define CPU_COUNT(set)    __sched_cpucount(sizeof(cpu_set_t), (set))

__BEGIN_DECLS
int sched_yield(void);
int sched_getcpu(void);
int sched_getaffinity(pid_t, size_t, cpu_set_t *);
int sched_setaffinity(pid_t, size_t, const cpu_set_t *);
int __sched_cpucount(size_t, const cpu_set_t *);
__END_DECLS

#endif
