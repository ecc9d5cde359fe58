// SPDX-License-Identifier: BSD-2-Clause
// Which pages of its RAM this process has written since it last called fork(2), as the host's
// kernel tells it: nothing is written or flushed to find out, and the guest takes no fault for it.
//
// fork(2) makes every private page shared. A write gives the writer a page of its own, which nobody
// else maps: so the pages that are mapped by this process alone are those that have been written
// since. Some of those may not have been (the other process wrote them first), none is missing,
// provided that the last fork(2) that copied RAM is the one meant.
#ifndef HOST_DIRTY_H
#define HOST_DIRTY_H

#include <stdint.h>
#include <sys/ioctl.h>

#include "host/kvm/vm.h"

// PAGEMAP_SCAN of linux/fs.h (Linux 6.7): the headers may be older than the kernel. Its argument is
// in dirty.c.
#define DIRTY_SCAN _IOWR('f', 16, char[96])

// Bits of an entry of the pagemap (Documentation/admin-guide/mm/pagemap.rst).
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62) // or on the move: nobody says whose
#define PAGEMAP_FILE    (UINT64_C(1) << 61) // not private memory
#define PAGEMAP_ALONE   (UINT64_C(1) << 56) // mapped by this process only

// A part of RAM: guest-physical addresses.
struct dirty_range {
    uint64_t start, end;
};

// Where this process has private memory in RAM, written or not, in at most `max` ranges; what is
// beyond them is left out. How many, or -errno as below.
int dirty_private(const struct vm *vm, int pagemap, struct dirty_range *ranges, unsigned max);

// Guest-physical addresses of such pages into pages[], ascending. `pagemap` is this process'
// /proc/PID/pagemap. How many; -E2BIG when there are more than `max`; -errno, among them -ENOTTY
// where the host cannot tell (Linux before 6.7).
int dirty_pages(const struct vm *vm, int pagemap, uint64_t *pages, unsigned max);

#endif
