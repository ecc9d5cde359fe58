// SPDX-License-Identifier: BSD-2-Clause
// Slabs: equal objects in pages that come from the pool one by one and go back to it.
//
// The index has a 64-bit word for each page: where the page is (a wref) above a bit for each of its
// objects. Claiming and freeing an object, entering a page and taking an empty one out are each one
// compare-and-exchange of that word, so a page cannot go while somebody claims in it, and a VM that
// dies in between leaks an object or a page and nothing else. A page's first 128 bytes say which
// word is its own.
// Neighbours: window.c (the pages), fs/inode.c (the one user so far).

#include "kernel/lib.h"
#include "kernel/window/window.h"

struct slab_page {
    uint32_t number; // in the index
};

static uint64_t *index_word(const struct wslab *slab, uint32_t i)
{
    return (uint64_t *)wref_ptr(slab->index) + i;
}

static uint8_t *word_page(uint64_t word)
{
    return wref_ptr((struct wref){(uint32_t)(word >> 32)});
}

// The first object's place is the page's own; 32 is what the bits of a word hold.
static uint32_t per_page(const struct wslab *slab)
{
    return (uint32_t)min_u64(WPAGE / slab->size - 1, 32);
}

// All objects of a page, as bits of its word.
static uint32_t full(const struct wslab *slab)
{
    return (uint32_t)((UINT64_C(1) << per_page(slab)) - 1);
}

static struct slab_page *page_of(const void *object)
{
    return (struct slab_page *)((uintptr_t)object & ~(uintptr_t)(WPAGE - 1));
}

static uint8_t *object_at(const struct wslab *slab, uint64_t word, uint32_t bit)
{
    return word_page(word) + (uint64_t)(bit + 1) * slab->size;
}

static int exchange(uint64_t *word, uint64_t *old, uint64_t new)
{
    // Acquire for the page and what the last user of an object left in it, release for what we did.
    return __atomic_compare_exchange_n(word, old, new, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

// Takes an object of the i-th page. NULL: none is free, or no page there.
static void *take_from(struct wslab *slab, uint32_t i)
{
    uint64_t *word = index_word(slab, i);
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
    while (old) {
        uint32_t free = ~(uint32_t)old & full(slab);
        if (!free)
            return NULL;
        uint32_t bit = (uint32_t)__builtin_ctz(free);
        if (exchange(word, &old, old | UINT64_C(1) << bit))
            return object_at(slab, old, bit);
    }
    return NULL;
}

// Enters a new page in an empty word at or behind `from`, its first object taken. NULL: the window
// is full.
static void *take_new(struct wslab *slab, uint32_t from)
{
    struct slab_page *page = window_pages_alloc_raw(1);
    if (!page)
        return NULL;
    uint64_t new = (uint64_t)wref_of(page).unit << 32 | 1;
    for (uint32_t i = from; i < slab->max_pages; i++) {
        uint64_t *word = index_word(slab, i), empty = 0;
        page->number = i;
        if (__atomic_load_n(word, __ATOMIC_RELAXED) || !exchange(word, &empty, new))
            continue;
        uint32_t top = __atomic_load_n(&slab->top, __ATOMIC_RELAXED);
        while (top <= i && !__atomic_compare_exchange_n(&slab->top, &top, i + 1, 0,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            ;
        __atomic_add_fetch(&slab->pages, 1, __ATOMIC_RELAXED);
        return object_at(slab, new, 0);
    }
    window_pages_free(page, 1);
    return NULL;
}

// TAG is what the object's first word holds from now on, never 0: who looks at all objects of a
// page sees by it which are in use. NULL when neither an object nor a page is left.
void *wslab_claim(struct wslab *slab, uint32_t tag)
{
    uint32_t top = __atomic_load_n(&slab->top, __ATOMIC_RELAXED);
    uint32_t hint = __atomic_load_n(&slab->hint, __ATOMIC_RELAXED);
    void *object = NULL;
    // Relaxed: the hint is only a hint; two VMs may leave it too high, so all is searched.
    for (uint32_t n = 0; !object && n < top; n++)
        object = take_from(slab, (hint + n) % top);
    if (!object)
        object = take_new(slab, 0);
    if (!object)
        return NULL;
    __atomic_store_n(&slab->hint, page_of(object)->number, __ATOMIC_RELAXED);
    __atomic_add_fetch(&slab->used, 1, __ATOMIC_RELAXED);
    memset(object, 0, slab->size);
    __atomic_store_n((uint32_t *)object, tag, __ATOMIC_RELAXED);
    return object;
}

// The first word is cleared before the bit: once the bit is free the object may be another's, and
// its word with it.
void wslab_free(struct wslab *slab, void *object)
{
    uint32_t i = page_of(object)->number;
    uint64_t *word = index_word(slab, i);
    uint64_t bit = UINT64_C(1) << (wslab_number(slab, object) % per_page(slab));
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
    __atomic_store_n((uint32_t *)object, 0, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&slab->used, 1, __ATOMIC_RELAXED);
    while (!exchange(word, &old, old & ~bit))
        ;
    if (i < __atomic_load_n(&slab->hint, __ATOMIC_RELAXED))
        __atomic_store_n(&slab->hint, i, __ATOMIC_RELAXED);
    uint64_t empty = old & ~bit;
    // Somebody may claim in it at this moment: then the word is another and the page stays.
    if ((uint32_t)empty == 0 && exchange(word, &empty, 0)) {
        __atomic_sub_fetch(&slab->pages, 1, __ATOMIC_RELAXED);
        window_pages_free(word_page(empty), 1);
    }
}

// An object by its number, whether or not it is in use; NULL where no page is. The caller must know
// why the page stays.
void *wslab_at(const struct wslab *slab, uint32_t number)
{
    uint32_t i = number / per_page(slab);
    uint64_t word = i < slab->max_pages ? *index_word(slab, i) : 0;
    return word ? object_at(slab, word, number % per_page(slab)) : NULL;
}

uint32_t wslab_number(const struct wslab *slab, const void *object)
{
    const struct slab_page *page = page_of(object);
    uint32_t place = (uint32_t)((uintptr_t)object - (uintptr_t)page) / slab->size;
    return page->number * per_page(slab) + place - 1;
}

// For statfs() only: the words are read one after the other, and the sum may be a little off.
uint64_t wslab_room(const struct wslab *slab)
{
    uint64_t pages = window_pages_total() - window_pages_used();
    uint64_t all = (pages + __atomic_load_n(&slab->pages, __ATOMIC_RELAXED)) * per_page(slab);
    return all - min_u64(all, __atomic_load_n(&slab->used, __ATOMIC_RELAXED));
}
