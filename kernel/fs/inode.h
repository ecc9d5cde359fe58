// SPDX-License-Identifier: BSD-2-Clause
// The RAM file system: inodes, file contents, directories, path walks.
//
// Inodes live in the window's table, contents and directory entries in its pages. What came with
// the image stays there, read-only and shared, page by page until it is written. A page, an entry
// or a size is published by one store after what it refers to is complete, so an inode whose owner
// died under the lock is still usable.
// Layers: inode.c, fs/ram/data.c, fs/ram/dir.c, path.c; above them open.c, name.c, rename.c,
// attr.c.
// Lock order: rename_lock, file.lock, then inodes: a directory before what it holds. docs/files.md.
#ifndef RAMET_KERNEL_INODE_H
#define RAMET_KERNEL_INODE_H

#include <stdint.h>
#include "kernel/api/stat.h"
#include "kernel/window/lock.h"
#include "kernel/window/window.h"

#define FS_NAME_MAX    255
#define FS_PATH_MAX    4096 // with the NUL
#define FS_LINKS_MAX   65000
#define FS_DEV         1 // st_dev of everything
#define INODE_DIRECT   6
#define INODE_REFS     (WPAGE / sizeof(struct wref)) // page references in one page
#define INODE_INLINE   32 // a symlink's target up to this many bytes is in the inode itself
#define INODE_MAX_SIZE ((INODE_DIRECT + INODE_REFS + INODE_REFS * INODE_REFS) * (uint64_t)WPAGE)

struct inode {
    // Atomic. Open files, working directories, calls in progress, subdirectories ("..") and, while
    // nlink is above 0, one for all names. 0 = free.
    _Atomic uint32_t refs;
    struct wlock lock;
    _Atomic uint32_t nlink;
    uint32_t ino; // constant, and the file type in mode
    // Under lock; single words may be read without.
    uint32_t mode; // S_IFMT and permissions
    uint32_t uid, gid;
    uint32_t pages; // data pages in the map
    uint64_t size;
    int64_t atime, mtime, ctime; // ns since 1970
    uint64_t image_off;          // contents in the image...
    uint64_t image_len;          // ...that hold where the map has no page; only ever shrinks
    int32_t program;             // in the image's program table, -1 = none; if `gen`, which one
    uint32_t gen;                // enum gen_kind: contents are made up (fs/proc/proc.c); 0 = stored
    union {
        struct {
            struct wref direct[INODE_DIRECT];
            struct wref indirect; // page of references
            struct wref twice;    // page of references to pages of references
        } map;                    // regular files, directories, long symlinks
        char target[INODE_INLINE];
        uint32_t rdev;    // devices
        struct wref pipe; // FIFO that is open somewhere
    } u;
    struct wref parent; // directories: "..", holds a reference; the root is its own, without
    union {
        uint32_t entries; // directories: names in it
        uint32_t mapped;  // regular files: segments that hold pages of it (fs/ram/map.c)
    };
};
_Static_assert(sizeof(struct inode) == 128, "two cache lines");

// Where the image is mapped in this VM (PV_IMAGE_VA; anywhere in a unit test).
extern const uint8_t *image_base;

static inline struct inode *inode_at(struct wref ref)
{
    return wref_ptr(ref);
}

static inline int inode_is(const struct inode *ip, uint32_t type)
{
    return (ip->mode & S_IFMT) == type;
}

static inline int inode_is_device(const struct inode *ip)
{
    return inode_is(ip, S_IFCHR) || inode_is(ip, S_IFBLK);
}

