// SPDX-License-Identifier: BSD-2-Clause
// Page frames: taken from the usable ranges in ascending order, so that neighbours in time are
// neighbours in memory, then from those given back. What was never handed out is counted, not
// listed: boot costs the same for any amount of memory.

#include "abi/pv.h"
#include "abi/x86.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/phys.h"
#include "arch/x86_64/shim/mem/space.h"

#define LOW  (UINT64_C(4) << 30)          // what boot.S has mapped
#define MOST (PV_RAM_MAX + PV_WINDOW_MAX) // more than a program can use (main.c)

static struct boot_range ranges[BOOT_RANGES];
static uint32_t nranges, current;
static uint64_t left, freed; // `freed`: head of a list through the free frames
static int ranges_zero;

// FRESH: memory reads as zero, since nobody has used this machine before us; else frames are
// cleared when they are handed out.
void frames_init(const struct boot *b, int fresh)
{
    ranges_zero = fresh;
    // No more than a program can use: to map and count the rest would take time and page tables for
    // nothing.
    for (uint32_t i = 0; i < b->nusable && left < MOST / X86_PAGE; i++) {
        struct boot_range r = b->usable[i];
        if (r.start >= r.end)
            continue;
        r.end = r.start + min_u64(r.end - r.start, MOST - left * X86_PAGE);
        ranges[nranges++] = r;
        left += (r.end - r.start) / X86_PAGE;
    }
    // Now, while the frames for its tables are low ones.
    for (uint32_t i = 0; i < nranges; i++)
        if (ranges[i].start >= LOW)
            phys_map(ranges[i].start, ranges[i].end - ranges[i].start);
}

// Memory only, in ring 0's mapping of all of it; device registers go by device_map().
void *phys_map(uint64_t pa, uint64_t len)
{
    for (uint64_t at = pa & ~(X86_PAGE_2M - 1); at < pa + len; at += X86_PAGE_2M)
        if (at >= LOW)
            space_map_2m(SHIM_DIRECT + at, at | X86_PTE_P | X86_PTE_W | X86_PTE_A | X86_PTE_D);
    return phys(pa);
}

// 0: there is none. No frame has that address; page 0 is reserved (boot_parse()).
static uint64_t take_fresh(void)
{
    while (current < nranges && ranges[current].start == ranges[current].end)
        current++;
    if (current == nranges)
        return 0;
    uint64_t pa = ranges[current].start;
    ranges[current].start += X86_PAGE;
    return pa;
}

// A frame that was given back holds a list pointer and old data, so it is always cleared.
uint64_t frame_alloc(void)
{
    uint64_t pa = freed;
    if (pa) {
        freed = *(uint64_t *)phys(pa);
        memset(phys(pa), 0, X86_PAGE);
    } else {
        pa = take_fresh();
        if (!pa)
            return 0;
        if (!ranges_zero)
            memset(phys(pa), 0, X86_PAGE);
    }
    left--;
    return pa;
}

// What is in it is lost at once: the list runs through the frames themselves.
void frame_free(uint64_t pa)
{
    *(uint64_t *)phys(pa) = freed;
    freed = pa;
    left++;
}

uint64_t frames_left(void)
{
    return left;
}
