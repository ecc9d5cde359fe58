// SPDX-License-Identifier: BSD-2-Clause
// The index of a large directory: a hash table of its names, and what room its pages have.
//
// Nothing depends on it. It is made when a directory of many pages is looked into, from the records
// alone, and forgotten when memory is short or its owner died: dir.c searches then. It lies in the
// directory's own map of pages, far behind the records, so it goes where they go:
//
//     page 0 ..                  records, `size` bytes of them
//     page DIR_INDEX ..          slots of the hash table, 4 bytes each: a record's offset
//     page DIR_ROOM ..           a byte for each page of records: the most a record in it can give
//
// Slots are searched from the name's hash on (linear probing). A removed name leaves a mark, and
// the table is made anew when names and marks fill three quarters of it. A page's byte is an upper
// bound: a removal raises it to all, a search in vain lowers it to what is there.
// Neighbours: dir.h, dir.c.

#include "kernel/api/errno.h"
#include "kernel/fs/ram/dir.h"
#include "kernel/lib.h"

// A directory of so few pages is searched as fast. (And the index takes six pages at least.)
#define PAGES_SEARCHED 4u

#define SLOT_FREE    0u
#define SLOT_REMOVED 1u
#define SLOT_FIRST   2u // + the record's offset / 4
#define PAGE_SLOTS   ((uint32_t)(WPAGE / sizeof(uint32_t)))

#define ROOM_UNIT 4u // bytes that a page's byte counts in
#define ROOM_MOST 255u
_Static_assert(ROOM_MOST *ROOM_UNIT >= RECORD_HEAD + FS_NAME_MAX,
               "ROOM_MOST has room for any name");

// --- slots ---

