// SPDX-License-Identifier: BSD-2-Clause
// Exceptions of the program as signals: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP.
//
// upcall() is on the exception stack here, which the next exception starts from the top again. So
// before the handler runs, all that is needed to go on after it moves to the stack the handler will
// use.

#include "kernel/api/errno.h"
#include "kernel/api/wait.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/mem/mem.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"

#define RED_ZONE     128  // below the stack pointer: the program's (psABI 3.2.2)
#define HANDLER_ROOM 2048 // stack a small handler needs; with less it is a stack overflow

// On the handler's stack, for as long as it runs, since it may be interrupted by another fault.
struct fault_call {
    struct signal_call call;
    struct pv_frame frame;
    void *fpu; // behind it on the stack
};

// Whether the program has a handler for this, and is not in it already.
static int handled(int sig)
{
    uint64_t bit = SIG_BIT(sig);
    return (atomic_load(&proc_vm->sig_caught) & bit) && !(atomic_load(&proc_vm->sig_blocked) & bit);
}

// The top of the stack for the handler, or 0: there is no room.
static uint64_t handler_stack(const struct pv_frame *frame, uint64_t flags, size_t fpu_bytes)
{
    uint64_t sp = arch_frame_sp(frame);
    uint64_t top = sp - RED_ZONE, need = sizeof(struct fault_call) + fpu_bytes + HANDLER_ROOM;
    if ((flags & SA_ONSTACK) && !(current->altstack.flags & SS_DISABLE) && !signal_on_altstack(sp))
        top = (uintptr_t)current->altstack.sp + current->altstack.size;
    if (top < need || user_writable((void *)(uintptr_t)(top - need), need) < 0)
        return 0;
    return top & ~(uint64_t)(ARCH_FPU_ALIGN - 1);
}

// On the handler's stack, in the kernel; never returns: the exception stack is free again.
static void run_fault(void *arg)
{
    struct fault_call *f = arg;
    pv_shared->masked = 0; // events held back since the exception are looked at on the way out
    signal_run(&f->call);
    kernel_depth_set(0);
    arch_resume(&f->frame, f->fpu);
}

// To the processor a page without rights is not there; to the program it is.
static void look_up(struct arch_fault *fault)
{
    uintptr_t page = fault->addr & ~UINT64_C(4095);
    if (fault->signo == SIGSEGV && fault->code == SEGV_MAPERR && page &&
        mem_is_mapped(page, page + 4096))
        fault->code = SEGV_ACCERR;
}

// A signal that is blocked or ignored ends the process: POSIX leaves it open, and going on would
// only fault again. One without room for its handler is SIGSEGV, as for any stack that is used up.
void signal_fault(struct pv_frame *frame, void *fpu)
{
    struct arch_fault fault;
    arch_fault_decode(frame, &fault);
    if (in_kernel())
        panic("fault in the kernel: vector %u error %lx address %lx pc %lx", frame->vector,
              frame->error, frame->address, arch_frame_pc(frame));
    kernel_depth_set(1);
    if (!handled(fault.signo))
        proc_exit(K_STATUS_SIGNAL(fault.signo));
    look_up(&fault);
    const size_t fpu_bytes = arch_fpu_bytes(fpu);
    uint64_t top = handler_stack(frame, signal_actions[fault.signo].flags, fpu_bytes);
    if (!top)
        proc_exit(K_STATUS_SIGNAL(SIGSEGV));

    uint8_t *state = (uint8_t *)(uintptr_t)(top - fpu_bytes);
    struct fault_call *f = (struct fault_call *)(state - sizeof *f);
    f->frame = *frame;
    f->fpu = memcpy(state, fpu, fpu_bytes);
    f->call = (struct signal_call){.sig = fault.signo, .frame = &f->frame, .fpu = f->fpu};
    f->call.restore_mask = atomic_load(&proc_vm->sig_blocked);
    f->call.info.signo = fault.signo;
    f->call.info.code = fault.code;
    f->call.info.u.fault.addr = fault.addr;
    signal_take_action(&f->call);
    arch_call_on_stack(f, run_fault, f);
}
