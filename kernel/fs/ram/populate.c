// SPDX-License-Identifier: BSD-2-Clause
// The RAM file system as the family finds it: one inode per entry of the image's file table, then
// the names that every program expects. And the way back: from a path to the program that exec
// starts.
//
// Runs once per family, before any other VM exists, so it takes no lock. Contents and link targets
// stay in the image. The table's entries are claimed in order, so entry i's inode is i behind the
// root's.
// Neighbours: abi/image.h (sorted, parents first, checked by the host), dir.c.

#include "abi/image.h"
#include "abi/pv.h"
#include "abi/virtio.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/driver.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/proc/proc.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/window/root.h"

#define NS_PER_SEC INT64_C(1000000000)

const uint8_t *image_base = (const uint8_t *)PV_IMAGE_VA;

static const struct image_header *header(void)
{
    return (const struct image_header *)image_base;
}

static const struct image_file *file_at(uint32_t i)
{
    return (const struct image_file *)(image_base + header()->files_off) + i;
}

static uint32_t type_of(const struct image_file *f)
{
    switch (f->type) {
    case IMAGE_DIR:
        return S_IFDIR;
    case IMAGE_SYMLINK:
        return S_IFLNK;
    case IMAGE_FIFO:
        return S_IFIFO;
    default: // IMAGE_PROGRAM too: it is a file that exec may start
        return S_IFREG;
    }
}

static void set_contents(struct inode *ip, const struct image_file *f)
{
    if (f->type == IMAGE_SYMLINK) {
        ip->image_off = f->target.off;
        ip->image_len = ip->size = f->target.len;
    } else if (f->type != IMAGE_DIR) {
        ip->image_off = f->data_off;
        ip->image_len = ip->size = f->data_size;
    }
    if (f->type == IMAGE_PROGRAM)
        ip->program = (int32_t)f->program;
}

// Names a new inode in a directory and lets go of it.
static int enter(struct inode *dir, const char *name, uint32_t len, struct inode *ip)
{
    int r = inode_link(ip);
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

static int add_file(uint32_t i, struct inode *root)
{
    struct wtable *inodes = &window_root()->inodes;
    const struct image_file *f = file_at(i);
    uint32_t first = root ? wtable_index(inodes, root) : 0;
    struct inode *ip = inode_new(type_of(f) | f->mode);
    if (!ip)
        return -ENOSPC;
    ip->uid = f->uid;
    ip->gid = f->gid;
    set_contents(ip, f);
    if (!root) { // the root directory is its own parent, and nothing names it
        window_root()->root_inode = ip->parent = wref_of(ip);
        ip->nlink = 2;
        return 0;
    }
    if (wtable_index(inodes, ip) != first + i)
        panic("populating an inode table in use");
    const char *path = (const char *)image_base + f->path.off;
    uint32_t skip = f->parent ? file_at(f->parent)->path.len + 1 : 1;
    return enter(wtable_at(inodes, first + f->parent), path + skip, f->path.len - skip, ip);
}

// Last, because adding names to directories changes their times.
static void set_times(struct inode *root)
{
    struct wtable *inodes = &window_root()->inodes;
    uint32_t first = wtable_index(inodes, root);
    for (uint32_t i = 0; i < header()->file_count; i++) {
        struct inode *ip = wtable_at(inodes, first + i);
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

// The directory of that name in the root, made if the image brought none.
static struct inode *directory(struct inode *root, const char *name, uint32_t mode)
{
    struct inode *dir = child(root, name);
    if (dir)
        return dir;
    dir = inode_new(S_IFDIR | mode);
    return dir && enter(root, name, (uint32_t)strlen(name), dir) == 0 ? dir : NULL;
}

static int add_device(struct inode *dev, const struct device *d)
{
    if (child(dev, d->name))
        return 0;
    struct inode *ip = inode_new(d->mode);
    if (!ip)
        return -ENOSPC;
    ip->u.rdev = d->rdev;
    if (d->target) {
        ip->size = strlen(d->target);
        memcpy(ip->u.target, d->target, ip->size); // all are shorter than INODE_INLINE
    }
    return enter(dev, d->name, (uint32_t)strlen(d->name), ip);
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

int fs_populate(void)
{
    int r = add_file(0, NULL);
    struct inode *root = inode_at(window_root()->root_inode);
    for (uint32_t i = 1; r == 0 && i < header()->file_count; i++)
        r = add_file(i, root);
    if (r < 0)
        return r;
    set_times(root);
    struct inode *dev = directory(root, "dev", 0755);
    if (!dev || !directory(root, "tmp", 01777))
        return -ENOSPC;
    if (!directory(dev, "shm", 01777)) // shm_open()'s, as on Linux
        return -ENOSPC;
    r = add_devices(dev);
    if (r == 0 && !child(root, "proc"))
        r = gen_make(root, "proc", GEN_ROOT);
    return r;
}

// --- for exec ---

int fs_exec_lookup(const char *path, int32_t *program, char head[256])
{
    struct walk w;
    int r = path_walk(AT_FDCWD, path, WALK_FOLLOW, &w);
    if (r < 0)
        return r;
    struct inode *ip = w.inode;
    r = inode_is(ip, S_IFREG) && !ip->gen ? inode_may(ip, X_OK, 0) : -EACCES;
    if (r == 0) {
        inode_lock(ip);
        *program = ip->program;
        if (ip->program < 0) {
            memset(head, 0, 256);
            data_read(ip, head, 256, 0);
        }
        inode_unlock(ip);
    }
    walk_done(&w);
    return r;
}
