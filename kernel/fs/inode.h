// SPDX-License-Identifier: BSD-2-Clause
// Inodes, and the seam between what is the same for all file systems and what each does its way.
//
// An inode lies in the window and holds no code: `fs` says which table of operations is its own, in
// each program's private list of file systems (mount.c). Above the seam are path.c, open.c, name.c,
// rename.c, attr.c: walks, rights, descriptors, the errors of POSIX. Below it are ram/ (files of
// the window and the image) and proc/ (/proc). A file system more is a struct fs_type, in a file of
// its own, and a line in mount.c.
// Lock order: file.lock, rename_lock, then inodes: a directory before what it holds. docs/files.md.
#ifndef RAMET_KERNEL_INODE_H
#define RAMET_KERNEL_INODE_H

#include <stdint.h>
#include "kernel/api/stat.h"
#include "kernel/window/lock.h"
#include "kernel/window/window.h"

#define FS_NAME_MAX  255
#define FS_PATH_MAX  4096 // with the NUL
#define FS_LINKS_MAX 65000
#define FS_DEV       1 // st_dev of the root's file system; others count on
#define INODE_OWN    56
#define INODE_MEMFD  0x80u // in inode.seals: memfd_create() made it

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
    uint8_t fs;      // enum fs_number, constant
    uint8_t mount;   // index in wroot.mounts, constant
    uint8_t covered; // directories: the mount that lies over it; 0 = none
    uint8_t seals;   // F_SEAL_*, under lock, and INODE_MEMFD; only of a memfd
    uint64_t size;
    int64_t atime, mtime, ctime; // ns since 1970
    union {
        struct wref parent; // directories: "..", holds a reference; a mount's root is its own,
                            // without
        uint32_t rdev;      // devices
        struct wref pipe;   // FIFO that is open somewhere (kernel/ipc/fifo.c)
        struct wref socket; // that is bound to it (kernel/net/unix_name.c)
    };
    uint32_t pages;              // that hold its contents, for stat
    uint64_t own[INODE_OWN / 8]; // the file system's
};
_Static_assert(sizeof(struct inode) == 128, "two cache lines");

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

// --- what a file system does ---

struct file;
struct shm_segment;
struct walk; // kernel/fs/path.h

struct dir_item { // what a listing found
    uint32_t ino;
    uint32_t len;
    uint8_t type; // DT_*
    char name[FS_NAME_MAX + 1];
};

struct inode_make { // what create() makes; rights have been checked, mode and gid worked out
    uint32_t mode, gid;
    uint32_t rdev;      // devices
    const char *target; // symlinks
    uint32_t len;       // of the target
};

struct inode_change { // what set() changes; rights have been checked
    uint32_t what;    // INODE_SET_*
    uint32_t mode, uid, gid;
    int64_t atime, mtime;
};
#define INODE_SET_MODE  0x01u // permissions
#define INODE_SET_UID   0x02u
#define INODE_SET_GID   0x04u
#define INODE_SET_ATIME 0x08u
#define INODE_SET_MTIME 0x10u
#define INODE_NO_SETID  0x20u // set-id bits of what is no directory go (POSIX chown())

#define FS_AGAIN                                                                                   \
    1 // of link, unlink, rename and exchange: a name is not what the walk found; walk again

