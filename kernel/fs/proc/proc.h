// SPDX-License-Identifier: BSD-2-Clause
// /proc and /dev/fd: inodes whose contents are made up when they are looked at
// (kernel/fs/proc/proc.c).
//
// Such an inode is an ordinary one with `gen` set. Only their top directories have names; what is
// in them is created by a lookup and gone with the last reference.
#ifndef RAMET_KERNEL_FS_PROC_H
#define RAMET_KERNEL_FS_PROC_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/fs/inode.h"

enum gen_kind {
    GEN_NONE = 0,
    GEN_ROOT,   // /proc
    GEN_SELF,   // /proc/self, a symlink
    GEN_PID,    // /proc/PID; `program` is the pid here and below
    GEN_FD_DIR, // /proc/PID/fd, /dev/fd
    GEN_FD,     // /proc/PID/fd/N: opening it is dup(N); `program` is N
    GEN_EXE,    // /proc/PID/exe, a symlink
    GEN_STAT,   // files about a process
    GEN_STATUS,
    GEN_CMDLINE,
    GEN_COMM,
    GEN_MOUNTS, // from here on: files about the system
    GEN_UPTIME,
    GEN_MEMINFO,
    GEN_LOADAVG,
    GEN_VERSION,
};

// Finds a name in such a directory: 0 and a referenced inode, or -errno.
int gen_lookup(struct inode *dir, const char *name, uint32_t len, struct inode **found);
// Follows a GEN_FD symlink: the inode behind the descriptor, or one that opens as dup() if it has
// none. Referenced.
int gen_follow(struct inode *link, struct inode **found);
// The entry at *pos of such a directory (after "." and ".."), name in buf. 1, or 0 at the end.
int gen_next(struct inode *dir, uint64_t *pos, struct dir_item *item, char buf[32]);
long gen_target(struct inode *ip, char *buf, uint32_t size);
// Reads a made-up file; *off moves on.
long gen_read(struct inode *ip, void *buf, uint64_t len, uint64_t *off);
// Makes a directory (or file) of that kind under an existing directory. 0 or -ENOSPC.
int gen_make(struct inode *dir, const char *name, enum gen_kind kind);

#endif
