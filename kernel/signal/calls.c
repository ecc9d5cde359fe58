// SPDX-License-Identifier: BSD-2-Clause
// What a process says about its own signals: dispositions, the blocked mask, the alternative stack;
// and the calls that wait for signals.
//
// Dispositions are private memory; three words of hints in the window (ignored, caught, blocked)
// let senders skip what would be dropped. The process alone writes them.

#include "kernel/api/errno.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"

struct k_sigaction signal_actions[K_NSIG + 1];

// After exec: what survives of dispositions is in the entry, and the table is new memory.
void signal_boot(void)
{
    struct proc *p = proc_vm;
    uint64_t ignored = atomic_load(&p->sig_ignored);
    for (uint64_t rest = ignored; rest; rest &= rest - 1)
        signal_actions[__builtin_ctzll(rest) + 1].handler = K_SIG_IGN;
}

void signal_exec(struct proc *p)
{
    // XSH exec: caught signals become default; ignored ones, the mask and what is pending stay.
    atomic_store(&p->sig_caught, 0);
    atomic_store(&p->nocldwait, 0); // SIG_IGN, which survives, is in sig_ignored
    atomic_store(&p->nocldstop, 0);
}

// ACT is read before OLD is written: the two may be the same structure.
long sys_sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *old)
{
    struct k_sigaction new, was;
    struct proc *p = proc_vm;
    long r = 0;
    if (sig < 1 || sig > K_NSIG || (act && (SIG_BIT(sig) & SIG_UNBLOCKABLE)))
        return -EINVAL;
    if ((act && user_readable(act, sizeof *act) < 0) ||
        (old && user_writable(old, sizeof *old) < 0))
        return -EFAULT;
    sys_enter();
    was = signal_actions[sig];
    if (act) {
        uint64_t bit = SIG_BIT(sig);
        // First: a signal that was ignored until now must not reach the handler that is about to be
        // set.
        signal_drop_ignored();
        new = *act;
        new.mask &= ~SIG_UNBLOCKABLE;
        int dfl = new.handler == K_SIG_DFL, ign = new.handler == K_SIG_IGN;
        signal_actions[sig] = new;
        if (ign)
            atomic_fetch_or(&p->sig_ignored, bit);
        else
            atomic_fetch_and(&p->sig_ignored, ~bit);
        if (ign || dfl)
            atomic_fetch_and(&p->sig_caught, ~bit);
        else
            atomic_fetch_or(&p->sig_caught, bit);
        if (sig == SIGCHLD) {
            atomic_store(&p->nocldwait, (new.flags &SA_NOCLDWAIT) != 0);
            atomic_store(&p->nocldstop, (new.flags &SA_NOCLDSTOP) != 0);
        }
        // POSIX sigaction(): ignoring a signal discards a pending one, blocked or not.
        if (ign || (dfl && (bit & SIG_DEFAULT_IGNORED)))
            signal_forget(bit);
    }
    if (old)
        *old = was;
    sys_leave(&r);
    return r;
}

// SET is read before OLD is written, for the same reason. HOW means nothing without SET.
long sys_sigprocmask(int how, const uint64_t *set, uint64_t *old)
{
    struct proc *p = proc_vm;
    long r = 0;
    if ((set && user_readable(set, sizeof *set) < 0) ||
        (old && user_writable(old, sizeof *old) < 0))
        return -EFAULT;
    uint64_t new = set ? *set & ~SIG_UNBLOCKABLE : 0;
    if (set && (how < SIG_BLOCK || how > SIG_SETMASK))
        return -EINVAL;
    sys_enter();
    uint64_t was = atomic_load(&p->sig_blocked);
    if (set && how == SIG_BLOCK)
        atomic_store(&p->sig_blocked, was | new);
    else if (set && how == SIG_UNBLOCK)
        atomic_store(&p->sig_blocked, was & ~new);
    else if (set)
        atomic_store(&p->sig_blocked, new);
    if (old)
        *old = was;
    sys_leave(&r); // POSIX: of the signals unblocked, at least one is delivered before the return
    return r;
}

long sys_sigpending(uint64_t *set)
{
    if (user_writable(set, sizeof *set) < 0)
        return -EFAULT;
    *set = thread_pending() & atomic_load(&proc_vm->sig_blocked);
    return 0;
}