// --- inode.c --- A new inode with no name and one reference, owned by the caller's effective
// ids. NULL: table full.
struct inode *inode_new(uint32_t mode);
// Takes and drops references; the last one frees the inode, its pages and its hold on its parent.
void inode_get(struct inode *ip);
void inode_put(struct inode *ip);
// One name more or less. inode_link fails (-ENOENT, -EMLINK) when the last name is gone or there
// are too many.
int inode_link(struct inode *ip);
void inode_unlink(struct inode *ip);
// Locks it; -EIO (not locked) if its directory pages turn out broken after an owner's death.
int inode_lock(struct inode *ip);
void inode_unlock(struct inode *ip);
// Whether the caller may do all of `mask` (R_OK, W_OK, X_OK) by its effective (real: `real`) ids. 0
// or -EACCES.
int inode_may(const struct inode *ip, uint32_t mask, int real);
void inode_stat(struct inode *ip, struct k_stat *st);
int64_t inode_now(void);
// Marks a change of contents (and status), or of status only. Under lock.
void inode_changed(struct inode *ip);
void inode_status_changed(struct inode *ip);

// --- fs/ram/data.c; all but the first two under lock --- The locked forms for regular files. Bytes
// moved, or -EFBIG, -ENOSPC, -EIO. With `append` the write goes to the end, wherever *off points.
// *off is moved on.
long inode_read(struct inode *ip, void *buf, uint64_t len, uint64_t *off);
long inode_write(struct inode *ip, const void *buf, uint64_t len, uint64_t *off, int append);
uint64_t data_read(struct inode *ip, void *buf, uint64_t len, uint64_t off);
// The page with byte `index` * WPAGE, or NULL for a hole. data_page_make() makes one (NULL: window
// full); its old contents are left out when `whole`, because the caller overwrites all of it.
void *data_page(const struct inode *ip, uint64_t index);
void *data_page_make(struct inode *ip, uint64_t index, int whole);
int data_resize(struct inode *ip, uint64_t size); // -EFBIG
// Makes `page`, fresh and zero, the file's page `index`, with what the file holds there; the old
// page is freed. 0, or -ENOSPC: no room for the map.
int data_page_move(struct inode *ip, uint64_t index, void *page);
// Frees pages beyond the end of the file, that a mapping made or a truncation had to leave.
void data_trim(struct inode *ip);
void data_free(struct inode *ip); // everything; the inode is on its way out

// --- fs/ram/map.c ---
struct shm_segment;
// Pins the pages that s->index and s->pages name and sets s->start and s->inode, with a reference.
// 0, -EIO or -ENOMEM: the window is full, or some of them are mapped already and cannot be moved
// into a row.
int inode_map(struct inode *ip, struct shm_segment *s);
void inode_unmap(struct inode *ip, int writable);

// --- fs/ram/dir.c; under the directory's lock ---
struct dir_item { // what a search or a listing found
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
// The entry at or after *pos; moves *pos behind it. 1, 0 at the end, or -EIO.
int dir_next(struct inode *dir, uint64_t *pos, struct dir_item *item);
// Checks every record after an owner's death and counts them anew. 0 or -EIO.
int dir_check(struct inode *dir);

// --- path.c ---
#define WALK_FOLLOW 1u // a symlink as the last component is followed
#define WALK_CREATE 2u // the last component may be missing
#define WALK_EMPTY  4u // AT_EMPTY_PATH: "" is dirfd itself

enum walk_last {
    WALK_NAME, // an ordinary name
    WALK_DOT,  // ".", or nothing ("/", "")
    WALK_DOTDOT,
};

struct walk {
    struct inode *dir;   // holds the last component, referenced; NULL after WALK_EMPTY found a file
    struct inode *inode; // referenced; NULL: missing (WALK_CREATE)
    enum walk_last last;
    int slash; // the path ended in a slash
    uint32_t len;
    char name[FS_NAME_MAX + 1];
};

// Walks a path of the program (checked here: -EFAULT, -ENAMETOOLONG). On 0 the caller ends with
// walk_done().
int path_walk(int dirfd, const char *path, uint32_t flags, struct walk *w);
void walk_done(struct walk *w);
// The target of a symlink, NUL-terminated, at most size - 1 bytes. Its length, or -EIO. Takes the
// lock.
long link_target(struct inode *ip, char *buf, uint32_t size);

#endif
