// SPDX-License-Identifier: BSD-2-Clause
// Sending signals: setting them pending in the window, waking who must look, and kill(2).
//
// No signal is lost: a sender sets the pending bit first and looks at the target's mask after; the
// target changes its mask first and looks at pending after, both sequentially consistent. So one of
// them sees the other, and either the sender interrupts or the target delivers by itself.
// Neighbours: deliver.c (the receiving side), exit.c (SIGCHLD), tty.c (^C). docs/signals.md.

#include "kernel/signal/signal.h"
#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/sys.h"

void signal_mark(uint32_t slot, int interrupt)
{
    struct slot_marks *marks = &current->marks;
    uint64_t bit = UINT64_C(1) << slot % 64;
    marks->words |= UINT64_C(1) << slot / 64;
    marks->wake[slot / 64] |= bit;
    if (interrupt)
        marks->interrupt[slot / 64] |= bit;
}

int signal_unmark(uint32_t slot)
{
    struct slot_marks *marks = &current->marks;
    uint64_t bit = UINT64_C(1) << slot % 64;
    int interrupt = (marks->interrupt[slot / 64] & bit) != 0;
    marks->wake[slot / 64] &= ~bit;
    marks->interrupt[slot / 64] &= ~bit;
    return interrupt;
}

// Asks the host to end what was marked with SIGKILL. Still under proc_lock: a slot whose process
// has just been found in the table is its own, while later it may be another's.
static void kill_marked(void)
{
    const struct slot_marks *marks = &current->marks;
    for (uint64_t words = marks->words; words; words &= words - 1) {
        uint32_t word = (uint32_t)__builtin_ctzll(words);
        // A kernel that listens ends by itself at once; the host makes sure. -ESRCH: it was
        // quicker.
        for (uint64_t kill = marks->kill[word]; kill; kill &= kill - 1)
            pv_kill(word * 64 + (uint32_t)__builtin_ctzll(kill));
    }
}

void signal_kick(void)
{
    struct slot_marks *marks = &current->marks;
    while (marks->words) {
        uint32_t word = (uint32_t)__builtin_ctzll(marks->words);
        uint64_t kill = marks->kill[word];
        for (uint64_t wake = marks->wake[word]; wake; wake &= wake - 1) {
            uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(wake);
            uint64_t bit = wake & -wake;
            waitq_wake_slot(slot, (marks->interrupt[word] & bit) && !(kill & bit));
        }
        marks->wake[word] = marks->interrupt[word] = marks->kill[word] = 0;
        marks->words &= marks->words - 1;
    }
    // Nobody rings our own door: another thread may wait for what was sent to this process.
    if (thread_hooks)
        thread_hooks->events(0);
}

// Whether p would drop the signal on delivery.
static int ignores(struct proc *p, uint64_t bit)
{
    if (bit & SIG_UNBLOCKABLE)
        return 0;
    return (atomic_load(&p->sig_ignored) & bit) ||
           ((bit & SIG_DEFAULT_IGNORED) && !(atomic_load(&p->sig_caught) & bit));
}

int signal_drops(int sig, uint64_t blocked)
{
    return ignores(proc_vm, SIG_BIT(sig)) && !(blocked & SIG_BIT(sig));
}

// Under proc_lock, but for a signal to oneself. Who is to be woken is only marked: signal_kick()
// does it after the lock is dropped. INFO is NULL for the kernel's own signals.
int signal_post(struct proc *p, int sig, const struct proc_siginfo *info)
{
    uint64_t bit = SIG_BIT(sig);
    if (p->dead)
        return 0;
    if (bit & SIG_STOPS)
        atomic_fetch_and(&p->sig_pending, ~SIG_BIT(SIGCONT));
    if (sig == SIGCONT)
        atomic_fetch_and(&p->sig_pending, ~SIG_STOPS);
    // POSIX leaves open what becomes of a blocked and ignored signal; as Linux, keep it: the
    // program may be about to sigwait for it. SIGCONT is always kept: it ends a stop, ignored or
    // not. Of several threads another may block it than the one whose mask is seen here.
    if (sig != SIGCONT && !atomic_load(&p->threads) && ignores(p, bit) &&
        !(atomic_load(&p->sig_blocked) & bit))
        return 0;
    struct proc_siginfo from = info ? *info : (struct proc_siginfo){.code = SI_KERNEL};
    if (!(bit & SIG_QUEUED))
        p->siginfo[sig - 1] = from;
    else if (signal_queue_put(p, sig, &from, 0) < 0 && from.code == SI_QUEUE)
        return -EAGAIN;
    atomic_fetch_or(&p->sig_pending, bit); // after its siginfo, before looking at the mask
    if (p == proc_vm)
        return 0;
    int blocked =
        !atomic_load(&p->threads) && (atomic_load(&p->sig_blocked) & bit & ~SIG_UNBLOCKABLE) != 0;
    signal_mark(p->vm_slot, !blocked);
    if (sig == SIGKILL)
        current->marks.kill[p->slot / 64] |= UINT64_C(1) << p->slot % 64;
    return 0;
}

