// SPDX-License-Identifier: BSD-2-Clause
// The border between program and kernel.
//
// System calls are function calls, so "in the kernel" is a counter, current->depth. While it is not
// 0 an upcall only notes its events; sys_leave() handles them and delivers signals. A system call
// reads:
//
//     long sys_read(int fd, void *buf, size_t len)
//     {
//         long r;
//         do {
//             sys_enter();
//             r = fd_read(fd, buf, len);
//         } while (sys_leave(&r));
//         return r;
//     }
//
// sys_leave() runs pending handlers; it returns 1 if *r is -ERESTART and the call is to run again
// (no handler ran, or all had SA_RESTART), else turns -ERESTART into -EINTR and returns 0.
#ifndef RAMET_KERNEL_ENTRY_H
#define RAMET_KERNEL_ENTRY_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/thread/thread.h"

void sys_enter(void);
int sys_leave(long *r);
// Leaves a call that never blocks, so never asks for a restart: its result.
static inline long sys_done(long r)
{
    sys_leave(&r);
    return r;
}

// Whether the kernel is running on behalf of the program (upcalls only note events).
static inline int in_kernel(void)
{
    return current->depth != 0;
}

// Around a signal handler, which is program code though it is called from the kernel: sets the
// depth counter (0 = outside) and returns the old one. On the way to 0 events noted meanwhile are
// handled as an upcall would.
uint32_t kernel_depth_set(uint32_t depth);

// Takes shared->pending and handles what it finds: timers, deaths, terminal. In the kernel, with no
// lock held.
void events_handle(void);

// The kernel's share of boot, from arch/x86_64/entry.S; and what it ends with: the C library's
// start (libc-glue).
struct pv_boot_info;
_Noreturn void kernel_main(const struct pv_boot_info *info);
_Noreturn void libc_start(int argc, char **argv, char **envp);

// An upcall of the implementer, from arch/x86_64/entry.S. `fpu` holds the program's vector
// state.
struct pv_frame;
void upcall(struct pv_frame *frame, void *fpu);

// Whether [p, p + n) is memory the program may read (write). The map is static, so this is a few
// comparisons. 0 or -EFAULT.
int user_readable(const void *p, size_t n);
int user_writable(void *p, size_t n);
// Length of the string at p with its NUL: at most max, else -ENAMETOOLONG; -EFAULT when it runs out
// of memory.
long user_strlen(const char *p, size_t max);

#endif
