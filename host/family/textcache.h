// SPDX-License-Identifier: BSD-2-Clause
// The text cache: what a program never writes, on host huge pages, shared by the family.
//
// A first touch of guest memory is dear where KVM shadows page tables (some 30 us), and text mapped
// from the image file takes one per page. So when a program starts for the second time in a family,
// the supervisor copies its read-only segments into a memfd of 2 MB pages, and VMs started or
// cloned from then on map them from there: one touch for all of a small program. The guest sees its
// addresses unchanged; only the page tables know. Neighbours: supervisor.c (loads), platform.c
// (maps), load.c and call/process.c (ask).
#ifndef HOST_TEXTCACHE_H
#define HOST_TEXTCACHE_H

#include <stdatomic.h>
#include <stdint.h>

#include "host/image/elf.h"

#define TEXTCACHE_PAGES 8u // of 2 MB, for all programs of a family
#define TEXTCACHE_SIZE  (TEXTCACHE_PAGES * UINT64_C(0x200000))
#define TEXTCACHE_UNITS 8u // of 2 MB of addresses, for one program

// How a program's read-only segments lie in cache pages: each 2 MB of addresses is one entry.
// Segments whose bytes do not collide within 2 MB share a page (the linker script sees to that).
struct textcache_plan {
    uint32_t pages; // cache pages needed; 0: not cacheable (too large, no read-only segment, or one
                    // that shares 2 MB of addresses with a writable one)
    uint32_t n;
    struct {
        uint64_t va;    // 2 MB aligned
        uint32_t page;  // 0..pages-1
        uint32_t flags; // IMAGE_SEG_*
    } unit[TEXTCACHE_UNITS];
};

struct textcache {
    uint32_t used;          // supervisor: pages given out
    _Atomic uint32_t *uses; // shared, one per program of the image
    // Read-write in the supervisor, read-only in monitors: one that its guest has taken over must
    // not choose what its siblings' guests execute.
    uint8_t *map;
    _Atomic uint32_t *first_page; // one per program, + 1; 0: not in the cache
    uint64_t table;               // bytes of this array
};

// Makes an empty cache for the programs of an image, in a memfd of `size` bytes, TEXTCACHE_SIZE or
// more, mapped at `at`, which is reserved. The memfd's descriptor, the caller's to close, or
// -errno.
int textcache_init(struct textcache *cache, uint8_t *at, uint64_t size, uint32_t programs);

// In a monitor, before it runs a guest: the cache cannot be written any more. 0 or -errno.
int textcache_protect(const struct textcache *cache);

// The layout of a program's read-only parts; a function of its segments only.
void textcache_plan(const struct elf_program *program, struct textcache_plan *plan);

// Counts a start or clone of a program. 1 if the supervisor should now load it.
int textcache_use(const struct textcache *cache, uint32_t program);

// Supervisor: copies a program in from the image file and publishes it. Does nothing when it is
// there, does not fit, or the host has no huge page to spare.
void textcache_load(struct textcache *cache, uint32_t program, const struct elf_program *elf,
                    int fd);

// The first page of a program in the cache, or -1.
static inline int64_t textcache_find(const struct textcache *cache, uint32_t program)
{
    return (int64_t)atomic_load_explicit(&cache->first_page[program], memory_order_acquire) - 1;
}

#endif
