// SPDX-License-Identifier: BSD-2-Clause
// The window's memory: layout, the page bitmap, and tables of equal objects.
//
// Everything here is changed by single atomic operations on one word, so there is no lock to die
// in: a VM that is killed between claiming and using something leaks that one thing. The window is
// a fresh memfd, all zeros, and a first touch of a page is dear, so formatting writes the root and
// nothing else.
// Neighbours: abi/window.h (the host's part), kernel/root.c (what is laid out), run.c,
// docs/window.md.

#include "kernel/window/window.h"

#include <stdatomic.h>

#include "kernel/api/errno.h"
#include "kernel/lib.h"
#include "kernel/window/lock.h"

#define ROOT_MAGIC UINT64_C(0x746f6f7274656d61) // "amteroot"

#define RUN_PAGES  16u // the one length of a contiguous run
#define WORD_PAGES 64u // pages per bitmap word
#define MIN_POOL   (64u * WPAGE)

// The bitmap word a VM starts its search at is its own: two VMs that allocate at once do not fight
// over one cache line, and what a VM frees it gets back first, still mapped in its page tables.
#define HINT_SPREAD 4u

uint8_t *window_base = (uint8_t *)PV_WINDOW_VA;

static struct wcore *core;
static uint32_t page_hint;      // bitmap word
static uint32_t page_hint_slot; // whose it is: a fork child starts afresh

// --- layout ---

// Takes `bytes` from *off, aligned up first. Returns where they are.
static uint64_t lay(uint64_t *off, uint64_t bytes, uint64_t align)
{
    uint64_t at = (*off + align - 1) & ~(align - 1);
    *off = at + bytes;
    return at;
}

// A wref counts units of 64 bytes, so 32 bits reach over 256 GB; ALIGN is at least 64.
struct wref window_lay(uint64_t *off, uint64_t bytes, uint64_t align)
{
    return (struct wref){(uint32_t)(lay(off, bytes, align) / 64)};
}

void window_lay_table(struct wtable *table, uint64_t *off, uint32_t size, uint32_t count)
{
    table->first = window_lay(off, (uint64_t)size * count, 64);
    table->size = size;
    table->count = count;
}

// SIZE is the kernel's root, which begins with the core that this file knows.
struct wroot *window_lay_root(uint64_t size, uint64_t *off)
{
    const struct window_header *header = window_header();
    struct wcore *c = (struct wcore *)(window_base + header->kernel_off);
    *off = header->kernel_off + size;
    c->bitmap = window_lay(off, header->size / WPAGE / 8, 64);
    c->stained = window_lay(off, header->size / WPAGE / 8, 64);
    return (struct wroot *)c;
}

int window_lay_pool(struct wroot *root, uint64_t off, uint32_t layout)
{
    const struct window_header *header = window_header();
    struct wcore *c = (struct wcore *)root;
    uint64_t pool = lay(&off, 0, RUN_PAGES * WPAGE);
    if (pool + MIN_POOL > header->size)
        return -ENOMEM;
    c->pool = (struct wref){(uint32_t)(pool / 64)};
    // Whole words of the bitmap only, so that no search has to mind an end inside a word.
    c->pool_pages = (uint32_t)((header->size - pool) / WPAGE / WORD_PAGES * WORD_PAGES);
    c->layout = layout;
    c->magic = ROOT_MAGIC;
    return window_open(layout);
}

// MAGIC is stored last when formatting: a family whose first program died in the middle of it has
// no window to attach to.
int window_open(uint32_t layout)
{
    const struct window_header *header = window_header();
    if (header->magic != WINDOW_MAGIC || header->kernel_off + sizeof *core > header->size)
        return -EINVAL;
    struct wcore *c = (struct wcore *)(window_base + header->kernel_off);
    if (c->magic != ROOT_MAGIC || c->layout != layout)
        return -EINVAL;
    core = c;
    page_hint_slot = 0;
    return 0;
}

struct wcore *window_core(void)
{
    return core;
}

struct wroot *window_root(void)
{
    return (struct wroot *)core;
}

// --- tables ---

// Not checked: an index from the window is compared with COUNT by whoever read it.
void *wtable_at(const struct wtable *table, uint32_t index)
{
    return (uint8_t *)wref_ptr(table->first) + (uint64_t)index * table->size;
}

uint32_t wtable_index(const struct wtable *table, const void *object)
{
    return (uint32_t)(((const uint8_t *)object - (uint8_t *)wref_ptr(table->first)) / table->size);
}

