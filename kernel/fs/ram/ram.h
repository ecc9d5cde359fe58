// SPDX-License-Identifier: BSD-2-Clause
// The RAM file system: what the image brought, and what the family writes into the window.
//
// What came with the image stays there, read-only and shared, page by page until it is written. A
// page, an entry or a size is published by one store after what it refers to is complete, so an
// inode whose owner died under the lock is still usable.
// Files: data.c (contents), map.c (mappings of them), dir.c and index.c (directories), names.c and
// rename.c (what changes them), ram.c (the table of operations), populate.c (from the image).
#ifndef RAMET_KERNEL_RAM_H
#define RAMET_KERNEL_RAM_H

#include <stdint.h>
#include "abi/ramfs.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"

#define RAM_DIRECT RAMFS_DIRECT
#define RAM_LEVELS 4
#define RAM_REFS   UINT64_C(1024) // page references in one page
#define RAM_INLINE 32             // a symlink's target up to this many bytes is in the inode itself
// 4 PB: sparse, of course.
#define RAM_MAX_SIZE                                                                               \
    ((RAM_DIRECT + RAM_REFS * (1 + RAM_REFS * (1 + RAM_REFS * (1 + RAM_REFS)))) * (uint64_t)WPAGE)
// A directory's pages from here on are its index: what the third tree of the map begins with, and
// later in it (index.c).
#define DIR_INDEX (RAM_DIRECT + RAM_REFS * (1 + RAM_REFS))
#define DIR_ROOM  (DIR_INDEX + (UINT64_C(1) << 22)) // behind as many slots as can be
_Static_assert(RAM_REFS == WPAGE / sizeof(struct wref) && RAM_REFS == RAMFS_REFS, "");
_Static_assert(RAMFS_PAGE == WPAGE && RAMFS_PAGE_INODES == WPAGE / sizeof(struct inode) - 1, "");

struct ram_inode { // struct inode.own; under the inode's lock
    union {
        uint64_t image_off; // contents in the image...
        struct {
            uint32_t slots; // directories: of the index; 0: there is none (index.c)
            uint32_t used;  // of these: names, and marks of removed ones
        } index;
    };
    uint64_t image_len; // ...that hold where the map has no page; only ever shrinks
    union {
        struct {
            struct wref direct[RAM_DIRECT];
            struct wref level[RAM_LEVELS]; // [n]: a tree of pages of references, n + 1 deep
        } map;                             // regular files, directories, long symlinks
        char target[RAM_INLINE];
    };
    uint32_t program; // in the image's program table, + 1; 0 = none
    union {
        uint32_t entries; // directories: names in it
        uint32_t mapped;  // regular files: segments that hold pages of it (map.c)
    };
};
_Static_assert(sizeof(struct ram_inode) <= INODE_OWN, "");

static inline struct ram_inode *ram(const struct inode *ip)
{
    return (struct ram_inode *)(uintptr_t)ip->own;
}

// Where the image is mapped in this VM (PV_IMAGE_VA; anywhere in a unit test).
extern const uint8_t *image_base;

// --- data.c; data_* under lock ---

// The locked forms for regular files. Bytes moved, or -EFBIG, -ENOSPC.
long ram_read(struct inode *ip, void *buf, uint64_t len, uint64_t *off);
long ram_write(struct inode *ip, const void *buf, uint64_t len, uint64_t *off, int append);
int ram_truncate(struct inode *ip, uint64_t size);
uint64_t data_read(struct inode *ip, void *buf, uint64_t len, uint64_t off);
// The page with byte `index` * WPAGE, or NULL for a hole. data_page_make() makes one (NULL: window
// full); its old contents are left out when `whole`, because the caller overwrites all of it.
void *data_page(const struct inode *ip, uint64_t index);
void *data_page_make(struct inode *ip, uint64_t index, int whole);
// Makes `page`, fresh and zero, the file's page `index`, with what the file holds there; the old
// page is freed. 0, or -ENOSPC: no room for the map.
int data_page_move(struct inode *ip, uint64_t index, void *page);
// Frees the pages from that one on.
void data_cut(struct inode *ip, uint64_t index);
// Frees pages beyond the end of the file, that a mapping made or a truncation had to leave.
void data_trim(struct inode *ip);
// After a death under the lock, of a regular file: nothing is left behind its end. (data.c)
void data_repair(struct inode *ip);
void data_free(struct inode *ip); // everything

// --- allocate.c ---
int ram_allocate(struct inode *ip, int mode, uint64_t off, uint64_t end);

// --- map.c ---
int ram_map(struct inode *ip, struct shm_segment *s);
void ram_unmap(struct inode *ip, int writable);

// --- dir.c; under the directory's lock ---
struct dir_record { // what a search found
    struct wref inode;
    uint32_t len;
    uint8_t type;     // DT_*
    const char *name; // in the window: valid under the lock
};
struct dir_place { // where in the directory: offsets of records, -1 = none
    int64_t entry;
    int64_t room; // a record that a new name fits into
};
// Finds a name. 0 and *place, -ENOENT and *place with room for it if there is some, or -EIO.
int dir_find(struct inode *dir, const char *name, uint32_t len, struct dir_place *place);
struct inode *dir_inode(struct inode *dir, const struct dir_place *place);
// Adds a name at place->room (or in a new page). -ENOSPC when the window is full: nothing has
// changed then.
int dir_add(struct inode *dir, const struct dir_place *place, const char *name, uint32_t len,
            struct inode *ip);
// The same at the end, for populating: the caller knows that the name is new.
int dir_append(struct inode *dir, const char *name, uint32_t len, struct inode *ip);
void dir_remove(struct inode *dir, const struct dir_place *place);
void dir_replace(struct inode *dir, const struct dir_place *place, struct inode *ip);
// The record at or after *pos; moves *pos behind it. 1, 0 at the end, or -EIO.
int dir_next(struct inode *dir, uint64_t *pos, struct dir_record *record);
// Counts the names anew after an owner's death. In a directory that does not parse any more there
// is at least one: it is not empty, and what looks into it says -EIO.
void dir_count(struct inode *dir);

// --- names.c, rename.c: struct inode_ops ---
int ram_lookup(struct inode *dir, const char *name, uint32_t len, struct inode **found);
int ram_next(struct inode *dir, uint64_t *pos, struct dir_item *item);
long ram_name_of(struct inode *dir, const struct inode *child, char *buf);
int ram_create(struct walk *w, const struct inode_make *what, struct inode **out);
int ram_link(struct walk *w, struct inode *ip);
int ram_unlink(struct walk *w);
int ram_rename(struct walk *from, struct walk *to);
int ram_exchange(struct walk *from, struct walk *to);

#endif
