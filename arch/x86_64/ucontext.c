// SPDX-License-Identifier: BSD-2-Clause
// Registers of an upcall frame to and from Linux's ucontext, for SA_SIGINFO handlers
// (kernel/signal/deliver.c).

#include "kernel/arch.h"

// CF PF AF ZF SF TF DF OF AC: what ring 3 may change of RFLAGS (SDM vol. 1, 3.4.3). IF and IOPL are
// the implementer's.
#define RFLAGS_USER UINT64_C(0x40dd5)

enum {
    R8 = 0,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    RDI,
    RSI,
    RBP,
    RBX,
    RDX,
    RAX,
    RCX,
    RSP,
    RIP,
    EFL,
    CSGSFS,
    ERR,
    TRAPNO,
    OLDMASK,
    CR2,
};

void arch_frame_to_gregs(const struct pv_frame *f, uint64_t gregs[K_NGREG])
{
    gregs[R8] = f->r8, gregs[R9] = f->r9, gregs[R10] = f->r10, gregs[R11] = f->r11;
    gregs[R12] = f->r12, gregs[R13] = f->r13, gregs[R14] = f->r14, gregs[R15] = f->r15;
    gregs[RDI] = f->rdi, gregs[RSI] = f->rsi, gregs[RBP] = f->rbp, gregs[RBX] = f->rbx;
    gregs[RDX] = f->rdx, gregs[RAX] = f->rax, gregs[RCX] = f->rcx, gregs[RSP] = f->rsp;
    gregs[RIP] = f->rip, gregs[EFL] = f->rflags, gregs[CSGSFS] = f->cs;
    gregs[ERR] = f->error, gregs[TRAPNO] = f->vector, gregs[OLDMASK] = 0, gregs[CR2] = f->address;
}

void arch_gregs_to_frame(const uint64_t gregs[K_NGREG], struct pv_frame *f)
{
    f->r8 = gregs[R8], f->r9 = gregs[R9], f->r10 = gregs[R10], f->r11 = gregs[R11];
    f->r12 = gregs[R12], f->r13 = gregs[R13], f->r14 = gregs[R14], f->r15 = gregs[R15];
    f->rdi = gregs[RDI], f->rsi = gregs[RSI], f->rbp = gregs[RBP], f->rbx = gregs[RBX];
    f->rdx = gregs[RDX], f->rax = gregs[RAX], f->rcx = gregs[RCX], f->rsp = gregs[RSP];
    f->rip = gregs[RIP];
    f->rflags = (f->rflags & ~RFLAGS_USER) | (gregs[EFL] & RFLAGS_USER);
}