// With no lock held. To oneself it takes none: the entry is not going away.
void proc_signal(struct proc *p, int sig, int code, int status)
{
    struct proc_siginfo info = {
        .code = code, .pid = proc_self->pid, .uid = proc_self->uid, .value = (uint32_t)status};
    if (p == proc_vm) {
        signal_post(p, sig, &info);
        return;
    }
    proc_lock();
    signal_post(p, sig, &info);
    kill_marked();
    proc_unlock();
    signal_kick();
}

// All or none of those that are in the group now: nobody joins or leaves it under the lock.
void proc_signal_group(int32_t pgid, int sig, int code)
{
    struct proc_siginfo info = {.code = code, .pid = proc_self->pid, .uid = proc_self->uid};
    proc_lock();
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (p->pgid == pgid)
            signal_post(p, sig, code == SI_KERNEL ? NULL : &info);
    kill_marked();
    proc_unlock();
    signal_kick();
}

// POSIX kill(): real or effective user equal to the target's real or saved one; SIGCONT within a
// session.
static int may_signal(const struct proc *to, int sig)
{
    const struct proc *from = proc_self;
    if (from->euid == 0 || from->euid == to->uid || from->euid == to->suid ||
        from->uid == to->uid || from->uid == to->suid)
        return 1;
    return sig == SIGCONT && from->sid == to->sid;
}

// Whether kill(pid), 0 or below, means p. -1: everybody but the caller and init (as Linux).
static int is_target(const struct proc *p, int pid)
{
    if (pid == -1)
        return p != proc_self;
    return p->pgid == (pid ? -pid : proc_self->pgid);
}

// The target after `p` (NULL: the first), or NULL.
static struct proc *next_target(struct proc *p, int pid)
{
    if (pid > 0)
        return p ? NULL : proc_find(pid);
    do
        p = proc_next(p);
    while (p && !is_target(p, pid));
    return p;
}

// XSH kill(): success if one of several could be sent to, EPERM if there were only others. Signal 0
// asks and sends nothing.
static long kill_now(int pid, int sig, int code, uint64_t value)
{
    struct proc_siginfo info = {
        .code = code, .pid = proc_self->pid, .uid = proc_self->uid, .value = value};
    int found = 0, sent = 0, r = 0;
    if (pid == PROC_INIT_PID) // the supervisor is there, and out of reach
        return sig ? -EPERM : 0;
    proc_lock();
    for (struct proc *p = next_target(NULL, pid); p; p = next_target(p, pid)) {
        found = 1;
        if (!may_signal(p, sig))
            continue;
        sent = 1;
        if (sig)
            r = signal_post(p, sig, &info);
    }
    kill_marked();
    proc_unlock();
    signal_kick();
    if (sent)
        return r;
    return found ? -EPERM : -ESRCH;
}

long sys_kill(int pid, int sig)
{
    long r;
    if (sig < 0 || sig > K_NSIG)
        return -EINVAL;
    if (pid == INT32_MIN) // its negation is no group
        return -ESRCH;
    do {
        sys_enter();
        r = kill_now(pid, sig, SI_USER, 0);
    } while (sys_leave(&r));
    return r;
}

long sys_sigqueue(int pid, int sig, uint64_t value)
{
    long r;
    if (sig < 0 || sig > K_NSIG)
        return -EINVAL;
    if (pid <= 0) // one process only
        return -ESRCH;
    do {
        sys_enter();
        r = kill_now(pid, sig, SI_QUEUE, value);
    } while (sys_leave(&r));
    return r;
}

// Those of a terminal's keys and of its end go to the group, as on a terminal.
#define OF_TERMINAL (SIG_BIT(SIGINT) | SIG_BIT(SIGQUIT) | SIG_BIT(SIGHUP))

// What the supervisor was sent, SIGTERM for instance. Only the first program is told, so that a
// family ends as one process would.
void signal_from_host(void)
{
    if (boot_info->slot != 1 || !__atomic_load_n(&window_header()->signals, __ATOMIC_RELAXED))
        return;
    struct proc *first = proc_at(1);
    const struct proc_siginfo info = {.code = SI_USER}; // of no process of ours
    uint64_t set = __atomic_exchange_n(&window_header()->signals, 0, __ATOMIC_SEQ_CST);
    for (int sig = 1; sig < 32; sig++) {
        if (!(set >> sig & 1))
            continue;
        if (SIG_BIT(sig) & OF_TERMINAL) {
            proc_signal_group(first->pgid, sig, SI_KERNEL);
            continue;
        }
        proc_lock();
        signal_post(first, sig, &info);
        proc_unlock();
        signal_kick();
    }
}
