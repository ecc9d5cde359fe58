// SPDX-License-Identifier: BSD-2-Clause
// The window's memory: layout, the page bitmap, and tables of equal objects.
//
// Everything here is changed by single atomic operations on one word, so there is no lock to die
// in: a VM that is killed between claiming and using something leaks that one thing. The window is
// a fresh memfd, all zeros, and a first touch of a page is dear, so formatting writes the root and
// nothing else.
// Neighbours: abi/window.h (the host's part), kernel/window/root.h (what the root holds),
// docs/window.md.

#include "kernel/window/window.h"

#include <stdatomic.h>

#include "kernel/api/errno.h"
#include "kernel/file/file.h"
#include "kernel/file/record_lock.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/window/lock.h"
#include "kernel/ipc/pipe.h"
#include "kernel/proc/proc.h"
#include "kernel/window/root.h"
#include "kernel/mem/shared.h"
#include "kernel/signal/signal.h"

#define ROOT_MAGIC  UINT64_C(0x746f6f7274656d61) // "amteroot"
#define ROOT_LAYOUT 4u                           // count up when a structure of the window changes

#define RUN_PAGES  16u // the one length of a contiguous run
#define WORD_PAGES 64u // pages per bitmap word
#define MIN_FILES  1024u
#define MIN_PIPES  256u
#define RLOCKS     1024u // record locks of the family
#define SEGMENTS   1024u // shared anonymous mappings
#define MIN_POOL   (64u * WPAGE)

// The bitmap word a VM starts its search at is its own: two VMs that allocate at once do not fight
// over one cache line, and what a VM frees it gets back first, still mapped in its page tables.
#define HINT_SPREAD 4u

uint8_t *window_base = (uint8_t *)PV_WINDOW_VA;

static struct wroot *root;
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

static struct wref ref_at(uint64_t off)
{
    return (struct wref){(uint32_t)(off / 64)};
}

static void lay_table(struct wtable *table, uint64_t *off, uint32_t size, uint32_t count)
{
    table->first = ref_at(lay(off, (uint64_t)size * count, 64));
    table->size = size;
    table->count = count;
}

static uint32_t at_least(uint64_t n, uint32_t least)
{
    return n < least ? least : (uint32_t)n;
}

int window_format(void)
{
    const struct window_header *header = window_header();
    struct wroot *r = (struct wroot *)(window_base + header->kernel_off);
    uint64_t off = header->kernel_off + sizeof *r;
    uint32_t slots = header->max_slots;

    // Tables by how often they are touched; the page pool last, on a 64 KB boundary. What an index
    // or bitmap begins with is all of it that a small family touches.
    r->inodes =
        (struct wslab){.size = sizeof(struct inode), .max_pages = (uint32_t)(header->size / WPAGE)};
    r->inodes.index = ref_at(lay(&off, header->size / WPAGE * sizeof(uint64_t), 64));
    uint64_t bitmap = lay(&off, header->size / WPAGE / 8, 64);
    uint64_t stained = lay(&off, header->size / WPAGE / 8, 64);
    lay_table(&r->files, &off, sizeof(struct file), at_least(8ull * slots, MIN_FILES));
    lay_table(&r->pipes, &off, sizeof(struct pipe), at_least(2ull * slots, MIN_PIPES));
    // Up to here all of a default family fits into the window's first 2 MB, one huge page.
    uint64_t procs = lay(&off, sizeof(struct proc) * (uint64_t)(slots + 1), WPAGE);
    lay_table(&r->rlocks, &off, sizeof(struct rlock), RLOCKS);
    lay_table(&r->segments, &off, sizeof(struct shm_segment), SEGMENTS);
    lay_table(&r->sig_records, &off, sizeof(struct sig_record), SIG_RECORDS);
    uint64_t pool = lay(&off, 0, RUN_PAGES * WPAGE);
    if (pool + MIN_POOL > header->size)
        return -ENOMEM;

    r->bitmap = ref_at(bitmap);
    r->stained = ref_at(stained);
    r->procs = ref_at(procs);
    r->pool = ref_at(pool);
    // Whole words of the bitmap only, so that no search has to mind an end inside a word.
    r->pool_pages = (uint32_t)((header->size - pool) / WPAGE / WORD_PAGES * WORD_PAGES);
    r->next_ino = 1;
    r->layout = ROOT_LAYOUT;
    r->magic = ROOT_MAGIC;
    return window_attach();
}

int window_attach(void)
{
    const struct window_header *header = window_header();
    if (header->magic != WINDOW_MAGIC || header->kernel_off + sizeof *root > header->size)
        return -EINVAL;
    struct wroot *r = (struct wroot *)(window_base + header->kernel_off);
    if (r->magic != ROOT_MAGIC || r->layout != ROOT_LAYOUT)
        return -EINVAL;
    root = r;
    page_hint_slot = 0;
    return 0;
}

struct wroot *window_root(void)
{
    return root;
}

// --- tables ---

void *wtable_at(const struct wtable *table, uint32_t index)
{
    return (uint8_t *)wref_ptr(table->first) + (uint64_t)index * table->size;
}

uint32_t wtable_index(const struct wtable *table, const void *object)
{
    return (uint32_t)(((const uint8_t *)object - (uint8_t *)wref_ptr(table->first)) / table->size);
}

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
    return (uint64_t *)wref_ptr(root->bitmap) + w;
}

static void *page_at(uint32_t page)
{
    return (uint8_t *)wref_ptr(root->pool) + (uint64_t)page * WPAGE;
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

void *window_pages_alloc_raw(uint32_t count)
{
    uint32_t words = root->pool_pages / WORD_PAGES;
    if (count != 1 && count != RUN_PAGES)
        return NULL;
    uint32_t hint = hint_here(words);
    for (uint32_t n = 0; n < words; n++) {
        uint32_t w = (hint + n) % words;
        int64_t page = word_take(w, count);
        if (page < 0)
            continue;
        page_hint = w;
        atomic_fetch_add_explicit(&root->pool_used, count, memory_order_relaxed);
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

void window_pages_free(void *pages, uint32_t count)
{
    uint32_t page = (uint32_t)(((uint8_t *)pages - (uint8_t *)wref_ptr(root->pool)) / WPAGE);
    uint64_t mask = (count == 1 ? UINT64_C(1) : UINT64_C(0xffff)) << page % WORD_PAGES;
    uint32_t w = page / WORD_PAGES;
    window_stain(w, mask);
    // Release: our last stores to the pages come before another VM's first ones.
    uint64_t old = __atomic_fetch_and(bitmap_word(w), ~mask, __ATOMIC_RELEASE);
    if ((old & mask) != mask)
        panic("window: page %u freed twice", page);
    atomic_fetch_sub_explicit(&root->pool_used, count, memory_order_relaxed);
    page_hint = w;
}

uint32_t window_pages_used(void)
{
    return atomic_load_explicit(&root->pool_used, memory_order_relaxed);
}

uint32_t window_pages_total(void)
{
    return root->pool_pages;
}
