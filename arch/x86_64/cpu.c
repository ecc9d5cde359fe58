// SPDX-License-Identifier: BSD-2-Clause
// The x86-64 side of kernel/arch.h: calls, the time-stamp counter, upcall set-up, fault decoding.
// Neighbours: entry.S (the assembly), abi/pv.h (the interface), kernel/upcall.c (who is called).

#include "kernel/arch.h"
#include <cpuid.h>
#include "abi/x86.h"
#include "kernel/api/signal.h"

// A stack overflow must find room for its frame somewhere else. A handler without an alternative
// stack does not run here, only the kernel does: 16 KB are ample.
static uint8_t exception_stack[16384] __attribute__((aligned(64))) COLD("exception_stack");

void arch_upcall_entry(void);

int64_t arch_call(struct pv_call *call)
{
    // The code at PV_CALL_VA belongs to the implementer: a port write on the monitor, SYSCALL on
    // the shim, which clobbers RCX and R11 (SDM vol. 2B). It reads and writes the struct behind
    // `call`. The CALL pushes on this stack, so the kernel must be built with -mno-red-zone.
    uintptr_t at = PV_CALL_VA;
    __asm__ volatile("call *%%rax" : "+a"(at) : "D"(call) : "rcx", "r11", "memory", "cc");
    return call->ret;
}

uint64_t arch_cycles(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

void arch_pause(void)
{
    __asm__ volatile("pause");
}

void arch_set_thread_pointer(void *tp)
{
    const struct pv_boot_info *b = (const struct pv_boot_info *)(uintptr_t)PV_BOOT_INFO_VA;
    struct pv_set_tp call = {.call.nr = PV_CALL_SET_TP, .base = (uintptr_t)tp};
    if (b->flags & PV_BOOT_SET_TP)
        arch_call(&call.call);
    else
        __asm__ volatile("wrfsbase %0" : : "r"(tp));
}

// What an upcall keeps of the program's vector state (entry.S): the components of XCR0, or 0 for
// FXSAVE; the bytes of an area that has them all; and whether the processor tells which are in use.
uint64_t arch_fpu_mask, arch_fpu_size;
uint32_t arch_fpu_tells_use;

#define XSAVE_LEAF   0xd               // of CPUID (SDM vol. 1, 13.2)
#define XSAVE_LEGACY 576               // the FXSAVE area and the header
#define XSAVE_AMX    UINT64_C(0x60000) // tiles want leave of the host first; nobody here asks

static uint64_t enabled_components(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static void find_vector_state(void)
{
    uint32_t a, b, c, d;
    arch_fpu_mask = enabled_components() & ~XSAVE_AMX;
    arch_fpu_size = XSAVE_LEGACY;
    for (uint32_t i = 2; i < 63; i++) {
        if (!(arch_fpu_mask >> i & 1))
            continue;
        __cpuid_count(XSAVE_LEAF, i, a, b, c, d); // its size and its place
        if (arch_fpu_size < (uint64_t)a + b)
            arch_fpu_size = (uint64_t)a + b;
    }
    arch_fpu_size = (arch_fpu_size + 63) & ~UINT64_C(63);
    __cpuid_count(XSAVE_LEAF, 1, a, b, c, d);
    arch_fpu_tells_use = a >> 2 & 1;
}

size_t arch_fpu_bytes(const void *fpu)
{
    if (!arch_fpu_mask)
        return 512;
    const uint64_t stored = ((const uint64_t *)fpu)[512 / 8]; // XSTATE_BV (SDM vol. 1, 13.4.2)
    return stored & ~UINT64_C(3) ? (size_t)arch_fpu_size : XSAVE_LEGACY;
}

void arch_upcalls_init(struct pv_shared *shared)
{
    const struct pv_boot_info *b = (const struct pv_boot_info *)(uintptr_t)PV_BOOT_INFO_VA;
    if (b->flags & PV_BOOT_XSAVE)
        find_vector_state();
    shared->exception_stack = (uintptr_t)exception_stack + sizeof exception_stack;
    shared->upcall_entry = (uintptr_t)arch_upcall_entry;
}

int64_t arch_fork(struct pv_fork *call)
{
    // MXCSR and the x87 control word are callee-saved (psABI 3.2.1); the rest of the x87 and SSE
    // state is dead at a function call.
    uint32_t mxcsr;
    uint16_t fcw;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fcw));
    int64_t ret = arch_call(&call->call);
    if (ret == 1)
        __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(fcw));
    return ret;
}

// As arch_switch() (entry.S) leaves a stack, with the units' control words of the caller, which a
// new thread inherits. fn() finds its stack as a call does: 8 below a multiple of 16.
void *arch_stack_begin(void *top, void (*fn)(void))
{
    struct {
        uint32_t mxcsr;
        uint16_t fcw, pad;
        uint64_t saved[6];
        void (*fn)(void);
        uint64_t back; // nowhere: ends backtraces
    } *frame = (void *)(((uintptr_t)top & ~UINT64_C(15)) - sizeof *frame);
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(frame->mxcsr), "=m"(frame->fcw));
    for (int i = 0; i < 6; i++)
        frame->saved[i] = 0;
    frame->fn = fn;
    frame->back = 0;
    return frame;
}

// SIGSEGV's si_code: nothing there, or there but not for this access (SDM vol. 3, 4.7).
static int segv_code(uint64_t error)
{
    return (error & X86_PF_PRESENT) ? SEGV_ACCERR : SEGV_MAPERR;
}

void arch_fault_decode(const struct pv_frame *frame, struct arch_fault *fault)
{
    *fault = (struct arch_fault){SIGSEGV, SI_KERNEL, 0};
    switch (frame->vector) {
    case X86_EXC_DE:
        *fault = (struct arch_fault){SIGFPE, FPE_INTDIV, frame->rip};
        break;
    case X86_EXC_DB:
        *fault = (struct arch_fault){SIGTRAP, TRAP_TRACE, frame->rip};
        break;
    case X86_EXC_BP:
        *fault = (struct arch_fault){SIGTRAP, SI_KERNEL, 0};
        break;
    case X86_EXC_UD:
        *fault = (struct arch_fault){SIGILL, ILL_ILLOPN, frame->rip};
        break;
    case X86_EXC_PF:
        *fault = (struct arch_fault){SIGSEGV, segv_code(frame->error), frame->address};
        break;
    case X86_EXC_MF:
    case X86_EXC_XM:
        *fault = (struct arch_fault){SIGFPE, FPE_FLTINV, frame->rip};
        break;
    case X86_EXC_AC:
        *fault = (struct arch_fault){SIGBUS, BUS_ADRALN, 0};
        break;
    default: // general protection and segment faults carry no address: as on Linux, SI_KERNEL
        break;
    }
}

uint64_t arch_frame_sp(const struct pv_frame *frame)
{
    return frame->rsp;
}

uint64_t arch_frame_pc(const struct pv_frame *frame)
{
    return frame->rip;
}
