// SPDX-License-Identifier: BSD-2-Clause
// Everything that enters ring 0 arrives in trap(); on the way out events become upcalls.
// Neighbours: entry.S (stubs), regions.c (page faults), call.c (paravirtual calls), apic.c,
// tables.c (descriptor tables).

#include "arch/x86_64/shim/trap.h"

#include "abi/x86.h"
#include "arch/x86_64/shim/time/apic.h"
#include "arch/x86_64/shim/call.h"
#include "arch/x86_64/shim/console.h"
#include "arch/x86_64/shim/layout.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/regions.h"
#include "arch/x86_64/shim/time/timer.h"

#define UPCALL_RFLAGS (X86_RFLAGS_ONE | X86_RFLAGS_IF)
#define RED_ZONE      128

void trap(struct frame *f);
extern uint8_t call_entry[]; // entry.S

// The next page fault overwrites it, also one of ours.
static uint64_t fault_address(void)
{
    uint64_t cr2;
    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    return cr2;
}

void trap_post(uint32_t events)
{
    __atomic_fetch_or(&trap_shared()->pending, events, __ATOMIC_SEQ_CST);
}

// Pushes `upcall`, completed with the registers, below `top`. 0: that is not the program's memory.
// `top` comes from ring 3, so it is checked against what ring 3 itself may write; the copy may then
// fault and make the page, like any access of the program.
static int push(struct frame *f, uint64_t top, struct pv_frame *upcall)
{
    uint64_t at = (top - sizeof *upcall) & ~UINT64_C(15);
    if (!regions_allow(at, sizeof *upcall, 1))
        return 0;
    upcall->rax = f->rax, upcall->rbx = f->rbx, upcall->rcx = f->rcx, upcall->rdx = f->rdx;
    upcall->rsi = f->rsi, upcall->rdi = f->rdi, upcall->rbp = f->rbp;
    upcall->r8 = f->r8, upcall->r9 = f->r9, upcall->r10 = f->r10, upcall->r11 = f->r11;
    upcall->r12 = f->r12, upcall->r13 = f->r13, upcall->r14 = f->r14, upcall->r15 = f->r15;
    upcall->rip = f->rip, upcall->cs = f->cs, upcall->rflags = f->rflags;
    upcall->rsp = f->rsp, upcall->ss = f->ss;
    memcpy((void *)at, upcall, sizeof *upcall);
    // Upcalls do not nest: the kernel clears `masked` when it has saved what it needs (abi/pv.h).
    trap_shared()->masked = 1;
    f->rip = trap_shared()->upcall_entry;
    f->rsp = f->rdi = at;
    f->rflags = UPCALL_RFLAGS;
    return 1;
}

// Called on every way back to ring 3, so an event waits for no longer than the current trap.
static void deliver_events(struct frame *f)
{
    const struct pv_shared *shared = trap_shared();
    struct pv_frame upcall = {.type = PV_UPCALL_EVENT};
    if (shared->pending && !shared->masked && shared->upcall_entry)
        push(f, f->rsp - RED_ZONE, &upcall); // no stack: they stay pending, the next access faults
}

// The signal a UNIX kernel would end the program with, for one that takes no upcalls.
static uint32_t signal_of(uint64_t vector)
{
    const uint32_t sigill = 4, sigtrap = 5, sigfpe = 8, sigsegv = 11;
    switch (vector) {
    case X86_EXC_DE:
    case X86_EXC_MF:
    case X86_EXC_XM:
        return sigfpe;
    case X86_EXC_UD:
        return sigill;
    case X86_EXC_DB:
    case X86_EXC_BP:
        return sigtrap;
    default:
        return sigsegv;
    }
}

// MASKED is not looked at: it holds events back, and an exception cannot wait (abi/pv.h).
static void exception(struct frame *f, uint64_t address)
{
    struct pv_frame upcall = {
        .type = PV_UPCALL_EXCEPTION,
        .vector = (uint32_t)f->vector,
        .error = f->error,
        .address = address,
    };
    // On a stack of its own if the kernel has named one: the program's may be what faulted. Below
    // RSP the psABI's red zone belongs to the interrupted function.
    uint64_t top = trap_shared()->exception_stack;
    if (!trap_shared()->upcall_entry || !push(f, top ? top : f->rsp - RED_ZONE, &upcall))
        call_end(signal_of(f->vector));
}

// A KVM that runs ring 3 natively and emulates ring 0 (PVM) takes SYSCALL for one of its own kind
// of guests': it goes to our entry without changing the ring, and faults there. Then calls must be
// made another way; this one is done from here.
static int syscall_in_ring3(struct frame *f)
{
    if (f->rip != (uint64_t)call_entry || !(f->cs & 3))
        return 0;
    call_page_use_ud2();
    f->rip = f->rcx;
    f->rflags = f->r11;
    call_dispatch(f);
    return 1;
}

// The frequent one: most are first touches of a region, and the program never hears of them.
static void page_fault(struct frame *f)
{
    // Before anything else that may fault.
    uint64_t address = fault_address();
    if (syscall_in_ring3(f))
        return;
    if (regions_fault(address, (uint32_t)f->error))
        return;
    if (!(f->cs & 3))
        shim_panic("page fault in ring 0: address %lx, error %lx, rip %lx", address, f->error,
                   f->rip);
    exception(f, address);
}

static void invalid_opcode(struct frame *f)
{
    if (call_is_ud2(f))
        call_dispatch(f);
    else
        exception(f, 0);
}

// In ring 3 or in idle(), never elsewhere: ring 0 runs with interrupts off.
static void interrupt(uint64_t vector)
{
    if (vector == VECTOR_TIMER)
        timer_interrupt();
    else if (vector == VECTOR_SERIAL)
        console_interrupt();
    else if (vector == VECTOR_DEVICE)
        trap_post(PV_EVENT_DEVICE);
    apic_eoi();
}

void trap(struct frame *f)
{
    const uint64_t nmi = 2;
    if (f->vector == VECTOR_CALL)
        call_dispatch(f);
    else if (f->vector == X86_EXC_PF)
        page_fault(f);
    else if (f->vector >= X86_EXC_COUNT)
        interrupt(f->vector);
    else if (f->vector == nmi)
        return; // from a host's management tools: not ours to act on
    else if (!(f->cs & 3))
        shim_panic("exception %lu in ring 0: error %lx, rip %lx", f->vector, f->error, f->rip);
    else if (f->vector == X86_EXC_UD)
        invalid_opcode(f);
    else
        exception(f, 0);
    // Not into ring 0: the only interrupts taken there are those of idle(), whose callers look at
    // `pending` themselves.
    if (f->cs & 3)
        deliver_events(f);
}
