// SPDX-License-Identifier: BSD-2-Clause
// What exec and spawn share: from a path and two vectors to a program and one buffer of strings.
#ifndef RAMET_KERNEL_EXEC_H
#define RAMET_KERNEL_EXEC_H

#include <stdint.h>
#include "kernel/proc/proc.h"

#define EXEC_KEEP UINT32_MAX

struct exec_image {
    uint32_t program; // index in the image's program table
    uint32_t argc, envc;
    uint32_t uid, gid; // effective ones, of a set-user-ID or set-group-ID program; else EXEC_KEEP
    // argc, then envc strings with their NULs; valid until the next exec_prepare().
    const char *strings;
    uint64_t len;
    uint64_t args_len; // of the argc strings alone
};

// Finds the program, through `#!` lines if need be, and copies arguments and environment. Nothing
// but the buffer is changed. In the kernel, no lock held. -ENOENT, -EACCES, -ENOEXEC, -ELOOP
// (scripts nested too deeply), -E2BIG, -EFAULT, -ENAMETOOLONG.
int exec_prepare(struct exec_image *image, const char *path, char *const argv[],
                 char *const envp[]);

// What exec changes in p's entry: handlers become default, close-on-exec descriptors go, the name
// is new.
void exec_commit(struct proc *p, const struct exec_image *image, const char *path);

#endif
