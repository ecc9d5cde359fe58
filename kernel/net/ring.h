// SPDX-License-Identifier: BSD-2-Clause
// What has arrived at a socket and was not read yet: records in a ring in the window
// (kernel/net/ring.c).
#ifndef RAMET_KERNEL_NET_RING_H
#define RAMET_KERNEL_NET_RING_H

#include <stdint.h>
#include "kernel/net/iter.h"
#include "kernel/window/lock.h"
#include "kernel/window/window.h"

#define RING_RUN   65536u // memory comes in runs of this size, after a first page
#define RING_RUNS  8u
#define RING_MAX   (RING_RUN * RING_RUNS)
#define RING_ALIGN 32u // of records: so that a head lies in one piece

// The head of a record; then the sender's name, filled up to 8 bytes, and the data.
struct ring_record {
    uint32_t len; // of the data
    uint16_t name_len;
    uint16_t flags; // RECORD_*
    uint32_t at;    // how many bytes of data had ever been put in before
    int32_t pid;    // the sender, with RECORD_CRED
    uint32_t uid, gid;
    struct wref rights; // struct rights, that come with the first byte; only a reader clears it
    uint32_t reserved;
};
_Static_assert(sizeof(struct ring_record) == RING_ALIGN, "");
#define RECORD_CRED 1u // says who sent it

// A place: which byte of the ring, and how many bytes of data came before it. Both count for ever
// and wrap.
struct ring_place {
    uint32_t pos, bytes;
};

struct ring {
    // Who puts in, under write_lock.
    struct wlock write_lock;
    uint32_t limit;          // of the last one who put in: bytes that may wait
    _Atomic uint64_t head;   // struct ring_place: published after the record is complete
    _Atomic uint64_t shape;  // size << 32 | which pos is at the ring's first byte; changed by a
                             // writer while the ring is empty, or with both locks held
    uint32_t put;            // records, ever
    uint32_t closed;         // nothing is put in any more
    _Atomic uint32_t wanted; // a sender waits for room (dgram.c)
    uint32_t reserved[7];
    // Who takes out, under read_lock.
    struct wlock read_lock;
    uint32_t got;          // records, ever
    _Atomic uint64_t tail; // struct ring_place; a record half read stays where it is
    uint64_t reserved2[6];
    // The memory; changed as `shape` is.
    struct wref page; // of a ring that never held more
    struct wref run[RING_RUNS];
    uint32_t reserved3[7];
};
_Static_assert(sizeof(struct ring) == 192, "three cache lines");

// Bytes in use, heads and gaps included; of data; records. Good for a moment only.
uint32_t ring_used(const struct ring *r);
uint32_t ring_bytes(const struct ring *r);
uint32_t ring_count(const struct ring *r);
int ring_empty(const struct ring *r);

// What a record with so much name and data takes.
static inline uint32_t ring_cost(uint32_t name_len, uint32_t len)
{
    uint32_t payload = ((name_len + 7u) & ~7u) + len;
    return (uint32_t)sizeof(struct ring_record) + ((payload + RING_ALIGN - 1) & ~(RING_ALIGN - 1));
}

// --- under write_lock ---
// Makes room for `cost` more bytes. 1; 0: more than `limit` would wait, or there is no memory until
// something is read; -ENOBUFS: not even then. An empty ring takes one record of any size.
int ring_reserve(struct ring *r, uint32_t cost, uint32_t limit);
// Puts a record in, for which there is room: `at` and the data are filled in here.
void ring_put(struct ring *r, struct ring_record *rec, const void *name, struct net_iter *it);

// --- under read_lock ---
struct ring_place ring_tail(const struct ring *r);
// The record at a place; NULL: nothing is there yet.
struct ring_record *ring_look(const struct ring *r, uint32_t pos);
// The place behind it.
struct ring_place ring_next(const struct ring_record *rec, uint32_t pos);
// Copies n bytes of the data of the record at `pos`, from byte `off` on.
void ring_read(const struct ring *r, uint32_t pos, uint32_t off, struct net_iter *it, uint32_t n);
// The sender's name, of name_len bytes.
void ring_name(const struct ring *r, uint32_t pos, void *name);
// What lies before the place has been read. `records`: how many were finished.
void ring_take(struct ring *r, struct ring_place to, uint32_t records);

// --- under both ---
// Gives the memory back; what was in it is lost.
void ring_free(struct ring *r);

#endif