// Names that a program chooses to collide make that directory slow, and no other.
static uint32_t hash(const char *name, uint32_t len)
{
    uint32_t h = 2166136261u; // FNV-1a
    for (uint32_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h ^ h >> 15;
}

// The page is there: lay_out() has made all of them before the number of slots said so.
static uint32_t *slot_at(const struct inode *dir, uint32_t slot)
{
    uint32_t *page = data_page(dir, DIR_INDEX + slot / PAGE_SLOTS);
    return page + slot % PAGE_SLOTS;
}

static int64_t offset_of(uint32_t slot)
{
    return (int64_t)(slot - SLOT_FIRST) * 4;
}

static uint32_t slot_of(int64_t off)
{
    return (uint32_t)(off / 4) + SLOT_FIRST;
}

int64_t index_find(const struct inode *dir, const char *name, uint32_t len)
{
    const uint32_t mask = ram(dir)->index.slots - 1;
    uint32_t slot;
    // There is a free slot: see index_full().
    for (uint32_t i = hash(name, len);; i++) {
        slot = *slot_at(dir, i & mask);
        if (slot == SLOT_FREE)
            return -ENOENT;
        if (slot == SLOT_REMOVED)
            continue;
        int64_t off = offset_of(slot);
        if ((uint64_t)off >= dir->size)
            return -EIO;
        const struct record *r = record_at(dir, off);
        if (!record_valid(r, (uint32_t)(off % WPAGE)))
            return -EIO;
        if (r->inode.unit && r->len == len && memcmp(r->name, name, len) == 0)
            return off;
    }
}

// A mark is taken as well as a free slot: only the latter makes the table fuller.
static void enter(struct inode *dir, const struct record *r, int64_t off)
{
    const uint32_t mask = ram(dir)->index.slots - 1;
    uint32_t i = hash(r->name, r->len);
    while (*slot_at(dir, i & mask) >= SLOT_FIRST)
        i++;
    uint32_t *slot = slot_at(dir, i & mask);
    ram(dir)->index.used += *slot == SLOT_FREE;
    *slot = slot_of(off);
}

static int index_full(const struct inode *dir)
{
    return ram(dir)->index.used >= ram(dir)->index.slots / 4 * 3;
}

// --- room ---

static uint8_t *room_bytes(const struct inode *dir, uint64_t page)
{
    return (uint8_t *)data_page(dir, DIR_ROOM + page / WPAGE) + page % WPAGE;
}

// Looks into one page that may have the room.
static int64_t room_in(const struct inode *dir, uint64_t page, uint32_t need, uint8_t *byte)
{
    uint32_t most;
    int at = dir_room_in_page(data_page(dir, page), need, &most);
    if (at == -ENOENT)
        *byte = (uint8_t)(most / ROOM_UNIT); // less than `need`, so it fits
    return at < 0 ? at : (int64_t)(page * WPAGE) + at;
}

// The first page that has it, or -ENOENT. In the order of pages, so that a directory stays dense.
int64_t index_room(struct inode *dir, uint32_t need)
{
    const uint64_t pages = dir->size / WPAGE;
    int64_t off = -ENOENT;
    uint8_t *byte = NULL;
    for (uint64_t page = 0; page < pages && off == -ENOENT; page++) {
        byte = page % WPAGE ? byte + 1 : room_bytes(dir, page);
        if (*byte * ROOM_UNIT >= need)
            off = room_in(dir, page, need, byte);
    }
    return off;
}

// --- making it ---

// Costs only time later: the next look makes it anew, if there is memory.
void index_drop(struct inode *dir)
{
    ram(dir)->index.slots = ram(dir)->index.used = 0; // first: whoever looks finds none
    data_cut(dir, DIR_INDEX);
}

// Empty, with `slots` slots. 0 or -ENOSPC.
static int lay_out(struct inode *dir, uint32_t slots)
{
    for (uint32_t i = 0; i < slots / PAGE_SLOTS; i++)
        if (!data_page_make(dir, DIR_INDEX + i, 0))
            return -ENOSPC;
    for (uint64_t page = 0; page < dir->size / WPAGE; page += WPAGE) {
        uint8_t *bytes = data_page_make(dir, DIR_ROOM + page / WPAGE, 0);
        if (!bytes)
            return -ENOSPC;
        memset(bytes, ROOM_MOST, WPAGE);
    }
    return 0;
}

// Enters the page's records. 0 or -EIO.
static int enter_page(struct inode *dir, uint64_t base)
{
    uint8_t *page = data_page(dir, base / WPAGE);
    if (!page)
        return -EIO;
    for (uint32_t at = 0; at < WPAGE;) {
        const struct record *r = (const struct record *)(page + at);
        if (!record_valid(r, at) || index_full(dir))
            return -EIO;
        if (r->inode.unit)
            enter(dir, r, (int64_t)base + at);
        at += r->size;
    }
    return 0;
}

// At most half full, from the records. Without memory, or where records do not parse, there is none
// afterwards.
static void make(struct inode *dir)
{
    uint32_t slots = PAGE_SLOTS;
    while (slots / 2 < ram(dir)->entries && slots < UINT32_MAX / 2)
        slots *= 2;
    index_drop(dir);
    int r = lay_out(dir, slots);
    if (r == 0)
        ram(dir)->index.slots = slots;
    for (uint64_t base = 0; r == 0 && base < dir->size; base += WPAGE)
        r = enter_page(dir, base);
    if (r < 0)
        index_drop(dir);
}

// Whether names are found by it. Under the directory's lock, as everything here.
int index_ready(struct inode *dir)
{
    if (!ram(dir)->index.slots && dir->size > PAGES_SEARCHED * WPAGE)
        make(dir);
    return ram(dir)->index.slots != 0;
}

// --- keeping it ---

void index_added(struct inode *dir, int64_t off)
{
    if (!ram(dir)->index.slots)
        return;
    enter(dir, record_at(dir, off), off);
    if (index_full(dir))
        make(dir);
}

// Before the record goes, while it has the name by which its slot is found.
void index_removing(struct inode *dir, int64_t off)
{
    if (!ram(dir)->index.slots)
        return;
    const struct record *r = record_at(dir, off);
    const uint32_t mask = ram(dir)->index.slots - 1;
    uint32_t i = hash(r->name, r->len), slot;
    while ((slot = *slot_at(dir, i & mask)) != SLOT_FREE && slot != slot_of(off))
        i++;
    if (slot != SLOT_FREE)
        *slot_at(dir, i & mask) = SLOT_REMOVED;
    *room_bytes(dir, (uint64_t)off / WPAGE) = ROOM_MOST;
}

// A page of records was added at OFF, with nothing in it yet.
void index_page(struct inode *dir, int64_t off)
{
    uint64_t page = (uint64_t)off / WPAGE;
    if (!ram(dir)->index.slots)
        return;
    if (data_page_make(dir, DIR_ROOM + page / WPAGE, 0))
        *room_bytes(dir, page) = ROOM_MOST;
    else
        index_drop(dir);
}
