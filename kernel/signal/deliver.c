// SPDX-License-Identifier: BSD-2-Clause
// Acting on pending signals: running handlers, stopping, ending the process.
//
// There are two places: the end of a system call (sys_leave) and an upcall that found the program
// running. In both a handler is an ordinary function call from here, on the program's own stack or
// the alternative one, with the kernel's depth at 0: it may make system calls, be interrupted by
// other handlers, fork, or leave by siglongjmp and never come back. So nothing is kept that its
// return would have to undo, but the mask, which POSIX says siglongjmp restores.

#include "kernel/signal/signal.h"
#include "kernel/api/errno.h"
#include "kernel/api/ucontext.h"
#include "kernel/api/wait.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/lib.h"

// SIGKILL and SIGSTOP are never in it, whatever somebody stored there.
static uint64_t blocked(void)
{
    return atomic_load(&proc_vm->sig_blocked) & ~SIG_UNBLOCKABLE;
}

// Signals whose delivery would do nothing. SIGCONT has done its work once it is pending.
static uint64_t ignored(void)
{
    return (atomic_load(&proc_vm->sig_ignored) |
            (SIG_DEFAULT_IGNORED & ~atomic_load(&proc_vm->sig_caught))) &
           ~SIG_UNBLOCKABLE;
}

uint64_t signal_active(void)
{
    uint64_t pending = thread_pending();
    // The common case first: this runs at the end of every system call.
    return pending ? pending & ~blocked() & ~ignored() : 0;
}

int signal_deliverable(void)
{
    return signal_active() != 0;
}

int signal_work(void)
{
    // Of what is not blocked, ignored signals are work as well: they are to be forgotten now. A
    // blocked one was kept, and must not turn up when its disposition changes.
    uint64_t pending = thread_pending();
    return current->mask_pushed || (pending && (pending & ~blocked()));
}

// For sigsuspend(), ppoll() and pselect(): the new mask holds from here to the end of the call, and
// the old one comes back after a handler has run, by its return, or by mask_pop() if none did.
void signal_mask_push(uint64_t mask)
{
    current->pushed_mask = blocked();
    current->mask_pushed = 1;
    atomic_store(&proc_vm->sig_blocked, mask & ~SIG_UNBLOCKABLE);
}

static void mask_pop(void)
{
    if (current->mask_pushed)
        atomic_store(&proc_vm->sig_blocked, current->pushed_mask);
    current->mask_pushed = 0;
}

// Blocks all but SIGKILL and SIGSTOP; what comes meanwhile stays pending. The result is for
// signal_release().
uint64_t signal_hold(void)
{
    return atomic_exchange(&proc_vm->sig_blocked, ~SIG_UNBLOCKABLE);
}

void signal_release(uint64_t mask)
{
    atomic_store(&proc_vm->sig_blocked, mask);
}

// --- handlers ---

// The stack grows down: at its very beginning SP is one past the end, and that is on it.
int signal_on_altstack(uint64_t sp)
{
    uint64_t low = (uintptr_t)current->altstack.sp;
    return !(current->altstack.flags & SS_DISABLE) && sp > low &&
           sp - low <= current->altstack.size;
}

// A copy: with SA_RESETHAND the entry changes, and the handler may set another before it runs.
void signal_take_action(struct signal_call *call)
{
    struct k_sigaction *act = &signal_actions[call->sig];
    call->act = *act;
    if ((act->flags & SA_RESETHAND) && call->sig != SIGILL && call->sig != SIGTRAP) {
        act->handler = K_SIG_DFL; // POSIX: but for SIGILL and SIGTRAP
        atomic_fetch_and(&proc_vm->sig_caught, ~SIG_BIT(call->sig));
    }
}

// At the end of a system call there is no frame: what a handler could change there is only the
// mask.
static void fill_context(struct k_ucontext *uc, const struct signal_call *call)
{
    memset(uc, 0, sizeof *uc);
    uc->stack = current->altstack;
    uc->sigmask = call->restore_mask;
    if (call->frame) {
        arch_frame_to_gregs(call->frame, uc->gregs);
        uc->fpregs = call->fpu;
    }
}

// The handler may write into the context what the program is to go on with (XSH sigaction()): the
// mask and, where the program was interrupted, its registers.
static void run_siginfo(struct signal_call *call)
{
    struct k_ucontext uc;
    void (*handler)(int, struct k_siginfo *, void *);
    fill_context(&uc, call);
    handler = (void (*)(int, struct k_siginfo *, void *))(uintptr_t)call->act.handler;
    handler(call->sig, &call->info, &uc);
    call->restore_mask = uc.sigmask & ~SIG_UNBLOCKABLE;
    if (call->frame)
        arch_gregs_to_frame(uc.gregs, call->frame);
}

// POSIX: during the handler its own signal and sa_mask are blocked in addition. All of CALL is on
// the stack the handler runs on, as it may be left by a jump.
void signal_run(struct signal_call *call)
{
    uint64_t mask = blocked() | (call->act.mask & ~SIG_UNBLOCKABLE);
    if (!(call->act.flags & SA_NODEFER))
        mask |= SIG_BIT(call->sig);
    atomic_store(&proc_vm->sig_blocked, mask);
    current->handled++;
    // From here to the line that sets it back we are the program: the handler may make system
    // calls, be interrupted, or never return.
    call->depth = kernel_depth_set(0);
    if (call->act.flags & SA_SIGINFO)
        run_siginfo(call);
    else
        call->act.handler(call->sig);
    kernel_depth_set(call->depth);
    // What the restored mask unblocks is seen by the caller's loop, or by the next upcall.
    atomic_store(&proc_vm->sig_blocked, call->restore_mask);
}

