// SPDX-License-Identifier: BSD-2-Clause
// Runs of window pages: contiguous memory of any length, for shared mappings.
//
// A run starts at a bitmap word and takes whole words of it but for its last, word by word: still
// one atomic operation on one word at a time and no lock. A VM that dies in between leaks what it
// had taken. The search goes from the end of the pool down, away from where single pages come from.
//
// Runs may be large, and touching a page is dear, so one that nobody has used before is not
// cleared: the window began as zeros, and a bit per page in `stained` says which pages were ever
// given back. Neighbours: window.c (pages and the bitmap), shm.c (who wants runs).

#include <stdatomic.h>

#include "kernel/lib.h"
#include "kernel/window/window.h"

#define WORD_PAGES 64u

static uint64_t *word_of(struct wref bitmap, uint32_t w)
{
    return (uint64_t *)wref_ptr(bitmap) + w;
}

// The pages of a run of `count` that lie in its i-th word.
static uint64_t run_mask(uint32_t count, uint32_t i)
{
    uint32_t left = count - i * WORD_PAGES;
    return left >= WORD_PAGES ? UINT64_MAX : (UINT64_C(1) << left) - 1;
}

// All of the mask or nothing.
static int take_word(uint32_t w, uint64_t mask)
{
    uint64_t *word = word_of(window_core()->bitmap, w);
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
    do {
        if (old & mask)
            return 0;
        // Acquire pairs with the release of whoever freed the pages.
    } while (!__atomic_compare_exchange_n(word, &old, old | mask, 0, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return 1;
}

static void give_word(uint32_t w, uint64_t mask)
{
    // Release: our last stores to the pages come before another VM's first ones.
    __atomic_fetch_and(word_of(window_core()->bitmap, w), ~mask, __ATOMIC_RELEASE);
}

// Word by word; what was taken is given back when a later one is not free, so two VMs may fail
// where one of them would have fitted. They are asked again with the next word.
static int take_run(uint32_t first, uint32_t count)
{
    uint32_t words = (count + WORD_PAGES - 1) / WORD_PAGES;
    for (uint32_t i = 0; i < words; i++) {
        if (take_word(first + i, run_mask(count, i)))
            continue;
        while (i-- > 0)
            give_word(first + i, run_mask(count, i));
        return 0;
    }
    return 1;
}

void window_stain(uint32_t w, uint64_t mask)
{
    uint64_t *word = word_of(window_core()->stained, w);
    // Relaxed: the free that follows releases it. Looked at first, because it is set for good and
    // the same pages come and go.
    if ((__atomic_load_n(word, __ATOMIC_RELAXED) & mask) != mask)
        __atomic_fetch_or(word, mask, __ATOMIC_RELAXED);
}

static void clear_run(uint8_t *run, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t word = *word_of(window_core()->stained, first + i / WORD_PAGES);
        if (word >> i % WORD_PAGES & 1)
            memset(run + (size_t)i * WPAGE, 0, WPAGE);
    }
}

// From the pool's end, away from where most single pages are taken; begins at a whole word of the
// bitmap. Zeros.
void *window_run_alloc(uint32_t count)
{
    struct wcore *core = window_core();
    if (count == 0 || count > core->pool_pages)
        return NULL;
    uint32_t words = core->pool_pages / WORD_PAGES, need = (count + WORD_PAGES - 1) / WORD_PAGES;
    for (uint32_t w = words - need + 1; w-- > 0;) {
        if (!take_run(w, count))
            continue;
        uint8_t *run = (uint8_t *)wref_ptr(core->pool) + (uint64_t)w * WORD_PAGES * WPAGE;
        atomic_fetch_add_explicit(&core->pool_used, count, memory_order_relaxed);
        clear_run(run, w, count);
        return run;
    }
    return NULL;
}

void window_run_free(void *run, uint32_t count)
{
    struct wcore *core = window_core();
    uint64_t off = (uint64_t)((uint8_t *)run - (uint8_t *)wref_ptr(core->pool));
    uint32_t first = (uint32_t)(off / WPAGE / WORD_PAGES);
    for (uint32_t i = 0; i * WORD_PAGES < count; i++) {
        window_stain(first + i, run_mask(count, i));
        give_word(first + i, run_mask(count, i));
    }
    atomic_fetch_sub_explicit(&core->pool_used, count, memory_order_relaxed);
}
