// SPDX-License-Identifier: BSD-2-Clause
// sysinfo(): Linux's layout, filled by libc-glue/process/system.c from what the kernel knows.
#ifndef _SYS_SYSINFO_H
#define _SYS_SYSINFO_H

#include <sys/cdefs.h>

struct sysinfo {
    long uptime; // seconds
    unsigned long loads[3];
    unsigned long totalram, freeram, sharedram, bufferram, totalswap, freeswap; // of mem_unit bytes
    unsigned short procs, pad;
    unsigned long totalhigh, freehigh;
    unsigned mem_unit;
};

__BEGIN_DECLS
int sysinfo(struct sysinfo *);
int get_nprocs(void);
int get_nprocs_conf(void);
__END_DECLS

#endif
