// SPDX-License-Identifier: BSD-2-Clause
// One record lock (kernel/flock.c), in the table root.rlocks.
#ifndef RAMET_KERNEL_FLOCK_H
#define RAMET_KERNEL_FLOCK_H

#include <stdint.h>
#include "kernel/window.h"

struct rlock {
    uint32_t used; // 0 = free
    int32_t pid;   // owner
    struct wref inode;
    uint32_t type; // F_RDLCK or F_WRLCK
    uint64_t start, end; // bytes [start, end]
    uint64_t reserved[4];
};
_Static_assert(sizeof(struct rlock) == 64, "one cache line");

#endif