static void run_on_stack(void *call)
{
    signal_run(call);
}

static void handle(int sig, struct proc_siginfo info, struct pv_frame *frame, void *fpu,
                   int *restart)
{
    struct signal_call call = {.sig = sig, .frame = frame, .fpu = fpu};
    signal_take_action(&call);
    signal_fill_info(&call.info, sig, &info);
    // After sigsuspend the handler returns to the mask from before it.
    call.restore_mask = current->mask_pushed ? current->pushed_mask : blocked();
    // Taken over by this handler's return; a second handler would otherwise put it back once more.
    current->mask_pushed = 0;
    if (!(call.act.flags & SA_RESTART))
        *restart = 0;
    int on = signal_on_altstack((uintptr_t)__builtin_frame_address(0));
    if ((call.act.flags & SA_ONSTACK) && !(current->altstack.flags & SS_DISABLE) && !on)
        arch_call_on_stack((uint8_t *)current->altstack.sp + current->altstack.size, run_on_stack,
                           &call);
    else
        signal_run(&call);
}

// --- stopping ---

static int may_continue(void *arg)
{
    (void)arg;
    // Pending is enough, blocked or ignored: SIGCONT continues whatever its disposition (XSH 2.4).
    return (atomic_load(&proc_vm->sig_pending) & (SIG_BIT(SIGCONT) | SIG_BIT(SIGKILL))) != 0;
}

// A stop and the going on after it, as the parent sees them: state, report and message are one step
// under proc_lock, so that wait4() finds what SIGCHLD spoke of.
static void change_state(enum proc_state state, uint32_t flag, int status, int code, int sig)
{
    struct proc *p = proc_vm;
    proc_lock();
    if (state == PROC_STOPPED)
        proc_note_stop(p);
    atomic_store(&p->state, state);
    p->wait_flags = flag;
    p->status = status;
    proc_tell_parent(p, code, sig);
    proc_unlock();
    signal_kick();
}

// The default action of a stop signal: sleeps until SIGCONT or SIGKILL is pending.
static void stop(int sig)
{
    struct wait w = {
        .ready = may_continue, .deadline = PV_FOREVER, .interrupted = wait_hooks.killed, .spin = 1};
    struct proc *p = proc_vm;
    // POSIX: terminal stops do nothing in an orphaned group: nobody could continue it.
    if (sig != SIGSTOP) {
        proc_lock();
        int orphaned = proc_group_orphaned(p->pgid, p->sid, NULL);
        proc_unlock();
        if (orphaned)
            return;
    }
    enum proc_state before = p->state; // a vforked child that borrows this VM is an embryo still
    thread_alone_begin();              // all threads stop
    change_state(PROC_STOPPED, PROC_W_STOPPED, K_STATUS_STOPPED(sig), CLD_STOPPED, sig);
    while (!may_continue(NULL))
        wait_for(&w); // -ERESTART only when SIGKILL is pending
    if (atomic_load(&p->sig_pending) & SIG_BIT(SIGKILL))
        proc_exit(K_STATUS_SIGNAL(SIGKILL));
    change_state(before, PROC_W_CONTINUED, 0, CLD_CONTINUED, SIGCONT);
    thread_alone_end();
}

// --- the loop ---

// Acts on one signal. 1 if a handler ran.
static int act_on(int sig, struct pv_frame *frame, void *fpu, int *restart)
{
    struct proc *p = proc_vm;
    struct proc_siginfo info = signal_take(sig);
    if (atomic_load(&p->sig_caught) & SIG_BIT(sig)) {
        handle(sig, info, frame, fpu, restart);
        return 1;
    }
    // What is ignored has been dropped by the caller, so the default action here is to end or to
    // stop.
    if (!(SIG_BIT(sig) & SIG_STOPS))
        proc_exit(K_STATUS_SIGNAL(sig));
    stop(sig);
    return 0;
}

void signal_drop_ignored(void)
{
    uint64_t idle = thread_pending() & ~blocked() & ignored();
    if (idle)
        signal_forget(idle);
}

// The lowest signal of a set, as a set: it is the first to be delivered.
static uint64_t lowest(uint64_t set)
{
    return set & -set;
}

static int deliver_all(struct pv_frame *frame, void *fpu, int *restart)
{
    int handlers = 0;
    *restart = 1;
    for (;;) {
        // Before all others, in each round: a handler that never returns is not to delay it.
        if (atomic_load(&proc_vm->sig_pending) & SIG_BIT(SIGKILL))
            proc_exit(K_STATUS_SIGNAL(SIGKILL));
        uint64_t ready = thread_pending() & ~blocked();
        if (!ready)
            return handlers;
        if (lowest(ready) & ignored())
            signal_forget(lowest(ready));
        else
            handlers += act_on(__builtin_ctzll(ready) + 1, frame, fpu, restart);
    }
}

// Returns how many handlers ran; *RESTART: all of them had SA_RESTART, or none ran.
int signal_deliver_syscall(int *restart)
{
    int handlers = deliver_all(NULL, NULL, restart);
    if (current->mask_pushed) {
        mask_pop();
        int more; // signals that only the old mask lets through; the call's result is settled
        handlers += deliver_all(NULL, NULL, &more);
        *restart = *restart && more;
    }
    return handlers;
}

void signal_deliver_frame(struct pv_frame *frame, void *fpu)
{
    int restart;
    deliver_all(frame, fpu, &restart);
}
