// SPDX-License-Identifier: BSD-2-Clause
// What ring 3's memory is: a list of regions whose pages are made when they are touched.
#ifndef SHIM_REGIONS_H
#define SHIM_REGIONS_H

#include <stdint.h>

enum region_kind {
    REGION_ZERO,   // private pages of zeros
    REGION_COPY,   // private copies of physical memory at `source`, zeros from `source_end` on
    REGION_DIRECT, // physical memory at `source` itself
};

struct region {
    uint64_t start, end; // whole pages
    uint64_t source;     // physical address of `start`, page-aligned
    uint64_t source_end; // REGION_COPY: virtual address where the copied bytes end
    uint32_t kind;       // enum region_kind
    uint32_t rights;     // PV_RIGHT_*
};

// Adds a region that overlaps no other.
void regions_add(const struct region *r);
// Forgets all below `end` and gives their private pages back.
void regions_drop(uint64_t end);

// A page fault at `va`. 1: the page is there now; 0: not allowed. Panics without memory: there are
// as many frames as regions have pages.
int regions_fault(uint64_t va, uint32_t error);

// Whether ring 3 may access all of [va, va + len): no pages are made.
int regions_allow(uint64_t va, uint64_t len, int write);

// Writes into regions that are not REGION_DIRECT, whatever rights ring 3 has there.
void regions_fill(uint64_t va, const void *from, uint64_t len);

// PV_CALL_RELEASE and PV_CALL_PROTECT, with their errors.
int64_t regions_release(uint64_t va, uint64_t len);
int64_t regions_protect(uint64_t va, uint64_t len, uint32_t rights);

#endif
