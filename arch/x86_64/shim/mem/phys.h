// SPDX-License-Identifier: BSD-2-Clause
// Physical memory as ring 0 sees it, and page frames.
#ifndef SHIM_PHYS_H
#define SHIM_PHYS_H

#include <stdint.h>

#include "arch/x86_64/shim/boot/bootinfo.h"
#include "arch/x86_64/shim/layout.h"

// A physical address below 4 GB, or one that phys_map() or frames_init() has mapped.
static inline void *phys(uint64_t pa)
{
    return (void *)(pa + SHIM_DIRECT);
}

// Maps [pa, pa + len), wherever it is, and returns phys(pa).
void *phys_map(uint64_t pa, uint64_t len);

// Gives the allocator the usable ranges. `fresh`: they are all zero.
void frames_init(const struct boot *b, int fresh);
// A 4 KB page of zeros by its physical address; 0 when there are none left.
uint64_t frame_alloc(void);
void frame_free(uint64_t pa);
// Pages that frame_alloc() can still give.
uint64_t frames_left(void);

#endif