static int pause_never_ready(void *arg)
{
    (void)arg;
    return 0;
}

// The new mask is in force before the wait and the old one comes back after the handler has run: no
// signal falls in between. It is never restarted, hence the count of handlers that have run.
long sys_sigsuspend(const uint64_t *mask)
{
    uint64_t seen = current->handled;
    long r;
    if (user_readable(mask, sizeof *mask) < 0)
        return -EFAULT;
    // Copied: the mask may lie on a stack that a handler uses.
    uint64_t temporary = *mask;
    struct wait w = {.ready = pause_never_ready, .deadline = PV_FOREVER, .spin = 1};
    do {
        sys_enter();
        if (current->handled != seen) {
            r = -EINTR;
        } else {
            signal_mask_push(temporary);
            r = wait_for(&w);
        }
    } while (sys_leave(&r));
    return r;
}

// --- sigtimedwait ---

struct sigwait {
    uint64_t set;
    int sig;
    struct proc_siginfo info;
};

static int take_one(void *arg)
{
    struct sigwait *want = arg;
    uint64_t there = thread_pending() & want->set;
    if (!there)
        return 0;
    // The lowest number first (XSH sigwait()); real-time signals of one number come in the order in
    // which they were sent.
    want->sig = __builtin_ctzll(there) + 1;
    want->info = signal_take(want->sig);
    return 1;
}

void signal_fill_info(struct k_siginfo *info, int sig, const struct proc_siginfo *from)
{
    memset(info, 0, sizeof *info);
    info->signo = sig;
    info->code = from->code;
    info->u.proc.pid = from->pid;
    info->u.proc.uid = from->uid;
    info->u.proc.value = from->value; // SIGCHLD's status is its lower half
}

long sys_sigtimedwait(const uint64_t *set, struct k_siginfo *info, const struct k_timespec *timeout)
{
    struct sigwait want = {0};
    uint64_t seen = current->handled, ns, deadline = PV_FOREVER;
    long r;
    if (user_readable(set, sizeof *set) < 0 || (info && user_writable(info, sizeof *info) < 0) ||
        (timeout && user_readable(timeout, sizeof *timeout) < 0))
        return -EFAULT;
    // SIGKILL and SIGSTOP cannot be waited for; to ask is no error, as on Linux.
    want.set = *set & ~SIG_UNBLOCKABLE;
    if (timeout) {
        if (clock_timespec_ns(timeout, &ns) < 0)
            return -EINVAL;
        deadline = clock_deadline(ns);
    }
    struct wait w = {.ready = take_one, .arg = &want, .deadline = deadline, .spin = 1};
    do {
        sys_enter();
        current->awaits = want.set; // so that this thread is woken for them
        r = current->handled != seen ? -EINTR : wait_for(&w);
        current->awaits = 0;
        if (r == 0)
            r = -EAGAIN; // the time is up
        if (r > 0) {
            r = want.sig;
            if (info && user_writable(info, sizeof *info) < 0)
                r = -EFAULT; // checked before the wait, not since
            else if (info)
                signal_fill_info(info, want.sig, &want.info);
        }
    } while (sys_leave(&r));
    return r;
}

static long set_altstack(struct k_stack new, int in_use)
{
    if (in_use)
        return -EPERM;
    if (new.flags & ~(SS_DISABLE | SS_ONSTACK))
        return -EINVAL;
    if (!(new.flags &SS_DISABLE) && new.size < MINSIGSTKSZ)
        return -ENOMEM;
    if (new.flags & SS_DISABLE)
        new = (struct k_stack){.flags = SS_DISABLE};
    new.flags &= SS_DISABLE; // Linux takes SS_ONSTACK for 0 here
    current->altstack = new;
    return 0;
}

long sys_sigaltstack(const struct k_stack *ss, struct k_stack *old)
{
    if ((ss && user_readable(ss, sizeof *ss) < 0) || (old && user_writable(old, sizeof *old) < 0))
        return -EFAULT;
    sys_enter(); // a handler must not find half a stack
    int on = signal_on_altstack((uintptr_t)__builtin_frame_address(0));
    struct k_stack was = current->altstack;
    if (on)
        was.flags |= SS_ONSTACK;
    long r = ss ? set_altstack(*ss, on) : 0;
    if (r == 0 && old)
        *old = was;
    sys_leave(&r);
    return r;
}
