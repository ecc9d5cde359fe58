// SPDX-License-Identifier: BSD-2-Clause
// Directories: records of variable length that fill pages without gaps.
//
// A record never crosses a page, and the records of a page cover it. Removing a name clears the
// record's inode; adding one takes a cleared record, or splits the unused end off another. Records
// move never, so the position of a listing stays good whatever is added and removed meanwhile.
// Every store leaves a page that parses: dir_count() relies on that. "." and ".." are not stored.
// A directory of many pages has an index beside its records, which are what counts: a name is
// entered when it is there, and taken out before it goes.
// Neighbours: index.c, data.c (the pages), names.c and rename.c (the users), abi/ramfs.h (the host
// reckons how many pages an image's directories take).

#include "kernel/api/dirent.h"
#include "kernel/api/errno.h"
#include "kernel/fs/ram/dir.h"
#include "kernel/lib.h"

// What a record could give to another one.
static uint32_t spare(const struct record *r)
{
    return r->inode.unit ? r->size - ramfs_record(r->len) : r->size;
}

// Joins a free record with free ones behind it, so that small names make room for a long one. A
// listing that stands at a joined one finds the next: it looks for the first record at or behind
// its position.
static void join(uint8_t *page, uint32_t at)
{
    struct record *r = (struct record *)(page + at);
    while (!r->inode.unit && at + r->size < WPAGE) {
        struct record *next = (struct record *)(page + at + r->size);
        if (next->inode.unit || !record_valid(next, at + r->size))
            break;
        r->size = (uint16_t)(r->size + next->size);
    }
}

// Searches one page. 1: found, 0: not, -EIO.
static int find_in_page(uint8_t *page, uint64_t base, const char *name, uint32_t len,
                        struct dir_place *place)
{
    for (uint32_t at = 0; at < WPAGE;) {
        struct record *r = (struct record *)(page + at);
        if (!record_valid(r, at))
            return -EIO;
        if (r->inode.unit && r->len == len && memcmp(r->name, name, len) == 0) {
            place->entry = (int64_t)(base + at);
            return 1;
        }
        if (place->room < 0) {
            join(page, at);
            if (spare(r) >= ramfs_record(len))
                place->room = (int64_t)(base + at);
        }
        at += r->size;
    }
    return 0;
}

int dir_room_in_page(uint8_t *page, uint32_t need, uint32_t *most)
{
    *most = 0;
    for (uint32_t at = 0; at < WPAGE;) {
        struct record *r = (struct record *)(page + at);
        if (!record_valid(r, at))
            return -EIO;
        join(page, at);
        if (spare(r) >= need)
            return (int)at;
        *most = spare(r) > *most ? spare(r) : *most;
        at += r->size;
    }
    return -ENOENT;
}

static int find_by_index(const struct inode *dir, const char *name, uint32_t len,
                         struct dir_place *place)
{
    int64_t off = index_find(dir, name, len);
    if (off < 0)
        return (int)off;
    place->entry = off;
    return 0;
}

// Under the directory's lock, as all below. 0, -ENOENT, or -EIO for records that make no sense;
// PLACE->room is where a new name of this length would fit, as far as the search came by it.
int dir_find(struct inode *dir, const char *name, uint32_t len, struct dir_place *place)
{
    place->entry = place->room = -1;
    if (index_ready(dir))
        return find_by_index(dir, name, len, place);
    for (uint64_t off = 0; off < dir->size; off += WPAGE) {
        uint8_t *page = data_page(dir, off / WPAGE);
        int r = page ? find_in_page(page, off, name, len, place) : -EIO;
        if (r)
            return r < 0 ? r : 0;
    }
    return -ENOENT;
}

struct inode *dir_inode(struct inode *dir, const struct dir_place *place)
{
    return inode_at(record_at(dir, place->entry)->inode);
}

static uint8_t type_of(const struct inode *ip)
{
    return (uint8_t)((ip->mode & S_IFMT) >> 12); // DT_* are S_IFMT's bits
}

// Makes a record of the spare part of the one at `off` (or takes it, if free) and puts the name
// into it.
static void fill(struct inode *dir, int64_t off, const char *name, uint32_t len, struct inode *ip)
{
    struct record *r = record_at(dir, off);
    struct record *new = r;
    if (r->inode.unit) {
        uint32_t used = ramfs_record(r->len);
        new = (struct record *)((uint8_t *)r + used);
        new->inode.unit = 0;
        new->size = (uint16_t)(r->size - used);
        // Release: the new record is complete before the old one ends where it begins.
        __atomic_store_n(&r->size, (uint16_t)used, __ATOMIC_RELEASE);
    }
    new->len = (uint8_t)len;
    new->type = type_of(ip);
    memcpy(new->name, name, len);
    __atomic_store_n(&new->inode.unit, wref_of(ip).unit, __ATOMIC_RELEASE);
    ram(dir)->entries++;
    index_added(dir, off + ((uint8_t *)new - (uint8_t *)r));
    inode_changed(dir);
}

