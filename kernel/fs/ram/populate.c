// SPDX-License-Identifier: BSD-2-Clause
// The RAM file system as the family finds it: one inode per entry of the image's file table, then
// the names that every program expects. And the way back: from a path to the program that exec
// starts.
//
// Runs once per family, before any other VM exists, so it takes no lock. Contents and link targets
// stay in the image. Inodes are claimed in order, so entry i's inode has number i.
// Neighbours: abi/image.h (sorted, parents first, checked by the host), abi/ramfs.h (how the host
// knows beforehand that it fits), dir.c.

#include "abi/image.h"
#include "abi/pv.h"
#include "abi/virtio.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/driver.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/ram/ram.h"
#include "kernel/ipc/pipe.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"

#define NS_PER_SEC INT64_C(1000000000)

// What the host reckons with when it is asked whether an image fits.
_Static_assert(sizeof(struct proc) + sizeof(struct window_door) + 8 * sizeof(struct file) +
                       2 * sizeof(struct pipe) <=
                   RAMFS_TABLES_SLOT,
               "abi/ramfs.h: tables by process");
_Static_assert(sizeof(struct wroot) + sizeof(struct window_tty) <= RAMFS_TABLES_FIXED / 4,
               "abi/ramfs.h: tables of fixed size");

const uint8_t *image_base = (const uint8_t *)PV_IMAGE_VA;

static const struct image_header *header(void)
{
    return (const struct image_header *)image_base;
}

static const struct image_file *file_at(uint32_t i)
{
    return (const struct image_file *)(image_base + header()->files_off) + i;
}

static uint32_t mode_of(const struct image_file *f)
{
    switch (f->type) {
    case IMAGE_DIR:
        return f->mode | S_IFDIR;
    case IMAGE_SYMLINK:
        return f->mode | S_IFLNK;
    case IMAGE_FIFO:
        return f->mode | S_IFIFO;
    default: // IMAGE_PROGRAM too: it is a file that exec may start
        return f->mode | S_IFREG;
    }
}

static void set_contents(struct inode *ip, const struct image_file *f)
{
    if (f->type == IMAGE_SYMLINK) {
        ram(ip)->image_off = f->target.off;
        ram(ip)->image_len = ip->size = f->target.len;
    } else if (f->type != IMAGE_DIR) {
        ram(ip)->image_off = f->data_off;
        ram(ip)->image_len = ip->size = f->data_size;
    }
    if (f->type == IMAGE_PROGRAM)
        ram(ip)->program = f->program + 1;
}

// Names a new inode in a directory and lets go of it.
static int name_new(struct inode *dir, const char *name, uint32_t len, struct inode *ip)
{
    int r = inode_link(ip, 1);
    if (r == 0)
        r = dir_append(dir, name, len, ip);
    if (r == 0 && inode_is(ip, S_IFDIR)) {
        ip->parent = wref_of(dir);
        inode_get(dir);
        ip->nlink++; // "."
        dir->nlink++;
    }
    inode_put(ip);
    return r;
}

static struct inode *entry_inode(uint32_t i)
{
    return wslab_at(&window_root()->inodes, i);
}

// Parents come before what is in them (the host has checked the order), and the i-th file is the
// i-th inode, so a parent is found by its number.
static int add_file(uint32_t i)
{
    const struct image_file *f = file_at(i);
    struct inode *ip = i ? inode_new(0, mode_of(f)) : inode_at(window_root()->root_inode);
    if (!ip)
        return -ENOSPC;
    if (ip != entry_inode(i))
        panic("populating inodes in use");
    ip->mode = mode_of(f);
    ip->uid = f->uid;
    ip->gid = f->gid;
    set_contents(ip, f);
    if (i == 0) // nothing names the root
        return 0;
    const char *path = (const char *)image_base + f->path.off;
    uint32_t len = ramfs_name_len(file_at(0), i);
    return name_new(entry_inode(f->parent), path + f->path.len - len, len, ip);
}

// Last, because adding names to directories changes their times.
static void set_image_times(void)
{
    for (uint32_t i = 0; i < header()->file_count; i++) {
        struct inode *ip = entry_inode(i);
        ip->atime = ip->mtime = ip->ctime = file_at(i)->mtime * NS_PER_SEC;
    }
}

// --- names every program expects ---

struct device {
    const char *name;
    uint32_t mode, rdev;
    const char *target; // a symlink's
};

static const struct device devices[] = {
    {"null", S_IFCHR | 0666, DEV_NULL, NULL},
    {"zero", S_IFCHR | 0666, DEV_ZERO, NULL},
    {"full", S_IFCHR | 0666, DEV_FULL, NULL},
    {"random", S_IFCHR | 0666, DEV_RANDOM, NULL},
    {"urandom", S_IFCHR | 0666, DEV_URANDOM, NULL},
    {"tty", S_IFCHR | 0666, DEV_TTY, NULL},
    {"console", S_IFCHR | 0600, DEV_CONSOLE, NULL},
    {"fd", S_IFLNK | 0777, 0, "/proc/self/fd"},
    {"stdin", S_IFLNK | 0777, 0, "/proc/self/fd/0"},
    {"stdout", S_IFLNK | 0777, 0, "/proc/self/fd/1"},
    {"stderr", S_IFLNK | 0777, 0, "/proc/self/fd/2"},
};

