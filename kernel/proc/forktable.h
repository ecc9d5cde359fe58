// SPDX-License-Identifier: BSD-2-Clause
// What each subsystem does at fork: the one table (kernel/proc/forktable.c).
#ifndef RAMET_KERNEL_FORKTABLE_H
#define RAMET_KERNEL_FORKTABLE_H

#include <stdint.h>

struct proc;

// NULL members do nothing. prepare runs in the parent, in table order, and may refuse (-errno
// undoes the ones before by their `parent`); parent and child run in reverse order after the clone,
// on the two sides.
struct fork_hook {
    const char *name;
    int (*prepare)(struct proc *child);
    void (*parent)(struct proc *child, int failed);
    void (*child)(void);
};

extern const struct fork_hook fork_table[];
extern const uint32_t fork_table_len;

#endif
