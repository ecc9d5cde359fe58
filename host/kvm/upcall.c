// SPDX-License-Identifier: BSD-2-Clause
// Upcalls: asynchronous events and exceptions, pushed on the guest's stack like a signal frame.
//
// After a signal (family/event.c) stop_guest() sets kvm_run->immediate_exit: KVM_RUN returns at
// once, now or the next time it is called, so no event falls between a check and the entry into the
// guest.

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "abi/x86.h"
#include "host/gdb/gdb.h"
#include "host/kvm/monitor.h"
#include "host/kvm/platform.h"
#include "host/kvm/protect.h"

static struct kvm_run *volatile running;

static void stop_guest(void)
{
    struct kvm_run *run = running;
    if (run)
        run->immediate_exit = 1;
}

void upcall_init(struct monitor *m)
{
    // Before signals are let in: the handler must find this VM, not the parent's.
    running = m->vm.run;
    event_init(stop_guest);
}

void upcall_limit(struct monitor *m, unsigned us)
{
    const struct itimerval most = {.it_value.tv_usec = us};
    if (us)
        upcall_init(m);
    setitimer(ITIMER_REAL, &most, NULL);
    if (us)
        return;
    event_shut();
    m->vm.run->immediate_exit = 0;
}

// Writes the frame at the highest aligned place below `top`. 0, or -EFAULT when that is not RAM or
// the guest could not write there itself: it would fault on the frame it is given.
static int push_frame(struct monitor *m, uint64_t top, struct pv_frame *frame, struct gaddr *at)
{
    const struct kvm_regs *r = vm_regs(&m->vm);
    frame->rax = r->rax, frame->rbx = r->rbx, frame->rcx = r->rcx, frame->rdx = r->rdx;
    frame->rsi = r->rsi, frame->rdi = r->rdi, frame->rbp = r->rbp;
    frame->r8 = r->r8, frame->r9 = r->r9, frame->r10 = r->r10, frame->r11 = r->r11;
    frame->r12 = r->r12, frame->r13 = r->r13, frame->r14 = r->r14, frame->r15 = r->r15;
    *at = (struct gaddr){(top - sizeof *frame) & ~UINT64_C(15)};
    if (!guest_ptr(&m->vm.mem, *at, sizeof *frame, GUEST_RAM) ||
        !protect_writable(&m->vm, at->v, sizeof *frame))
        return -EFAULT;
    return guest_write(&m->vm.mem, *at, frame, sizeof *frame);
}

void upcall_deliver(struct monitor *m)
{
    struct pv_shared *shared = platform_shared(&m->vm);
    struct kvm_regs *r = vm_regs(&m->vm);
    uint64_t entry = shared->upcall_entry;
    struct gaddr at;

    // First of all: it may end this member, or set bits that are looked at below.
    event_collect(&m->member);
    if (gdb_stepping(m))
        return;
    // In a stub the guest is about to get (or has got) an exception upcall, with `masked` set: it
    // looks at `pending` when it unmasks.
    if (!shared->pending || shared->masked || !entry || platform_in_stub(r->rip))
        return;
    struct pv_frame frame = {
        .rip = r->rip,
        .cs = X86_SEL_USER_CODE,
        .rflags = r->rflags,
        .rsp = r->rsp,
        .ss = X86_SEL_USER_DATA,
        .type = PV_UPCALL_EVENT,
    };
    if (push_frame(m, r->rsp - 128, &frame, &at) < 0)
        return; // no such stack: leave the events pending, the next access faults
    shared->masked = 1;
    r->rip = entry;
    r->rsp = r->rdi = at.v;
    r->rflags &= ~(X86_RFLAGS_DF | X86_RFLAGS_TF);
    vm_regs_changed(&m->vm);
    m->member.interrupts++;
}

// The signal a UNIX kernel would end the program with, for a guest that takes no upcalls.
uint32_t upcall_exception_signal(uint64_t vector)
{
    switch (vector) {
    case X86_EXC_DE:
    case X86_EXC_MF:
    case X86_EXC_XM:
        return SIGFPE;
    case X86_EXC_UD:
        return SIGILL;
    case X86_EXC_DB:
    case X86_EXC_BP:
        return SIGTRAP;
    default:
        return SIGSEGV;
    }
}

uint64_t upcall_fault_address(struct monitor *m, uint64_t vector)
{
    struct kvm_sregs sregs;
    return vector != X86_EXC_PF || ioctl(m->vm.vcpu_fd, KVM_GET_SREGS, &sregs) < 0 ? 0 : sregs.cr2;
}

// Pushes the frame where the guest wants it. A guest that wants none, or has no such place, ends.
static struct gaddr push_exception(struct monitor *m, const struct platform_exception *e,
                                   uint64_t address)
{
    struct pv_shared *shared = platform_shared(&m->vm);
    uint64_t top = shared->exception_stack;
    struct gaddr at;
    struct pv_frame frame = {
        .rip = e->rip,
        .cs = X86_SEL_USER_CODE,
        .rflags = e->rflags,
        .rsp = e->rsp,
        .ss = X86_SEL_USER_DATA,
        .type = PV_UPCALL_EXCEPTION,
        .vector = (uint32_t)e->vector,
        .error = e->error,
        .address = address,
    };
    if (!shared->upcall_entry || push_frame(m, top ? top : e->rsp - 128, &frame, &at) < 0)
        member_die(&m->member, upcall_exception_signal(e->vector), NULL);
    shared->masked = 1;
    return at;
}

#define UPCALL_RFLAGS (X86_RFLAGS_ONE | X86_RFLAGS_IF | X86_RFLAGS_IOPL)

void upcall_exception(struct monitor *m)
{
    struct platform_exception *stack = platform_exception(&m->vm);
    struct platform_exception e = *stack; // ring 3 cannot write it, but another VM's bug might have

    m->member.exceptions++;
    if (gdb_exception(m, &e))
        return;
    struct gaddr at = push_exception(m, &e, upcall_fault_address(m, e.vector));
    // The stub's IRETQ takes the guest to the upcall entry.
    stack->rip = platform_shared(&m->vm)->upcall_entry;
    stack->rsp = at.v;
    stack->cs = X86_SEL_USER_CODE;
    stack->ss = X86_SEL_USER_DATA;
    stack->rflags = UPCALL_RFLAGS;
    vm_regs(&m->vm)->rdi = at.v;
    vm_regs_changed(&m->vm);
}

void upcall_raise(struct monitor *m, const struct platform_exception *e, uint64_t address)
{
    struct kvm_regs *r = vm_regs(&m->vm);
    struct gaddr at = push_exception(m, e, address);
    r->rip = platform_shared(&m->vm)->upcall_entry;
    r->rsp = r->rdi = at.v;
    r->rflags = UPCALL_RFLAGS;
    vm_regs_changed(&m->vm);
}
