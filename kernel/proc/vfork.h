// SPDX-License-Identifier: BSD-2-Clause
// vfork: the child borrows this VM under its own identity until it execs or ends.
//
// No clone is made. sys_vfork() returns 0 first, as the child: proc_self is the child's entry, so
// every system call acts for it, on the memory it shares with its parent as vfork() promises. When
// it execs, the program starts in a new VM (as posix_spawn does it); when it ends, its entry
// becomes a zombie. Either way this VM is the parent again and sys_vfork() returns a second time.
// Neighbours: arch/x86_64/entry.S (returning twice), exec.c, exit.c, spawn.c.
#ifndef RAMET_KERNEL_VFORK_H
#define RAMET_KERNEL_VFORK_H

#include "kernel/arch.h"
#include "kernel/proc/exec.h"

// Begins: makes this VM the child. Called by sys_vfork's assembly with where it was called from.
// What sys_vfork returns first: 0 as the child, or -EAGAIN. In a VM that is borrowed already it is
// fork().
long vfork_begin(const struct arch_context *context);

// Whether this VM is a vforked child's at present.
int vfork_borrowed(void);

// The child's exec, after exec_prepare() has succeeded, and its end, when its entry is a zombie.
// The parent continues.
_Noreturn void vfork_exec(const struct exec_image *image, const char *path);
_Noreturn void vfork_ended(void);

// The fork hook: a clone made by a borrowing child is a process with a VM of its own.
void vfork_fork_child(void);

#endif
