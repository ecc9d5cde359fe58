// SPDX-License-Identifier: BSD-2-Clause
// A ring of records between processes: one side puts in and the other takes out at the same time,
// and they share no lock.
//
// A record is what one send put in, with who sent it and what came along; of a stream it may be a
// part of that, and who reads a stream does not see where records end. head and tail are one word
// each, stored after the copy, so a VM that dies in between has put nothing in and taken nothing
// out. Memory comes as it is needed: none for a socket that nothing is sent to, a page for small
// messages, then runs; a writer that finds the ring empty starts again at its first byte, so that a
// conversation stays in the caches.
// Neighbours: stream.c and dgram.c (what a send and a receive are), kernel/ipc/pipe.c (the same
// idea, without records).

#include "kernel/net/ring.h"
#include "kernel/api/errno.h"
#include "kernel/lib.h"
#include "kernel/mem/copy.h"

#define RUN_PAGES (RING_RUN / WPAGE)

static uint64_t pack(struct ring_place place)
{
    return (uint64_t)place.bytes << 32 | place.pos;
}

// Acquire: pairs with the release of the other side's store. The record, or the room, is really
// there.
static struct ring_place place_of(const _Atomic uint64_t *word)
{
    uint64_t v = __atomic_load_n((const uint64_t *)word, __ATOMIC_ACQUIRE);
    return (struct ring_place){(uint32_t)v, (uint32_t)(v >> 32)};
}

static uint32_t ring_size(const struct ring *r)
{
    return (uint32_t)(__atomic_load_n((const uint64_t *)&r->shape, __ATOMIC_RELAXED) >> 32);
}

static void set_shape(struct ring *r, uint32_t size, uint32_t base)
{
    __atomic_store_n((uint64_t *)&r->shape, (uint64_t)size << 32 | base, __ATOMIC_RELEASE);
}

uint32_t ring_used(const struct ring *r)
{
    return place_of(&r->head).pos - place_of(&r->tail).pos;
}

uint32_t ring_bytes(const struct ring *r)
{
    return place_of(&r->head).bytes - place_of(&r->tail).bytes;
}

// Each side counts under its own lock: one too many after a murder, until the ring is empty once.
uint32_t ring_count(const struct ring *r)
{
    return ring_empty(r) ? 0 : r->put - r->got;
}

int ring_empty(const struct ring *r)
{
    return ring_used(r) == 0;
}

// --- memory ---

// Where byte `pos` is, and how many follow it without a gap: at most *n, which is set to that.
static uint8_t *ring_spot(const struct ring *r, uint32_t pos, uint32_t *n)
{
    uint64_t shape = __atomic_load_n((const uint64_t *)&r->shape, __ATOMIC_ACQUIRE);
    uint32_t size = (uint32_t)(shape >> 32), i = (pos - (uint32_t)shape) & (size - 1);
    if (size == WPAGE) {
        *n = (uint32_t)min_u64(*n, WPAGE - i);
        return (uint8_t *)wref_ptr(r->page) + i;
    }
    *n = (uint32_t)min_u64(*n, RING_RUN - i % RING_RUN);
    return (uint8_t *)wref_ptr(r->run[i / RING_RUN]) + i % RING_RUN;
}

// Takes the runs that a ring of that size has. What was got stays with the ring until its end.
static int more_runs(struct ring *r, uint32_t size)
{
    for (uint32_t i = 0; i < size / RING_RUN; i++) {
        if (!r->run[i].unit)
            r->run[i] = wref_of(window_pages_alloc_raw(RUN_PAGES));
        if (!r->run[i].unit)
            return -ENOMEM;
    }
    return 0;
}

// From a page to runs: what is in it goes to the beginning. The shape is stored last, so that the
// old place is good until the new one is.
static void leave_page(struct ring *r, uint32_t size)
{
    struct ring_place tail = place_of(&r->tail), head = place_of(&r->head);
    uint8_t *to = wref_ptr(r->run[0]);
    for (uint32_t pos = tail.pos, n; pos != head.pos; pos += n, to += n) {
        n = head.pos - pos;
        const uint8_t *from = ring_spot(r, pos, &n);
        memcpy(to, from, n);
    }
    set_shape(r, size, tail.pos);
    window_pages_free(wref_ptr(r->page), 1);
    r->page = (struct wref){0};
}

static uint8_t *run_byte(const struct ring *r, uint32_t i)
{
    return (uint8_t *)wref_ptr(r->run[i / RING_RUN]) + i % RING_RUN;
}

// From runs to more runs: what had wrapped round to the beginning goes on behind the old end.
static void stretch(struct ring *r, uint32_t size)
{
    uint64_t shape = r->shape;
    uint32_t old = (uint32_t)(shape >> 32), tail = place_of(&r->tail).pos;
    uint32_t start = (tail - (uint32_t)shape) & (old - 1);
    uint32_t end = start + ring_used(r);
    for (uint32_t at = old, n; at < end; at += n) {
        n = (uint32_t)min_u64(end - at, RING_RUN - at % RING_RUN);
        memcpy(run_byte(r, at), run_byte(r, at - old), n);
    }
    set_shape(r, size, tail - start);
}