// TAG, not 0, marks the entry as taken and is its first word. It is stored by the claim itself, so
// two VMs cannot take the same entry. All else is zero.
void *wtable_claim(struct wtable *table, uint32_t tag)
{
    // Relaxed: the hint is only a hint. It stays at the lowest index that may be free, so that few
    // pages of the table are ever touched.
    uint32_t hint = __atomic_load_n(&table->hint, __ATOMIC_RELAXED);
    for (uint32_t n = 0; n < table->count; n++) {
        uint32_t i = (hint + n) % table->count;
        void *object = wtable_at(table, i);
        uint32_t free = 0;
        // Acquire pairs with the release in wtable_free(): the last user's stores come before our
        // zeroing.
        if (__atomic_load_n((uint32_t *)object, __ATOMIC_RELAXED) != 0 ||
            !__atomic_compare_exchange_n((uint32_t *)object, &free, tag, 0, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED))
            continue;
        memset((uint8_t *)object + sizeof tag, 0, table->size - sizeof tag);
        __atomic_store_n(&table->hint, i + 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&table->used, 1, __ATOMIC_RELAXED);
        return object;
    }
    return NULL;
}

void wtable_free(struct wtable *table, void *object)
{
    uint32_t i = wtable_index(table, object);
    // Release: all we did to the object is done before another VM can claim it.
    __atomic_store_n((uint32_t *)object, 0, __ATOMIC_RELEASE);
    __atomic_sub_fetch(&table->used, 1, __ATOMIC_RELAXED);
    if (i < __atomic_load_n(&table->hint, __ATOMIC_RELAXED))
        __atomic_store_n(&table->hint, i, __ATOMIC_RELAXED);
}

// --- pages ---

static uint64_t *bitmap_word(uint32_t w)
{
    return (uint64_t *)wref_ptr(core->bitmap) + w;
}

static void *page_at(uint32_t page)
{
    return (uint8_t *)wref_ptr(core->pool) + (uint64_t)page * WPAGE;
}

// The lowest `count` free pages of a bitmap word, as a mask; 0 if it has none.
static uint64_t word_find(uint64_t word, uint32_t count)
{
    if (count == 1)
        return ~word & (word + 1);
    for (uint32_t shift = 0; shift < WORD_PAGES; shift += RUN_PAGES)
        if ((word >> shift & 0xffff) == 0)
            return UINT64_C(0xffff) << shift;
    return 0;
}

// Takes pages from word w. Returns the first one's number, or -1.
// Again with the word as it is now whenever another VM was quicker; the loop ends, since each round
// means that somebody else got a page.
static int64_t word_take(uint32_t w, uint32_t count)
{
    uint64_t old = __atomic_load_n(bitmap_word(w), __ATOMIC_RELAXED);
    for (;;) {
        uint64_t mask = word_find(old, count);
        if (!mask)
            return -1;
        // Acquire pairs with the release in window_pages_free().
        if (__atomic_compare_exchange_n(bitmap_word(w), &old, old | mask, 0, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return (int64_t)w * WORD_PAGES + __builtin_ctzll(mask);
    }
}

static uint32_t hint_here(uint32_t words)
{
    uint32_t slot = lock_self_slot();
    if (slot != page_hint_slot) {
        page_hint_slot = slot;
        page_hint = slot * HINT_SPREAD;
    }
    return page_hint % words;
}

// What the pages hold is what their last user left: for callers who write all of it before others
// can see it.
void *window_pages_alloc_raw(uint32_t count)
{
    uint32_t words = core->pool_pages / WORD_PAGES;
    if (count != 1 && count != RUN_PAGES)
        return NULL;
    uint32_t hint = hint_here(words);
    for (uint32_t n = 0; n < words; n++) {
        uint32_t w = (hint + n) % words;
        int64_t page = word_take(w, count);
        if (page < 0)
            continue;
        page_hint = w;
        atomic_fetch_add_explicit(&core->pool_used, count, memory_order_relaxed);
        return page_at((uint32_t)page);
    }
    return NULL;
}

void *window_pages_alloc(uint32_t count)
{
    void *pages = window_pages_alloc_raw(count);
    if (pages)
        memset(pages, 0, (size_t)count * WPAGE);
    return pages;
}

// Nobody may have a pointer into them any more. Freeing twice is a bug of ours that would hand a
// page to two files, so it ends the VM at once.
void window_pages_free(void *pages, uint32_t count)
{
    uint32_t page = (uint32_t)(((uint8_t *)pages - (uint8_t *)wref_ptr(core->pool)) / WPAGE);
    uint64_t mask = (count == 1 ? UINT64_C(1) : UINT64_C(0xffff)) << page % WORD_PAGES;
    uint32_t w = page / WORD_PAGES;
    window_stain(w, mask);
    // Release: our last stores to the pages come before another VM's first ones.
    uint64_t old = __atomic_fetch_and(bitmap_word(w), ~mask, __ATOMIC_RELEASE);
    if ((old & mask) != mask)
        panic("window: page %u freed twice", page);
    atomic_fetch_sub_explicit(&core->pool_used, count, memory_order_relaxed);
    page_hint = w;
}

uint32_t window_pages_used(void)
{
    return atomic_load_explicit(&core->pool_used, memory_order_relaxed);
}

uint32_t window_pages_total(void)
{
    return core->pool_pages;
}