// Called without the inode's lock, by a caller that holds references on all it hands over. What is
// NULL is not supported, with the error of the comment. Names have no NUL. 0 or -errno.
struct inode_ops {
    // Directories. lookup: a referenced inode. next: the entry at or after *pos, moved behind it;
    // 1, or 0 at the end. name_of: the child's name into buf (FS_NAME_MAX bytes), its length.
    int (*lookup)(struct inode *dir, const char *name, uint32_t len, struct inode **found);
    int (*next)(struct inode *dir, uint64_t *pos, struct dir_item *item);
    long (*name_of)(struct inode *dir, const struct inode *child, char *buf); // NULL: -ENOENT
    // Changes of names: w->name in w->dir, w->inode as the walk found it. create: a referenced
    // inode; -EEXIST if there is such a name by now. A directory must be empty to be unlinked or
    // replaced.
    int (*create)(struct walk *w, const struct inode_make *what, struct inode **out); // -EACCES
    int (*link)(struct walk *w, struct inode *ip);                                    // -EPERM
    int (*unlink)(struct walk *w);                                                    // -EPERM
    int (*rename)(struct walk *from, struct walk *to);   // -EPERM; under rename_lock
    int (*exchange)(struct walk *from, struct walk *to); // -EINVAL; the same
    // Symlinks. target: NUL-terminated, at most size - 1 bytes; its length. follow: the inode that
    // it stands for, referenced, or NULL in *found: its text leads on. NULL: text.
    long (*target)(struct inode *ip, char *buf, uint32_t size);
    int (*follow)(struct inode *ip, struct inode **found);
    // Opening: a description of its own making in *out, or NULL there for an ordinary one.
    int (*open)(struct inode *ip, int flags, struct file **out);
    // Regular files. *off is moved on; with `append` a write goes to the end, wherever *off points.
    // NULL: -EIO, -EACCES, -EACCES, nothing to do.
    long (*read)(struct inode *ip, void *buf, uint64_t len, uint64_t *off);
    long (*write)(struct inode *ip, const void *buf, uint64_t len, uint64_t *off, int append);
    int (*truncate)(struct inode *ip, uint64_t size);
    int (*sync)(struct inode *ip);
    // fallocate(): pages for [off, end), or zeros in it (FALLOC_FL_*). NULL: -EOPNOTSUPP.
    int (*allocate)(struct inode *ip, int mode, uint64_t off, uint64_t end);
    // Pins the pages that s->index and s->pages name and sets s->start and s->inode, with a
    // reference. -ENOMEM: the window is full, or they cannot be moved into a row.
    int (*map)(struct inode *ip, struct shm_segment *s); // -ENODEV
    void (*unmap)(struct inode *ip, int writable);
    // The program of the image that this file is, or -1. NULL: none.
    int32_t (*program)(struct inode *ip);
    // Attributes. stat is called when *st is filled from the inode.
    void (*stat)(struct inode *ip, struct k_stat *st);
    int (*set)(struct inode *ip, const struct inode_change *c); // -EPERM; or inode_set()
    // Under lock: its last owner died there; what can be found broken is told by what is called
    // next.
    void (*repair)(struct inode *ip);
    void (*release)(struct inode *ip); // the last reference is gone
};

const struct inode_ops *inode_ops(const struct inode *ip);

// --- inode.c ---

// A new inode of that mount with no name and one reference, owned by the caller's effective ids.
// NULL: the window is full.
struct inode *inode_new(uint32_t mount, uint32_t mode);
// Takes and drops references; the last one frees the inode, what it holds and its hold on its
// parent.
void inode_get(struct inode *ip);
void inode_put(struct inode *ip);
// One name more or less. inode_link fails (-EMLINK, or -ENOENT without `first`: the last name is
// gone).
int inode_link(struct inode *ip, int first);
void inode_unlink(struct inode *ip);
// Locks it. Never fails: what an owner that died left broken, the operations find.
void inode_lock(struct inode *ip);
void inode_unlock(struct inode *ip);
// Whether the caller may do all of `mask` (R_OK, W_OK, X_OK) by its effective (real: `real`) ids.
// 0, -EACCES, or -EROFS.
int inode_may(const struct inode *ip, uint32_t mask, int real);
// Whether the caller is in that group, by its effective (real) ids.
int inode_in_group(uint32_t gid, int real);
void inode_stat(struct inode *ip, struct k_stat *st);
int64_t inode_now(void);
// Marks a change of contents (and status), or of status only. Under lock.
void inode_changed(struct inode *ip);
void inode_status_changed(struct inode *ip);
// The set operation of a file system that keeps attributes in the inode and nowhere else.
int inode_set(struct inode *ip, const struct inode_change *c);
// Whether one of these seals forbids a change: 0 or -EPERM (kernel/file/memfd.c).
int inode_sealed(const struct inode *ip, uint32_t seals);
// The operations of that name, for kernel/mem/shared.c.
int inode_map(struct inode *ip, struct shm_segment *s);
void inode_unmap(struct inode *ip, int writable);

#endif
