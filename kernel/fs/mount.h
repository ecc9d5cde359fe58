// SPDX-License-Identifier: BSD-2-Clause
// File systems and where they are mounted (kernel/fs/mount.c).
#ifndef RAMET_KERNEL_MOUNT_H
#define RAMET_KERNEL_MOUNT_H

#include <stdint.h>
#include "kernel/fs/inode.h"
#include "kernel/root.h"

enum fs_number {
    FS_NONE = 0,
    FS_RAM = 1,     // kernel/fs/ram
    FS_PROC = 2,    // kernel/fs/proc
    FS_NUMBERS = 8, // those beyond are free
};

#define MOUNT_READ_ONLY 1u

struct fs_type {
    enum fs_number number;
    const char *name; // what /proc/mounts calls it
    struct inode_ops ops;
    // Makes the root directory's inode, by inode_new(mount, ...), with one reference.
    int (*mount)(uint32_t mount, struct inode **root);
    // Fills what *st has beyond zeros. NULL: nothing counted.
    void (*statfs)(const struct mount *m, struct k_statfs *st);
};

extern const struct fs_type ram_fs, proc_fs;

// Adds a file system that mount.c does not name. Private to a program, as all code is: to others of
// the family its inodes are files that cannot be used (-EIO, -EACCES...).
void fs_add(const struct fs_type *type);

// Mounts a file system over a directory (NULL: as the root of all). Only while the family has one
// process: the table has no lock. 0, -ENODEV (no such file system), -ENOTDIR, -ENFILE, -ENOSPC.
int fs_mount(enum fs_number number, const char *source, struct inode *at, uint32_t flags);

const struct fs_type *fs_type(uint32_t number); // NULL: not in this program
struct mount *mount_of(const struct inode *ip);
// What is seen at a directory: the root of what is mounted over it. Takes over the reference and
// gives one.
struct inode *mount_top(struct inode *dir);
// The directory that a mount's root lies over, or `dir` itself if that is none; no reference.
struct inode *mount_point(struct inode *dir);
void mount_statfs(const struct inode *ip, struct k_statfs *st);

#endif
