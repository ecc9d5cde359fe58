// SPDX-License-Identifier: BSD-2-Clause
// What exec and spawn share: from a path and two vectors to a program and one buffer of strings.
#ifndef RAMET_KERNEL_EXEC_H
#define RAMET_KERNEL_EXEC_H

#include <stdint.h>
#include "abi/pv.h"
#include "kernel/proc/proc.h"

#define EXEC_KEEP UINT32_MAX

struct exec_image {
    uint32_t program; // index in the image's program table, or PV_PROGRAM_FILE
    uint32_t argc, envc;
    uint32_t uid, gid; // effective ones, of a set-user-ID or set-group-ID program; else EXEC_KEEP
    // argc, then envc strings with their NULs; valid until the next exec_prepare().
    const char *strings;
    uint64_t len;
    uint64_t args_len; // of the argc strings alone
    // PV_PROGRAM_FILE: a copy of the file, in private memory.
    void *file;
    uint64_t file_len;
};

// Finds the program, through `#!` lines if need be, and copies arguments and environment. Nothing
// but the buffer is changed, and memory for a program that is a file: after success the caller
// calls exec_forget() unless it does not return. In the kernel, no lock held. -ENOENT, -EACCES,
// -ENOEXEC, -ELOOP (scripts nested too deeply), -E2BIG, -EFAULT, -ENAMETOOLONG, -ENOMEM.
int exec_prepare(struct exec_image *image, const char *path, char *const argv[],
                 char *const envp[]);
void exec_forget(const struct exec_image *image);

// The host's argument for it.
struct pv_exec exec_call(const struct exec_image *image);

// What exec changes in p's entry: handlers become default, close-on-exec descriptors go, the name
// is new.
void exec_commit(struct proc *p, const struct exec_image *image, const char *path);

// Notes what a program's mode says of who it runs as.
void exec_set_ids(struct exec_image *image, uint32_t mode, uint32_t uid, uint32_t gid);

// --- exec_file.c ---
// Reads a file of the family that may be executed: image->file and file_len, and whom it runs as.
// 0 or -errno.
int exec_file_read(struct exec_image *image, const char *path);

#endif