// Room for `need` bytes in all. 0 or -ENOMEM, and the ring is as it was.
static int ring_enlarge(struct ring *r, uint32_t need)
{
    uint32_t old = ring_size(r), size = WPAGE;
    if (need > WPAGE)
        for (size = RING_RUN; size < need;)
            size *= 2;
    if (size > RING_MAX)
        return -ENOMEM;
    if (size == WPAGE) {
        r->page = wref_of(window_pages_alloc_raw(1));
        if (!r->page.unit)
            return -ENOMEM;
        set_shape(r, WPAGE, place_of(&r->head).pos);
        return 0;
    }
    if (more_runs(r, size) < 0)
        return -ENOMEM;
    if (old == WPAGE)
        leave_page(r, size);
    else if (old == 0)
        set_shape(r, size, place_of(&r->head).pos);
    else
        stretch(r, size);
    return 0;
}

static void free_memory(struct wref *run, uint32_t count)
{
    void *pages = wref_ptr(*run);
    *run = (struct wref){0}; // first: a death in between leaks it, and frees nothing twice
    if (pages)
        window_pages_free(pages, count);
}

void ring_free(struct ring *r)
{
    set_shape(r, 0, 0);
    r->tail = r->head;
    free_memory(&r->page, 1);
    for (uint32_t i = 0; i < RING_RUNS; i++)
        free_memory(&r->run[i], RUN_PAGES);
}

// --- putting in ---

// The ring is empty, so the reader has no business in it and we may begin anew: it will see that
// when it sees the next head.
static void begin_anew(struct ring *r)
{
    r->put = r->got;
    set_shape(r, ring_size(r), place_of(&r->head).pos);
}

int ring_reserve(struct ring *r, uint32_t cost, uint32_t limit)
{
    uint32_t used = ring_used(r);
    r->limit = limit;
    if (used == 0)
        begin_anew(r);
    else if (used + cost > limit)
        return 0;
    if (used + cost <= ring_size(r))
        return 1;
    lock_take(&r->read_lock);
    int e = ring_enlarge(r, used + cost);
    lock_drop(&r->read_lock);
    // What is there may do when the reader has made room in it.
    return e == 0 ? 1 : cost <= ring_size(r) ? 0 : -ENOBUFS;
}

static void copy_in(const struct ring *r, uint32_t pos, struct net_iter *it, uint32_t len)
{
    for (uint32_t n; len; pos += n, len -= n) {
        n = len;
        uint8_t *to = ring_spot(r, pos, &n);
        iter_from(it, to, n);
    }
}

// A name may lie over the end of a run, as data may.
static void copy_name_in(const struct ring *r, uint32_t pos, const uint8_t *name, uint32_t len)
{
    for (uint32_t n; len; pos += n, name += n, len -= n) {
        n = len;
        uint8_t *to = ring_spot(r, pos, &n);
        memcpy(to, name, n);
    }
}

void ring_put(struct ring *r, struct ring_record *rec, const void *name, struct net_iter *it)
{
    struct ring_place head = place_of(&r->head);
    uint32_t n = sizeof *rec, data = head.pos + (uint32_t)sizeof *rec;
    rec->at = head.bytes;
    memcpy(ring_spot(r, head.pos, &n), rec, sizeof *rec);
    copy_name_in(r, data, name, rec->name_len);
    copy_in(r, data + ((rec->name_len + 7u) & ~7u), it, rec->len);
    r->put++;
    head.pos += ring_cost(rec->name_len, rec->len);
    head.bytes += rec->len;
    __atomic_store_n((uint64_t *)&r->head, pack(head), __ATOMIC_RELEASE);
}

// --- taking out ---

struct ring_place ring_tail(const struct ring *r)
{
    return place_of(&r->tail);
}

struct ring_record *ring_look(const struct ring *r, uint32_t pos)
{
    uint32_t n = sizeof(struct ring_record);
    // The head first: what it says is there makes the shape visible that it lies in.
    if (pos == place_of(&r->head).pos)
        return NULL;
    return (struct ring_record *)(void *)ring_spot(r, pos, &n);
}

struct ring_place ring_next(const struct ring_record *rec, uint32_t pos)
{
    return (struct ring_place){pos + ring_cost(rec->name_len, rec->len), rec->at + rec->len};
}

void ring_read(const struct ring *r, uint32_t pos, uint32_t off, struct net_iter *it, uint32_t n)
{
    const struct ring_record *rec = ring_look(r, pos);
    pos += (uint32_t)sizeof *rec + ((rec->name_len + 7u) & ~7u) + off;
    for (uint32_t span; n; pos += span, n -= span) {
        span = n;
        const uint8_t *from = ring_spot(r, pos, &span);
        iter_to(it, from, span);
    }
}

void ring_name(const struct ring *r, uint32_t pos, void *name)
{
    uint8_t *to = name;
    uint32_t len = ring_look(r, pos)->name_len;
    pos += (uint32_t)sizeof(struct ring_record);
    for (uint32_t n; len; pos += n, to += n, len -= n) {
        n = len;
        memcpy(to, ring_spot(r, pos, &n), n);
    }
}

void ring_take(struct ring *r, struct ring_place to, uint32_t records)
{
    r->got += records;
    __atomic_store_n((uint64_t *)&r->tail, pack(to), __ATOMIC_RELEASE);
}
