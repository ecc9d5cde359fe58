// SPDX-License-Identifier: BSD-2-Clause
// Exceptions, interrupts and calls from ring 3, and upcalls back to it.
#ifndef SHIM_TRAP_H
#define SHIM_TRAP_H

#include <stdint.h>

#include "abi/pv.h"

// SDM vol. 3, 5.8.8 (and the thread pointer's place)
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101

// Ring 3's state on the ring-0 stack, as entry.S pushes it.
struct frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

// Descriptor tables, SYSCALL, processor features.
void trap_init(void);

// Whether ring 3 has WRFSBASE; QEMU's default processor and real ones before 2012 do not.
int trap_has_fsgsbase(void);

// Runs ring 3 from `f`.
_Noreturn void resume(const struct frame *f);

// Sleeps until an interrupt has been handled.
void idle(void);

// x87 and SSE state as at a program's start.
void fpu_reset(void);

// Posts events to ring 3: an upcall on the way back to it unless it masks them.
void trap_post(uint32_t events);

static inline struct pv_shared *trap_shared(void)
{
    return (struct pv_shared *)PV_SHARED_VA;
}

#endif
