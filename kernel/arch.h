// SPDX-License-Identifier: BSD-2-Clause
// The port contract: all the kernel knows of the processor. One implementation: arch/x86_64/.
#ifndef RAMET_KERNEL_ARCH_H
#define RAMET_KERNEL_ARCH_H

#include <stdint.h>
#include "abi/pv.h"
#include "kernel/api/ucontext.h"

// For large buffers few processes touch: the linker script puts them behind what every process
// writes.
#define COLD(name) __attribute__((section(".bss.z." name)))

// Makes the paravirtual call whose argument struct starts with `call`; returns call->ret.
int64_t arch_call(struct pv_call *call);

// The time-stamp counter, at boot_info's rate.
uint64_t arch_cycles(void);

// One turn of a spin loop: tells the processor (and a hyper-threaded sibling) that we wait.
void arch_pause(void);

// Sets the thread pointer (FS base), for thread-local storage.
void arch_set_thread_pointer(void *tp);

// Installs the upcall entry and the exception stack in the shared page. After this, upcalls reach
// upcall() in kernel/upcall.c.
void arch_upcalls_init(struct pv_shared *shared);

// Runs fn(arg) on the stack whose top is `top`, then comes back to this one.
void arch_call_on_stack(void *top, void (*fn)(void *), void *arg);

// PV_CALL_FORK with what the processor needs kept over it (callee-saved state of the x87 and SSE
// units).
int64_t arch_fork(struct pv_fork *call);

// Puts the calling thread aside, its stack pointer in *from, and goes on where another was put
// aside, or begins. Returns when somebody goes on here. Keeps what a function call keeps, the
// control words of the x87 and SSE units among it; not the thread pointer.
void arch_switch(void **from, void *to);
// What arch_switch() finds on a new stack that ends at `top`, of any alignment: it goes on in fn().
void *arch_stack_begin(void *top, void (*fn)(void));

// Where a function was called from, and what it must preserve: enough to return from it once more.
struct arch_context {
    uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip;
    uint64_t keep; // the caller's, handed back to it
};
_Noreturn void arch_return(const struct arch_context *context, long value);

// The processor's error for an exception, as a signal: number, si_code and si_addr.
struct arch_fault {
    int signo;
    int code;
    uint64_t addr;
};
void arch_fault_decode(const struct pv_frame *frame, struct arch_fault *fault);

// The interrupted program's stack pointer and instruction pointer, to choose where a handler runs.
uint64_t arch_frame_sp(const struct pv_frame *frame);
uint64_t arch_frame_pc(const struct pv_frame *frame);

// The interrupted registers in the order of Linux's ucontext (kernel/api/ucontext.h), and back: of
// the flags only those a program may change.
void arch_frame_to_gregs(const struct pv_frame *frame, uint64_t gregs[K_NGREG]);
void arch_gregs_to_frame(const uint64_t gregs[K_NGREG], struct pv_frame *frame);

// Bytes of the vector state that upcall() is handed, a multiple of how it must be aligned or 512.
#define ARCH_FPU_ALIGN 64
size_t arch_fpu_bytes(const void *fpu);

// Continues the program as the frame says, with the vector state `fpu` (as upcall() got it).
_Noreturn void arch_resume(struct pv_frame *frame, void *fpu);

#endif