static struct inode *child(struct inode *dir, const char *name)
{
    struct dir_place place;
    int r = dir_find(dir, name, (uint32_t)strlen(name), &place);
    return r == 0 ? dir_inode(dir, &place) : NULL;
}

// What has that name in a directory; a directory, made if the image brought nothing. NULL: no room.
static struct inode *directory(struct inode *in, const char *name, uint32_t mode)
{
    struct inode *dir = child(in, name);
    if (dir)
        return dir;
    dir = inode_new(0, S_IFDIR | mode);
    return dir && name_new(in, name, (uint32_t)strlen(name), dir) == 0 ? dir : NULL;
}

// A name that the image has brought is left as it is.
static int add_device(struct inode *dev, const struct device *d)
{
    if (child(dev, d->name))
        return 0;
    struct inode *ip = inode_new(0, d->mode);
    if (!ip)
        return -ENOSPC;
    if (d->target) {
        ip->size = strlen(d->target);
        memcpy(ram(ip)->target, d->target, ip->size); // all are shorter than RAM_INLINE
    } else {
        ip->rdev = d->rdev;
    }
    return name_new(dev, d->name, (uint32_t)strlen(d->name), ip);
}

// Those of boot_info, whether this program has a driver for them or not: another one may.
static int add_found(struct inode *dev)
{
    struct device hvc = {"hvc0", S_IFCHR | 0600, DEV_HVC, NULL};
    struct device rng = {"hwrng", S_IFCHR | 0600, DEV_HWRNG, NULL};
    int r = 0;
    for (uint32_t disk = 0; r == 0 && device_find(VIRTIO_ID_BLOCK, disk); disk++) {
        char name[] = {'v', 'd', (char)('a' + disk), '\0'}; // at most PV_MAX_DEVICES
        r = add_device(dev, &(struct device){name, S_IFBLK | 0660, DEV_VD(disk), NULL});
    }
    if (r == 0 && device_find(VIRTIO_ID_CONSOLE, 0))
        r = add_device(dev, &hvc);
    if (r == 0 && device_find(VIRTIO_ID_RNG, 0))
        r = add_device(dev, &rng);
    return r;
}

static int add_devices(struct inode *dev)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < ARRAY_LEN(devices); i++)
        r = add_device(dev, &devices[i]);
    return r < 0 ? r : add_found(dev);
}

// /dev with its names, /tmp, and /proc: on directories of the image or on new ones. A link /tmp is
// the image's own affair, but we must not follow one to make devices.
static int add_expected(struct inode *root)
{
    struct inode *dev = directory(root, "dev", 0755), *proc = directory(root, "proc", 0555);
    if (!dev || !proc || !directory(root, "tmp", 01777))
        return -ENOSPC;
    if (!inode_is(dev, S_IFDIR) || !inode_is(proc, S_IFDIR))
        return -ENOTDIR;
    if (!directory(dev, "shm", 01777)) // shm_open()'s, as on Linux
        return -ENOSPC;
    int r = add_devices(dev);
    return r < 0 ? r : fs_mount(FS_PROC, "proc", proc, 0);
}

// By the first program, before there is another. Contents stay in the image: no byte is copied.
int fs_populate(void)
{
    int r = fs_mount(FS_RAM, "ramet", NULL, 0);
    window_root()->root_inode = window_root()->mounts[0].root;
    for (uint32_t i = 0; r == 0 && i < header()->file_count; i++)
        r = add_file(i);
    if (r < 0)
        return r;
    set_image_times();
    return add_expected(inode_at(window_root()->root_inode));
}

// --- for exec ---

// HEAD is zero behind a short file's end. The file may change before it is run: what runs is what
// the host checks later.
int fs_exec_lookup(const char *path, struct exec_file *file)
{
    struct walk w;
    int r = path_walk(AT_FDCWD, path, WALK_FOLLOW, &w);
    if (r < 0)
        return r;
    const struct inode_ops *ops = inode_ops(w.inode);
    uint64_t off = 0;
    r = inode_is(w.inode, S_IFREG) && ops->read ? inode_may(w.inode, X_OK, 0) : -EACCES;
    if (r == 0) {
        struct inode *ip = w.inode;
        const int32_t program = ops->program ? ops->program(ip) : -1;
        *file = (struct exec_file){program, ip->mode, ip->uid, ip->gid, {0}};
        if (program < 0 && ops->read(ip, file->head, EXEC_HEAD, &off) < 0)
            r = -EIO;
    }
    walk_done(&w);
    return r;
}
