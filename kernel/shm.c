// SPDX-License-Identifier: BSD-2-Clause
// Shared anonymous memory: segments in the window, and who maps which part of them.
//
// A process's mappings are in its entry, struct proc.maps, so that whoever buries it can drop them. An
// entry's `segment` is set last and cleared first: a VM that dies in between leaks a reference and
// breaks nothing. Pages of a segment are freed together, when no entry holds any part of it.
// Neighbours: window_run.c (the pages), mem.c (mmap), proc.c (fork), exit.c.

#include "kernel/shm.h"
#include "kernel/api/errno.h"
#include "kernel/proc.h"
#include "kernel/root.h"

#define DYING 0x80000000u // in refs while the last user cleans up: neither free nor usable

static struct shm_segment *segment_of(uint32_t index)
{
    return wtable_at(&window_root()->segments, index - 1);
}

static void segment_ref(uint32_t index)
{
    // Relaxed: who takes another reference has one.
    __atomic_add_fetch(&segment_of(index)->refs, 1, __ATOMIC_RELAXED);
}

static void segment_unref(uint32_t index)
{
    struct shm_segment *s = segment_of(index);
    uint32_t old = __atomic_load_n(&s->refs, __ATOMIC_RELAXED), new;
    do {
        new = old == 1 ? DYING : old - 1;
        // Release for our stores to the pages, acquire for those of who was here before the last.
    } while (!__atomic_compare_exchange_n(&s->refs, &old, new, 0, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    if (new != DYING)
        return;
    window_run_free(wref_ptr(s->start), s->pages);
    wtable_free(&window_root()->segments, s);
}

static uintptr_t map_start(const struct proc_map *m)
{
    return (uintptr_t)wref_ptr(m->start);
}

static void set_map(struct proc_map *m, uint32_t segment, uintptr_t start, uint64_t pages)
{
    m->start = wref_of((void *)start);
    m->pages = (uint32_t)pages;
    __atomic_store_n(&m->segment, segment, __ATOMIC_RELEASE);
}

static void drop_map(struct proc_map *m)
{
    uint32_t segment = m->segment;
    if (!segment)
        return;
    __atomic_store_n(&m->segment, 0, __ATOMIC_RELEASE); // first: twice would free somebody else's
    segment_unref(segment);
}

static struct proc_map *free_map(struct proc *p)
{
    for (uint32_t i = 0; i < PROC_MAX_MAPS; i++) {
        if (p->maps[i].segment)
            continue;
        p->nmaps = i < p->nmaps ? p->nmaps : i + 1;
        return &p->maps[i];
    }
    return NULL;
}

long shm_map(uint64_t pages)
{
    struct wtable *table = &window_root()->segments;
    struct proc_map *m = free_map(proc_self);
    void *run = m && pages <= window_pages_total() ? window_run_alloc((uint32_t)pages) : NULL;
    if (!run)
        return -ENOMEM;
    struct shm_segment *s = wtable_claim(table, 1);
    if (!s) {
        window_run_free(run, (uint32_t)pages);
        return -ENOMEM;
    }
    s->start = wref_of(run);
    s->pages = (uint32_t)pages;
    set_map(m, wtable_index(table, s) + 1, (uintptr_t)run, pages);
    return (long)(uintptr_t)run;
}

// Takes [start, end), which lies in m, out of it.
static long cut(struct proc_map *m, uintptr_t start, uintptr_t end)
{
    uintptr_t first = map_start(m), last = first + (uintptr_t)m->pages * WPAGE;
    uint64_t before = (start - first) / WPAGE, after = (last - end) / WPAGE;
    if (before && after) {
        struct proc_map *rest = free_map(proc_self);
        if (!rest)
            return -ENOMEM;
        segment_ref(m->segment);
        set_map(rest, m->segment, end, after);
    } else if (after) {
        m->start = wref_of((void *)end);
    }
    if (before + after == 0)
        drop_map(m);
    else
        m->pages = (uint32_t)(before ? before : after);
    return 0;
}

long shm_unmap(uintptr_t start, uint64_t pages)
{
    struct proc *p = proc_self;
    uintptr_t end = start + pages * WPAGE;
    uint32_t n = p->nmaps; // the rest of a cut lies behind `end`: need not be looked at
    for (uint32_t i = 0; i < n; i++) {
        struct proc_map *m = &p->maps[i];
        uintptr_t first = map_start(m), last = first + (uintptr_t)m->pages * WPAGE;
        uintptr_t low = first > start ? first : start, high = last < end ? last : end;
        if (!m->segment || low >= high)
            continue;
        long r = cut(m, low, high);
        if (r < 0)
            return r;
    }
    return 0;
}

int shm_within(uintptr_t a, size_t n)
{
    const struct proc *p = proc_self;
    for (uint32_t i = 0; i < p->nmaps; i++) {
        const struct proc_map *m = &p->maps[i];
        uintptr_t first = map_start(m), last = first + (uintptr_t)m->pages * WPAGE;
        if (m->segment && a >= first && a <= last && n <= last - a)
            return 1;
    }
    return 0;
}

int shm_is_window(uintptr_t a)
{
    uintptr_t base = (uintptr_t)window_base;
    return a >= base && a - base < window_header()->size;
}

void shm_inherit(struct proc *child, const struct proc *parent)
{
    for (uint32_t i = 0; i < parent->nmaps; i++) {
        const struct proc_map *m = &parent->maps[i];
        if (!m->segment)
            continue;
        segment_ref(m->segment);
        child->nmaps = i + 1;
        set_map(&child->maps[i], m->segment, map_start(m), m->pages);
    }
}

void shm_drop_all(struct proc *p)
{
    for (uint32_t i = 0; i < p->nmaps; i++)
        drop_map(&p->maps[i]);
    p->nmaps = 0;
}
