// SPDX-License-Identifier: BSD-2-Clause
// The border between program and kernel: system-call entry and exit, upcalls, events.
//
// Three things can happen at any instruction: an upcall while the program runs (deliver signals
// now), an upcall while the kernel runs (its events stay pending; the way out looks), and a signal
// posted in between, whose upcall comes later. Every way out lowers the depth first and looks
// for work afterwards, so none is missed. Neighbours: arch/x86_64/entry.S (who calls upcall),
// signal.h (delivery), waitq.c (waits handle events too).

#include "kernel/arch.h"
#include "kernel/api/errno.h"
#include "kernel/dev/driver.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/random.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/time/clock.h"
#include "kernel/tty/tty.h"

// Upcalls of this VM look at the depth at any instruction: the compiler must not move work over the
// change.
static void set_depth(uint32_t depth)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    current->depth = depth;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

// What a way out must not miss. Cheap, since each system call ends with it: two words and a flag.
static int have_work(void)
{
    return __atomic_load_n(&pv_shared->pending, __ATOMIC_RELAXED) || signal_work() || timer_lapsed;
}

// The bits are taken at once, so an event that comes while one is handled is seen in the next
// round. A bit may stand for several events, or for none any more: each handler looks for itself.
void events_handle(void)
{
    uint32_t bits = __atomic_exchange_n(&pv_shared->pending, 0, __ATOMIC_SEQ_CST);
    // The event may have been on its way to the slot's last process, which ended meanwhile.
    if ((bits & PV_EVENT_KILL) && (atomic_load(&proc_vm->sig_pending) & SIG_BIT(SIGKILL)))
        proc_exit(SIGKILL);
    if (bits & PV_EVENT_RESUMED)
        random_boot();
    if (bits & PV_EVENT_KICK)
        signal_from_host();
    if (bits & PV_EVENT_DEATH)
        proc_bury_dead();
    if (bits & PV_EVENT_TTY)
        tty_input();
    if (bits & PV_EVENT_TIMER)
        timer_expired();
    if (bits & PV_EVENT_DEVICE)
        drivers_event();
    if (thread_hooks)
        thread_hooks->events(bits);
}

// Whether a wait must end.
static int wait_must_end(void)
{
    return signal_deliverable() || thread_cancelled();
}

// For waits that nothing but SIGKILL may end.
static int killed(void)
{
    return (signal_active() & SIG_BIT(SIGKILL)) != 0;
}

// Waits handle events too, and end for signals.
const struct wait_hooks wait_hooks = {events_handle, wait_must_end, killed};

void sys_enter(void)
{
    set_depth(current->depth + 1);
}

// Asynchronous cancellation (XSH 2.9.5): here the program goes on, and does not.
static void end_if_asked(void)
{
    const struct k_thread *t = &current->pub;
    if (!t->pending || (t->state & (K_CANCEL_ASYNC | K_CANCEL_DISABLED)) != K_CANCEL_ASYNC)
        return;
    current->pub.state |= K_CANCEL_DISABLED; // once
    set_depth(0);
    t->end();
}

// The depth goes to 0 before the last look: a signal posted before it is found by the look, one
// posted after it makes an upcall that finds the program running. Neither order loses one.
int sys_leave(long *r)
{
    int ran = 0, all_restart = 1;
    if (current->depth > 1) { // a system call made by the kernel itself
        set_depth(current->depth - 1);
        return 0;
    }
    if (thread_hooks)
        thread_hooks->left();
    for (;;) {
        int restart = 1;
        if (have_work()) {
            events_handle();
            ran += signal_deliver_syscall(&restart);
            all_restart &= restart;
            if (timer_lapsed)
                timer_resume();
            if (thread_hooks) {
                thread_hooks->turn();
                end_if_asked();
            }
        }
        set_depth(0);
        if (!have_work())
            break;
        set_depth(1);
    }
    if (*r != -ERESTART)
        return 0;
    if (thread_cancelled()) { // the C library ends the thread
        *r = -EINTR;
        return 0;
    }
    if (ran == 0 || all_restart)
        return 1;
    *r = -EINTR;
    return 0;
}

// The program was interrupted at `frame`.
static void interrupted(struct pv_frame *frame, void *fpu)
{
    for (;;) {
        events_handle();
        if (signal_work())
            signal_deliver_frame(frame, fpu);
        if (timer_lapsed)
            timer_resume();
        if (thread_hooks) {
            thread_hooks->turn();
            end_if_asked();
        }
        set_depth(0);
        if (!have_work())
            break;
        set_depth(1);
    }
}

// Without a frame: whoever calls this is a function call of the kernel's, and goes on by returning.
uint32_t kernel_depth_set(uint32_t depth)
{
    uint32_t old = current->depth;
    set_depth(depth);
    if (depth == 0 && have_work()) {
        set_depth(1);
        interrupted(NULL, NULL);
    }
    return old;
}

// On the program's stack below what it uses, an exception on a stack of its own; further upcalls
// are masked. FRAME is where the program goes on, and handlers may change it; FPU is what they must
// not lose.
void upcall(struct pv_frame *frame, void *fpu)
{
    if (frame->type == PV_UPCALL_EXCEPTION) {
        signal_fault(frame, fpu);
        pv_shared->masked = 0;
        // This is the exception stack: no place to run handlers. Ask for an upcall of its own.
        if (__atomic_load_n(&pv_shared->pending, __ATOMIC_SEQ_CST))
            pv_kick(lock_self_slot(), PV_KICK_INTERRUPT);
        return;
    }
    // In the kernel the events stay in `pending`: whoever leaves, or waits, looks there.
    if (in_kernel()) {
        pv_shared->masked = 0;
        return;
    }
    set_depth(1); // before unmasking: an upcall from here on nests on this stack and only returns
    pv_shared->masked = 0;
    interrupted(frame, fpu);
}