// Adds an empty page. Its offset, or -ENOSPC.
static int64_t grow(struct inode *dir)
{
    uint64_t off = dir->size;
    struct record *r = off / WPAGE < DIR_INDEX ? data_page_make(dir, off / WPAGE, 0) : NULL;
    if (!r)
        return -ENOSPC;
    *r = (struct record){.size = WPAGE};
    dir->size = off + WPAGE;
    index_page(dir, (int64_t)off);
    return (int64_t)off;
}

// The caller has looked, under the same lock, that the name is not there. The reference of IP's
// name is the caller's to take.
int dir_add(struct inode *dir, const struct dir_place *place, const char *name, uint32_t len,
            struct inode *ip)
{
    int64_t off = place->room;
    if (off < 0) // the search went by the index, or found none
        off = ram(dir)->index.slots ? index_room(dir, ramfs_record(len)) : -ENOENT;
    if (off == -ENOENT)
        off = grow(dir);
    if (off < 0)
        return (int)off;
    fill(dir, off, name, len, ip);
    return 0;
}

int dir_append(struct inode *dir, const char *name, uint32_t len, struct inode *ip)
{
    int64_t off = (int64_t)dir->size - WPAGE;
    const int64_t end = off + WPAGE;
    struct record *r = NULL;
    // Only at boot, when names come sorted and nothing has been removed: looking for room in
    // earlier pages would be for nothing.
    if (off >= 0)
        for (r = record_at(dir, off); off + r->size < end; r = record_at(dir, off))
            off += r->size;
    if (!r || spare(r) < ramfs_record(len))
        off = grow(dir);
    if (off < 0)
        return (int)off;
    fill(dir, off, name, len, ip);
    return 0;
}

void dir_remove(struct inode *dir, const struct dir_place *place)
{
    index_removing(dir, place->entry);
    __atomic_store_n(&record_at(dir, place->entry)->inode.unit, 0, __ATOMIC_RELEASE);
    // An empty directory needs no pages, and a listing that stands in them is at its end in any
    // case.
    if (--ram(dir)->entries == 0) {
        index_drop(dir);
        data_free(dir);
    }
    inode_changed(dir);
}

void dir_replace(struct inode *dir, const struct dir_place *place, struct inode *ip)
{
    struct record *r = record_at(dir, place->entry);
    // The store of the reference is the rename: before it the old file has the name, after it the
    // new one.
    r->type = type_of(ip);
    __atomic_store_n(&r->inode.unit, wref_of(ip).unit, __ATOMIC_RELEASE);
    inode_changed(dir);
}

// The first record of the page in use at or behind `from`. 1, 0, -EIO; its end in *end.
static int next_in_page(uint8_t *page, uint32_t from, struct dir_record *record, uint32_t *end)
{
    for (uint32_t at = 0; at < WPAGE;) {
        struct record *r = (struct record *)(page + at);
        if (!record_valid(r, at))
            return -EIO;
        if (at >= from && r->inode.unit) {
            *record = (struct dir_record){r->inode, r->len, r->type, r->name};
            *end = at + r->size;
            return 1;
        }
        at += r->size;
    }
    return 0;
}

// POS may be any number a program has got from telldir(): one inside a record leads to the next.
// RECORD points into the page, and is good while the lock is held.
int dir_next(struct inode *dir, uint64_t *pos, struct dir_record *record)
{
    while (*pos < dir->size) {
        uint64_t base = *pos - *pos % WPAGE;
        uint8_t *page = data_page(dir, base / WPAGE);
        uint32_t end = 0;
        int r = page ? next_in_page(page, (uint32_t)(*pos - base), record, &end) : -EIO;
        if (r < 0)
            return r;
        *pos = r ? base + end : base + WPAGE;
        if (r)
            return 1;
    }
    return 0;
}

// After a death with the lock held. What cannot be counted is at least not empty: rmdir() must not
// take it.
void dir_count(struct inode *dir)
{
    struct dir_record record;
    uint64_t pos = 0;
    uint32_t entries = 0;
    int r;
    index_drop(dir);
    while ((r = dir_next(dir, &pos, &record)) == 1)
        entries++;
    ram(dir)->entries = r < 0 && entries == 0 ? 1 : entries;
}
