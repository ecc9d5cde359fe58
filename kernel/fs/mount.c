// SPDX-License-Identifier: BSD-2-Clause
// The file systems that there are, and where they are mounted.
//
// Which code serves a file system is private to each program of the family; what is mounted where
// is in the window, as numbers. Mounts are made at boot by the family's first program and stay, so
// that a walk crosses them without a lock.
// Neighbours: path.c (walks cross mounts), ram/populate.c (which mounts), inode.h (the operations).

#include "kernel/fs/mount.h"
#include "kernel/api/errno.h"
#include "kernel/lib.h"
#include "kernel/root.h"

static const struct fs_type *types[FS_NUMBERS] = {
    [FS_RAM] = &ram_fs,
    [FS_PROC] = &proc_fs,
};

static const struct inode_ops no_ops = {0};

// Before anything is mounted, in every program of the family: types[] is private memory, so one
// that leaves it out finds that file system's files without operations (EIO), not somebody else's
// code.
void fs_add(const struct fs_type *type)
{
    types[type->number] = type;
}

const struct fs_type *fs_type(uint32_t number)
{
    // Another VM could have written nonsense there.
    return number < FS_NUMBERS ? types[number] : NULL;
}

const struct inode_ops *inode_ops(const struct inode *ip)
{
    const struct fs_type *type = fs_type(ip->fs);
    return type ? &type->ops : &no_ops;
}

// The number is cut to the table rather than believed: it lies in the window.
struct mount *mount_of(const struct inode *ip)
{
    return &window_root()->mounts[ip->mount % FS_MOUNTS];
}

// Takes over the reference on DIR and returns one on what is on top of it.
struct inode *mount_top(struct inode *dir)
{
    // Several may lie over one another: a walk enters the top one.
    while (dir->covered) {
        struct inode *top = inode_at(window_root()->mounts[dir->covered % FS_MOUNTS].root);
        inode_get(top);
        inode_put(dir);
        dir = top;
    }
    return dir;
}

// The reverse: from the root of a mount to what it covers, through all that lie over one another.
// No reference is taken: mounts stay, and hold theirs.
struct inode *mount_point(struct inode *dir)
{
    for (;;) {
        const struct mount *m = mount_of(dir);
        struct inode *at = inode_at(m->at);
        if (!at || inode_at(m->root) != dir)
            return dir;
        dir = at;
    }
}

// AT is NULL for the family's root. A type that fails leaves its entry without a root, and so free.
int fs_mount(enum fs_number number, const char *source, struct inode *at, uint32_t flags)
{
    struct mount *mounts = window_root()->mounts;
    const struct fs_type *type = fs_type(number);
    uint32_t i = 0;
    if (!type)
        return -ENODEV;
    if (at && !inode_is(at, S_IFDIR))
        return -ENOTDIR;
    while (i < FS_MOUNTS && mounts[i].root.unit)
        i++;
    if (i == FS_MOUNTS)
        return -ENFILE;
    struct inode *root;
    mounts[i] = (struct mount){.fs = number, .flags = flags};
    memcpy(mounts[i].source, source, min_u64(strlen(source), sizeof mounts[i].source - 1));
    int r = type->mount(i, &root);
    if (r < 0)
        return r;
    root->parent = wref_of(root);
    // The entry is complete before `covered` leads a walk to it. Boot has one process, so no lock.
    mounts[i].root = wref_of(root);
    if (at) {
        inode_get(at);
        mounts[i].at = wref_of(at);
        at->covered = (uint8_t)i;
    }
    return 0;
}

void mount_statfs(const struct inode *ip, struct k_statfs *st)
{
    const struct fs_type *type = fs_type(ip->fs);
    *st = (struct k_statfs){.bsize = WPAGE, .frsize = WPAGE, .namelen = FS_NAME_MAX};
    if (type && type->statfs)
        type->statfs(mount_of(ip), st);
    st->fsid[0] = FS_DEV + ip->mount;
}
