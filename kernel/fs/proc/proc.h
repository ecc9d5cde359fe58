// SPDX-License-Identifier: BSD-2-Clause
// /proc: what is behind its inodes (proc.c: the names; text.c: what the files say).
//
// Only its root is there for good; the others are made by a lookup and gone with the last
// reference.
#ifndef RAMET_KERNEL_FS_PROC_H
#define RAMET_KERNEL_FS_PROC_H

#include <stdint.h>
#include "kernel/fs/inode.h"
#include "kernel/root.h"

enum proc_kind {
    PROCFS_ROOT,
    PROCFS_SELF,   // /proc/self, a symlink
    PROCFS_PID,    // /proc/PID; `what` is the pid here and below
    PROCFS_FD_DIR, // /proc/PID/fd
    PROCFS_FD,     // /proc/PID/fd/N: `what` is N
    PROCFS_EXE,    // /proc/PID/exe, a symlink
    PROCFS_IPC,    // /proc/sysvipc
    PROCFS_STAT,   // files about a process
    PROCFS_STATUS,
    PROCFS_CMDLINE,
    PROCFS_COMM,
    PROCFS_MOUNTS, // from here on: files about the system
    PROCFS_UPTIME,
    PROCFS_MEMINFO,
    PROCFS_LOADAVG,
    PROCFS_VERSION,
    PROCFS_IPC_SHM, // files of /proc/sysvipc, in the order of enum ipc_kind
    PROCFS_IPC_SEM,
    PROCFS_IPC_MSG,
};

struct proc_inode { // struct inode.own
    uint32_t kind;  // enum proc_kind, constant
    int32_t what;   // constant
};
_Static_assert(sizeof(struct proc_inode) <= INODE_OWN, "");

static inline struct proc_inode *procfs(const struct inode *ip)
{
    return (struct proc_inode *)(uintptr_t)ip->own;
}

// Reads a file of /proc, whose text is made anew for each read; *off moves on.
long procfs_read(struct inode *ip, void *buf, uint64_t len, uint64_t *off);

// The same of a file of /proc/sysvipc (sysvipc.c).
long sysvipc_read(enum ipc_kind kind, void *buf, uint64_t len, uint64_t *off);

#endif
