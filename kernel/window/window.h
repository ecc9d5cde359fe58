// SPDX-License-Identifier: BSD-2-Clause
// The window: what POSIX shares between processes, shared between VMs.
//
// Objects in it hold fixed-width fields and wrefs, never pointers, and never function addresses:
// two programs of a family are different images. Memory is 4 KB pages from a bitmap that is changed
// by atomic operations only, so a VM that dies in the allocator leaks a page at worst. Objects of
// fixed size live in tables (struct wtable), claimed and freed the same way.
// Neighbours: abi/window.h (the host's part), kernel/window/lock.h, kernel/window/waitq.h,
// kernel/proc/proc.h, kernel/file/file.h.
#ifndef RAMET_KERNEL_WINDOW_H
#define RAMET_KERNEL_WINDOW_H

#include <stddef.h>
#include <stdint.h>
#include "abi/pv.h"
#include "abi/window.h"

#define WPAGE 4096u

// A reference to something in the window: its offset in units of 64 bytes. 0 refers to nothing.
struct wref {
    uint32_t unit;
};

// Where the window is mapped in this VM (PV_WINDOW_VA; anywhere in a unit test).
extern uint8_t *window_base;

static inline struct window_header *window_header(void)
{
    return (struct window_header *)window_base;
}

static inline struct window_door *window_door(uint32_t slot)
{
    return (struct window_door *)(window_base + window_header()->doors_off) + slot;
}

static inline struct window_tty *window_tty(void)
{
    return (struct window_tty *)(window_base + window_header()->tty_off);
}

static inline void *wref_ptr(struct wref ref)
{
    return ref.unit ? window_base + (uint64_t)ref.unit * 64 : NULL;
}

static inline struct wref wref_of(const void *p)
{
    return (struct wref){p ? (uint32_t)(((const uint8_t *)p - window_base) / 64) : 0};
}

// A table of equal objects, each starting with a 32-bit word that is 0 when free.
struct wtable {
    struct wref first;
    uint32_t size;  // bytes of one object, a multiple of 64
    uint32_t count; // objects in the table
    uint32_t used;  // atomic
    uint32_t hint;  // atomic: where to look next
};

// Equal objects in pages of the pool: as many as there is room for. Each page has a header and then
// its objects; the index says of every page which of them are in use (kernel/window/slab.c).
struct wslab {
    struct wref index;  // uint64_t per page: where it is and a bit per object, in one word
    uint32_t size;      // bytes of one object, a multiple of 64 and at least 128
    uint32_t max_pages; // length of the index
    uint32_t used;      // atomic: objects
    uint32_t pages;     // atomic: that hold them
    uint32_t top;       // atomic: the index is 0 from here on
    uint32_t hint;      // atomic: no free object is below
};

// The kernel's part of the window starts with this, at kernel_off: pages and waits. The rest of it
// is of no concern here (struct wroot, kernel/root.h).
struct wcore {
    uint64_t magic;
    uint32_t
        layout; // version of the structures in the window; every program of a family must agree
    uint32_t pad;
    struct wref bitmap;  // one bit per page of the pool
    struct wref pool;    // first page
    struct wref stained; // one bit per page: was used and given back, so may not be zero
    uint32_t pool_pages;
    _Atomic uint32_t pool_used;
    uint32_t reserved;
    // Slots with a VM asleep, or about to be, in wait_for(): bit (slot % 64) of word (slot / 64).
    _Atomic uint64_t waiting[PV_MAX_SLOTS / 64 + 1];
};
struct wroot;

// Formatting, in this order: the root of that size, with the pool's bitmaps behind it; tables and
// other places, each from *off on; and the pool in all that is left. -ENOMEM: too little is.
struct wroot *window_lay_root(uint64_t size, uint64_t *off);
struct wref window_lay(uint64_t *off, uint64_t bytes, uint64_t align);
void window_lay_table(struct wtable *table, uint64_t *off, uint32_t size, uint32_t count);
int window_lay_pool(struct wroot *root, uint64_t off, uint32_t layout);
// Finds a window that was formatted with this layout. 0 or -EINVAL.
int window_open(uint32_t layout);

struct wcore *window_core(void);
struct wroot *window_root(void);

// Claims a free object, zeroed but for its first word, which becomes `tag` (not 0). NULL: table
// full.
void *wtable_claim(struct wtable *table, uint32_t tag);
// Frees an object: its first word becomes 0, last.
void wtable_free(struct wtable *table, void *object);
void *wtable_at(const struct wtable *table, uint32_t index);
uint32_t wtable_index(const struct wtable *table, const void *object);

// The same for a slab, which takes a page more when all it has are full (NULL: the window is full)
// and gives back a page when its last object is freed.
void *wslab_claim(struct wslab *slab, uint32_t tag);
void wslab_free(struct wslab *slab, void *object);
// Objects are numbered by their places: a slab that nothing was freed from has used them in order.
// NULL: no page there.
void *wslab_at(const struct wslab *slab, uint32_t number);
uint32_t wslab_number(const struct wslab *slab, const void *object);
// Objects that there is room for, in its pages and in the pool's free ones.
uint64_t wslab_room(const struct wslab *slab);

// Zeroed pages. window_pages_alloc(16) gives 16 contiguous ones; other counts than 1 and 16 are
// refused. NULL: window full. Never blocks.
void *window_pages_alloc(uint32_t count);
// The same with whatever the last user left in them: for pipe rings and pages about to be
// overwritten.
void *window_pages_alloc_raw(uint32_t count);
void window_pages_free(void *pages, uint32_t count);
// Contiguous pages, any number, zeroed (kernel/window/run.c). NULL: no such run is free.
void *window_run_alloc(uint32_t count);
void window_run_free(void *run, uint32_t count);
// Between the two files: notes that pages of a bitmap word are no longer as the host made them.
void window_stain(uint32_t word, uint64_t mask);
uint32_t window_pages_used(void);
uint32_t window_pages_total(void);

#endif
