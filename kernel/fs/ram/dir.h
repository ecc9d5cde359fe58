// SPDX-License-Identifier: BSD-2-Clause
// What a directory of the RAM file system is made of, for its two halves alone: dir.c (records) and
// index.c (where to find them).
#ifndef RAMET_KERNEL_RAM_DIR_H
#define RAMET_KERNEL_RAM_DIR_H

#include "kernel/fs/ram/ram.h"

struct record {
    struct wref inode; // 0: free
    uint16_t size;     // of the record, a multiple of 4
    uint8_t len;       // of the name
    uint8_t type;      // DT_*
    char name[];       // no NUL
};
#define RECORD_HEAD RAMFS_RECORD_HEAD
_Static_assert(sizeof(struct record) == RAMFS_RECORD_HEAD, "");

// Whether a record at byte `at` of its page is one.
static inline int record_valid(const struct record *r, uint32_t at)
{
    return r->size >= RECORD_HEAD && r->size % 4 == 0 && at + r->size <= WPAGE &&
           (!r->inode.unit || ramfs_record(r->len) <= r->size);
}

// The record at byte `off` of a directory.
static inline struct record *record_at(const struct inode *dir, int64_t off)
{
    uint8_t *page = data_page(dir, (uint64_t)off / WPAGE);
    return (struct record *)(page + off % WPAGE);
}

// Joins free records and finds a first one in the page with `need` bytes to give. Its place in the
// page, or -ENOENT: all of them give at most *most. -EIO.
int dir_room_in_page(uint8_t *page, uint32_t need, uint32_t *most);

// --- index.c; under the directory's lock --- Whether the directory has an index now: one is made
// where it pays and there is memory. Without, records are searched for, and nothing else differs.
int index_ready(struct inode *dir);
// The record with that name: its offset, -ENOENT, or -EIO.
int64_t index_find(const struct inode *dir, const char *name, uint32_t len);
// A record with `need` bytes to give: its offset, -ENOENT, or -EIO.
int64_t index_room(struct inode *dir, uint32_t need);
// What has happened to a record: it was given a name; it is about to lose it; it is a new page. Do
// nothing where there is no index.
void index_added(struct inode *dir, int64_t off);
void index_removing(struct inode *dir, int64_t off);
void index_page(struct inode *dir, int64_t off);
// Forgets the index: its owner died, or it does not hold what it should.
void index_drop(struct inode *dir);

#endif
