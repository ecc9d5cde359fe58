// SPDX-License-Identifier: BSD-2-Clause
// The border between program and kernel: system-call entry and exit, upcalls, events.
//
// Three things can happen at any instruction: an upcall while the program runs (deliver signals now), an upcall
// while the kernel runs (only note it; the way out looks), and a signal posted in between, whose upcall
// comes later. Every way out lowers kernel_depth first and looks for notes afterwards, so none is missed.
// Neighbours: arch/x86_64/entry.S (who calls upcall), signal.h (delivery), waitq.c (waits handle events too).

#include "kernel/arch.h"
#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc.h"
#include "kernel/pv.h"
#include "kernel/signal.h"
#include "kernel/clock.h"
#include "kernel/tty.h"

uint32_t kernel_depth = 1; // boot is kernel work; kernel_main lowers it for the program

// Events an upcall found while the kernel was running.
static uint32_t noted;

static int have_work(void)
{
    return __atomic_load_n(&noted, __ATOMIC_RELAXED) ||
           __atomic_load_n(&pv_shared->pending, __ATOMIC_RELAXED) || signal_work();
}

void events_handle(void)
{
    // Both words are changed behind our back only by this VM's own upcalls and its implementer.
    uint32_t bits = __atomic_exchange_n(&noted, 0, __ATOMIC_ACQ_REL) |
                    __atomic_exchange_n(&pv_shared->pending, 0, __ATOMIC_ACQ_REL);
    if (bits & PV_EVENT_KILL)
        proc_exit(SIGKILL);
    if (bits & PV_EVENT_DEATH)
        proc_bury_dead();
    if (bits & PV_EVENT_TTY)
        tty_input();
    if (bits & PV_EVENT_TIMER)
        timer_expired();
}

void sys_enter(void)
{
    kernel_depth++;
}

int sys_leave(long *r)
{
    int ran = 0, all_restart = 1;
    if (kernel_depth > 1) { // a system call made by the kernel itself
        kernel_depth--;
        return 0;
    }
    for (;;) {
        int restart = 1;
        if (have_work()) {
            events_handle();
            ran += signal_deliver_syscall(&restart);
            all_restart &= restart;
        }
        kernel_depth = 0;
        if (!have_work())
            break;
        kernel_depth = 1;
    }
    if (*r != -ERESTART)
        return 0;
    if (ran == 0 || all_restart)
        return 1;
    *r = -EINTR;
    return 0;
}

// The program was interrupted at `frame`.
static void interrupted(struct pv_frame *frame, void *fpu)
{
    do {
        kernel_depth = 1;
        events_handle();
        if (signal_work())
            signal_deliver_frame(frame, fpu);
        kernel_depth = 0;
    } while (have_work());
}

uint32_t kernel_depth_set(uint32_t depth)
{
    uint32_t old = kernel_depth;
    kernel_depth = depth;
    if (depth == 0 && have_work())
        interrupted(NULL, NULL);
    return old;
}

void upcall(struct pv_frame *frame, void *fpu)
{
    if (frame->type == PV_UPCALL_EXCEPTION) {
        signal_fault(frame, fpu);
        pv_shared->masked = 0;
        // This is the exception stack: no place to run handlers. Ask for an upcall of its own.
        if (__atomic_load_n(&pv_shared->pending, __ATOMIC_SEQ_CST))
            pv_kick(proc_self->slot, PV_KICK_INTERRUPT);
        return;
    }
    __atomic_fetch_or(&noted, __atomic_exchange_n(&pv_shared->pending, 0, __ATOMIC_SEQ_CST),
                      __ATOMIC_SEQ_CST);
    pv_shared->masked = 0; // an upcall from here on nests on this stack and finds the kernel running
    if (!in_kernel())
        interrupted(frame, fpu);
}
