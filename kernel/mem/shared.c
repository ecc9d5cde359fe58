// SPDX-License-Identifier: BSD-2-Clause
// Shared memory: segments in the window, and who maps which part of them.
//
// A process's mappings are in its entry, struct proc.maps, so that whoever buries it can drop them.
// An entry's `segment` is set last and cleared first: a VM that dies in between leaks a reference
// and breaks nothing. Pages of a segment are freed together, when no entry holds any part of it.
// Neighbours: window/run.c (the pages), mem.c (mmap), proc.c (fork), exit.c.

#include "kernel/mem/shared.h"
#include "kernel/api/errno.h"
#include "kernel/api/mman.h"
#include "kernel/fs/inode.h"
#include "kernel/proc/proc.h"
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

// In a critical section of the caller's, as clean-up waits for nobody.
static void segment_unref(uint32_t index)
{
    struct shm_segment *s = segment_of(index);
    uint32_t old = __atomic_load_n(&s->refs, __ATOMIC_RELAXED), new;
    do {
        new = old == 1 ? DYING : old - 1;
        // Release for our stores to the pages, acquire for those of who was here before the last.
    } while (
        !__atomic_compare_exchange_n(&s->refs, &old, new, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    if (new != DYING)
        return;
    if (s->sysv)
        sysv_shm_gone(s->sysv); // first: until then its id leads here
    struct inode *ip = inode_at(s->inode);
    int writable = s->writable != 0;
    if (!ip)
        window_run_free(wref_ptr(s->start), s->pages);
    wtable_free(&window_root()->segments, s); // before the file is told: its pages are free to move
    if (ip)
        inode_unmap(ip, writable);
}

// One reference, which becomes the first mapping's. PAGES fits 32 bits when it fits the window.
static struct shm_segment *segment_new(uint64_t index, uint64_t pages)
{
    struct wroot *root = window_root();
    if (pages > window_pages_total())
        return NULL;
    struct shm_segment *s = wtable_claim(&root->segments, 1);
    if (!s)
        return NULL;
    s->index = index;
    s->pages = (uint32_t)pages;
    uint32_t above = wtable_index(&root->segments, s) + 1;
    uint32_t top = __atomic_load_n(&root->segments_top, __ATOMIC_RELAXED);
    // The high-water mark only rises: whoever walks the table needs an upper bound, not the exact
    // one.
    while (top < above && !__atomic_compare_exchange_n(&root->segments_top, &top, above, 0,
                                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    return s;
}

static uintptr_t map_start(const struct proc_map *m)
{
    return (uintptr_t)wref_ptr(m->start);
}

static void set_map(struct proc_map *m, uint32_t segment, uintptr_t start, uint64_t pages,
                    uint32_t prot)
{
    m->start = wref_of((void *)start);
    m->pages = (uint32_t)pages;
    m->prot = prot;
    __atomic_store_n(&m->segment, segment, __ATOMIC_RELEASE);
}

static void drop_map(const struct proc *p, struct proc_map *m)
{
    uint32_t segment = m->segment;
    if (!segment)
        return;
    critical_begin(); // the two are one: see kernel/file/fd.c
    if (segment_of(segment)->sysv)
        sysv_shm_detached(segment_of(segment)->sysv, p);
    __atomic_store_n(&m->segment, 0, __ATOMIC_RELEASE); // first: twice would free somebody else's
    segment_unref(segment);
    critical_end();
}

// Of the process' own table, which only it changes.
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

// A new segment of fresh pages, or of a file's, in this process's table.
static long map_new(struct inode *ip, uint64_t index, uint64_t pages, int prot)
{
    struct wtable *table = &window_root()->segments;
    struct proc_map *m = free_map(proc_self);
    struct shm_segment *s = m ? segment_new(index, pages) : NULL;
    if (!s)
        return -ENOMEM;
    int r = 0;
    s->writable = ip && (prot & PROT_WRITE);
    if (ip)
        r = inode_map(ip, s);
    else
        s->start = wref_of(window_run_alloc(s->pages));
    if (!s->start.unit) {
        wtable_free(table, s);
        return r < 0 ? r : -ENOMEM;
    }
    uintptr_t at = (uintptr_t)wref_ptr(s->start);
    // Last, as the title says: until then nobody who buries us finds the segment, and a death here
    // leaks it.
    set_map(m, wtable_index(table, s) + 1, at, pages, (uint32_t)prot);
    return (long)at;
}

long shm_map(uint64_t pages, int prot)
{
    return map_new(NULL, 0, pages, prot);
}

long shm_map_inode(struct inode *ip, uint64_t index, uint64_t pages, int prot)
{
    return map_new(ip, index, pages, prot);
}

// Takes [start, end), which lies in m, out of it.
static long cut(struct proc_map *m, uintptr_t start, uintptr_t end)
{
    uintptr_t first = map_start(m), last = first + (uintptr_t)m->pages * WPAGE;
    uint64_t before = (start - first) / WPAGE, after = (last - end) / WPAGE;
    // A hole in the middle: the part behind it needs an entry of its own, with its own reference.
    // It is the only case that can fail, so it comes first.
    if (before && after) {
        struct proc_map *rest = free_map(proc_self);
        if (!rest)
            return -ENOMEM;
        critical_begin();
        segment_ref(m->segment);
        set_map(rest, m->segment, end, after, m->prot);
        critical_end();
    } else if (after) {
        m->start = wref_of((void *)end);
    }
    if (before + after == 0)
        drop_map(proc_self, m);
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

uint64_t shm_pages(void)
{
    uint64_t pages = 0;
    for (uint32_t i = 0; i < proc_self->nmaps; i++)
        pages += proc_self->maps[i].segment ? proc_self->maps[i].pages : 0;
    return pages;
}

static int holds(const struct proc_map *m, uintptr_t a, size_t n)
{
    uintptr_t first = map_start(m), last = first + (uintptr_t)m->pages * WPAGE;
    return m->segment && a >= first && a <= last && n <= last - a;
}

int shm_within(uintptr_t a, size_t n, int prot)
{
    const struct proc *p = proc_self;
    // In one entry: two mappings that happen to be neighbours in the window are not one.
    for (uint32_t i = 0; i < p->nmaps; i++)
        if (holds(&p->maps[i], a, n) && (p->maps[i].prot & (uint32_t)prot) == (uint32_t)prot)
            return 1;
    return 0;
}

// All of a mapping, where a part is asked for: nobody is refused what he asked for, and the pages
// could be written before.
void shm_open_up(uintptr_t a, size_t n)
{
    for (uint32_t i = 0; i < proc_self->nmaps; i++)
        if (holds(&proc_self->maps[i], a, n))
            proc_self->maps[i].prot |= PROT_READ | PROT_WRITE;
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
        // Reference and entry belong together: a death between them would leave one without the
        // other.
        critical_begin();
        segment_ref(m->segment);
        child->nmaps = i + 1;
        if (segment_of(m->segment)->sysv)
            sysv_shm_attached(segment_of(m->segment)->sysv, parent);
        set_map(&child->maps[i], m->segment, map_start(m), m->pages, m->prot);
        critical_end();
    }
}

void shm_drop_all(struct proc *p)
{
    for (uint32_t i = 0; i < p->nmaps; i++)
        drop_map(p, &p->maps[i]);
    p->nmaps = 0;
}

// --- System V segments ---

// Its one reference is the object's that it is made for.
uint32_t shm_segment_make(uint64_t pages, uint32_t sysv)
{
    struct shm_segment *s = segment_new(0, pages);
    if (!s)
        return 0;
    s->start = wref_of(window_run_alloc(s->pages));
    if (!s->start.unit) {
        wtable_free(&window_root()->segments, s);
        return 0;
    }
    s->sysv = sysv;
    return wtable_index(&window_root()->segments, s) + 1;
}

void shm_segment_drop(uint32_t segment)
{
    critical_begin();
    segment_unref(segment);
    critical_end();
}

// A figure to be shown: it may be another by now.
uint32_t shm_segment_refs(uint32_t segment)
{
    uint32_t refs = __atomic_load_n(&segment_of(segment)->refs, __ATOMIC_RELAXED);
    return refs == DYING ? 0 : refs;
}

uintptr_t shm_segment_start(uint32_t segment)
{
    return (uintptr_t)wref_ptr(segment_of(segment)->start);
}

// Unlike segment_ref(): the caller has none yet, and the last one may be going.
static int try_ref(struct shm_segment *s)
{
    uint32_t refs = __atomic_load_n(&s->refs, __ATOMIC_RELAXED);
    while (refs && refs != DYING)
        if (__atomic_compare_exchange_n(&s->refs, &refs, refs + 1, 0, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return 1;
    return 0;
}

long shm_attach(uint32_t segment, int prot)
{
    struct shm_segment *s = segment_of(segment);
    struct proc_map *m = free_map(proc_self);
    if (!m)
        return -ENOMEM;
    critical_begin();
    int got = try_ref(s);
    if (got) {
        sysv_shm_attached(s->sysv, proc_self);
        set_map(m, segment, (uintptr_t)wref_ptr(s->start), s->pages, (uint32_t)prot);
    }
    critical_end();
    return got ? (long)map_start(m) : -EIDRM;
}

// Of two attachments at one address the first found: they are alike but for their rights. What
// munmap() has left of one has a start of its own, and goes with it.
long shm_detach(uintptr_t start)
{
    struct proc *p = proc_self;
    for (uint32_t i = 0; i < p->nmaps; i++) {
        struct proc_map *m = &p->maps[i];
        uint32_t segment = m->segment;
        if (!segment || !segment_of(segment)->sysv || map_start(m) != start ||
            shm_segment_start(segment) != start)
            continue;
        int whole = m->pages == segment_of(segment)->pages;
        drop_map(p, m);
        for (uint32_t k = 0; !whole && k < p->nmaps; k++)
            if (p->maps[k].segment == segment && map_start(&p->maps[k]) != start)
                drop_map(p, &p->maps[k]);
        return 0;
    }
    return -EINVAL;
}
