// SPDX-License-Identifier: BSD-2-Clause
// How processes end: by themselves, or buried by others when their VM died without a word.
//
// An exit has two halves. Under proc_lock the entry gets its final status and `dead`, children go
// to init, the parent is told: from then on wait4() in the parent succeeds, whatever happens to
// this VM. Then the exit call makes the host store PROC_ZOMBIE, after which the slot can be used
// again. A reaped entry has parent_slot 0, so a slot is free when both halves are done, in either
// order. Neighbours: wait.c (reaping), proc.c (claiming), signal.c.

#include "kernel/api/errno.h"
#include "kernel/api/wait.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/ipc/sem.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/mem/shared.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/tty/tty.h"
#include "kernel/proc/vfork.h"

// Under proc_lock; who is woken by it is kicked after the lock is dropped.
static void post_group(int32_t pgid, int sig)
{
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (p->pgid == pgid)
            signal_post(p, sig, NULL);
}

// POSIX _exit(): a group that becomes orphaned with a stopped member gets SIGHUP, then SIGCONT.
static void wake_orphans(int32_t pgid, int32_t sid, const struct proc *leaving)
{
    if (!proc_group_stopped(pgid) || !proc_group_orphaned(pgid, sid, leaving))
        return;
    post_group(pgid, SIGHUP);
    post_group(pgid, SIGCONT);
}

// Each child leaves the list by one store and is init's by another: done again by an undertaker, it
// goes on where the dead one stopped.
static void orphan_children(struct proc *p)
{
    for (struct proc *q; (q = proc_next_child(p, NULL));) {
        int32_t pgid = q->pgid;
        int watched = q->sid == p->sid && pgid != p->pgid;
        q->ppid = PROC_INIT_PID;
        proc_may_be_free(q); // it is if it is dead already: init reaps at once
        p->first_child = q->next_sibling;
        q->parent_slot = 0;
        if (watched)
            wake_orphans(pgid, p->sid, p);
    }
    // Its own group, if p was the member whose parent kept it from being orphaned.
    const struct proc *parent = p->parent_slot ? proc_at(p->parent_slot) : NULL;
    if (parent && parent->sid == p->sid && parent->pgid != p->pgid)
        wake_orphans(p->pgid, p->sid, p);
}

static int exit_code(int status)
{
    if ((status & 0x7f) == 0)
        return CLD_EXITED;
    return status & K_STATUS_CORE ? CLD_DUMPED : CLD_KILLED;
}

// What siginfo and waitid() report: the exit code, or the signal.
static int exit_value(int status)
{
    return (status & 0x7f) == 0 ? (status >> 8) & 0xff : status & 0x7f;
}

// Also when the parent ignores it: signal_post() knows, and the record is not kept then.
static void send_sigchld(struct proc *p, int code, int value)
{
    struct proc_siginfo info = {
        .code = code, .pid = p->pid, .uid = p->uid, .value = (uint32_t)value};
    signal_post(proc_at(p->parent_slot), SIGCHLD, &info);
}

// Of stops and continues; an exit is depart()'s. Under proc_lock.
void proc_tell_parent(struct proc *p, int code, int sig)
{
    if (!p->parent_slot)
        return;
    struct proc *parent = proc_at(p->parent_slot);
    if (!atomic_load(&parent->nocldstop))
        send_sigchld(p, code, sig);
    signal_mark(parent->vm_slot, 0); // it may be in wait4(), with SIGCHLD ignored or blocked
}

// The first half of an exit; under proc_lock. May be done again by the undertaker after a VM that
// died in the middle. Returns the slot of the parent's VM, for waking it, or 0.
static uint32_t depart(struct proc *p, int status)
{
    uint32_t parent_slot = p->parent_slot;
    orphan_children(p);
    if (!p->dead)
        p->status = status;
    __atomic_store_n(&p->dead, 1, __ATOMIC_RELEASE); // wait4() may look from here on
    signal_queue_empty(p, UINT64_MAX);
    if (!parent_slot) {
        proc_may_be_free(p);
        return 0;
    }
    struct proc *parent = proc_at(parent_slot);
    send_sigchld(p, exit_code(p->status), exit_value(p->status));
    // POSIX: ignoring SIGCHLD, or SA_NOCLDWAIT, means that children leave no zombie.
    if (atomic_load(&parent->nocldwait) || (atomic_load(&parent->sig_ignored) & SIG_BIT(SIGCHLD))) {
        proc_leave_parent(p);
        proc_may_be_free(p);
        p->parent_slot = 0;
    }
    return parent->vm_slot;
}

static void drop_inode(struct wref *ref)
{
    struct wref inode = *ref;
    *ref = (struct wref){0}; // first: done twice it would free somebody else's
    inode_unref(inode);
}

// Everything of the process that lives in the window, but its entry. No lock held.
static void release_resources(struct proc *p)
{
    fds_close_all(p);
    shm_drop_all(p);
    sem_undo_all(p);
    ipc_wait_drop(p);
    drop_inode(&p->cwd);
    drop_inode(&p->root);
    if (p->pid == p->sid)
        tty_session_leave(p);
}

// An embryo that never ran: no status, no SIGCHLD, its parent does not know the pid yet.
void proc_discard(struct proc *p)
{
    release_resources(p);
    proc_lock();
    orphan_children(p);
    signal_queue_empty(p, UINT64_MAX);
    proc_leave_parent(p);
    proc_may_be_free(p);
    atomic_store_explicit(&p->state, PROC_FREE, memory_order_release);
    proc_unlock();
    signal_kick();
}

// With --check-leaks: what should be gone when the first program, which waited for its children,
// exits.
static void report_leaks(void)
{
    struct wroot *root = window_root();
    uint32_t procs = 0;
    proc_lock();
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        procs += p != proc_self;
    proc_unlock();
    uint32_t files = __atomic_load_n(&root->files.used, __ATOMIC_RELAXED);
    uint32_t pipes = __atomic_load_n(&root->pipes.used, __ATOMIC_RELAXED);
    uint32_t segments = __atomic_load_n(&root->segments.used, __ATOMIC_RELAXED);
    uint32_t sockets = __atomic_load_n(&root->sockets.used, __ATOMIC_RELAXED) +
                       __atomic_load_n(&root->rights.used, __ATOMIC_RELAXED);
    // What System V IPC leaves behind is there to stay, unless it was removed: the program's leak.
    uint32_t ipc = ipc_count_all() + __atomic_load_n(&root->mqs.used, __ATOMIC_RELAXED) +
                   __atomic_load_n(&root->messages.used, __ATOMIC_RELAXED) +
                   __atomic_load_n(&root->sem_undos.used, __ATOMIC_RELAXED) +
                   __atomic_load_n(&root->ipc_waits.used, __ATOMIC_RELAXED);
    if (procs + files + pipes + segments + sockets + ipc == 0)
        klog("leaks: none");
    else
        klog("leaks: %u processes, %u files, %u pipes, %u shared mappings, %u sockets, %u of IPC",
             procs, files, pipes, segments, sockets, ipc);
}

// --- those who go with a VM ---

// Whether p has no VM of its own and so goes with the one that is dead: about to be started, or a
// vforked child that was stopped.
static int goes_with(const struct proc *p, const struct proc *dead, uint32_t state)
{
    if (p->parent_slot != dead->slot)
        return 0;
    return state == PROC_EMBRYO || (state == PROC_STOPPED && p->vm_slot == dead->vm_slot);
}

// Children that the dead one was about to start: their VMs never came to be, or end by themselves
// when they find their entry gone (fork.c, proc_boot). And a child that borrowed the VM.
static void discard_embryos(const struct proc *dead)
{
    struct proc *next;
    for (struct proc *p = proc_next_child(dead, NULL); p; p = next) {
        uint32_t state = atomic_load(&p->state);
        next = proc_next_child(dead, p);
        if (!goes_with(p, dead, state) ||
            !atomic_compare_exchange_strong(&p->state, &state, PROC_DOOMED))
            continue;
        discard_embryos(p); // a borrower's own; they have none
        proc_discard(p);
    }
}

// Does not return, but for a child that borrowed its VM: there the parent goes on from
// vfork_ended(). Resources go before the parent is told: who waited for a child finds its pipes
// closed and its locks free.
void proc_exit(int status)
{
    struct proc *p = proc_self = proc_vm;
    sys_enter(); // for good: from here on upcalls only note their events
    thread_end_others();
    p->cpu_ns = vfork_borrowed() ? 0 : clock_cpu_ns(); // the VM's time is its parent's
    if (p->had_children)
        discard_embryos(p); // a SIGKILL may come during posix_spawn()
    release_resources(p);
    if (p->slot == 1 && (boot_info->flags & PV_BOOT_CHECK_LEAKS))
        report_leaks();
    proc_lock();
    uint32_t parent = depart(p, status);
    proc_unlock();
    if (vfork_borrowed()) {
        // No VM ends here: the second half of the exit is ours.
        atomic_store_explicit(&p->state, PROC_ZOMBIE, memory_order_release);
        signal_kick();
        vfork_ended();
    }
    int interrupt = parent ? signal_unmark(parent) : 0;
    signal_kick();
    if (parent) // a parent that spins sees it now; one that sleeps is woken by the exit call itself
        __atomic_fetch_add(&window_door(parent)->bell, 1, __ATOMIC_SEQ_CST);
    pv_exit((uint32_t)status, &p->state, PROC_ZOMBIE, parent, interrupt);
}

void sys_exit(int code)
{
    proc_exit(K_STATUS_EXIT(code));
}

// --- burials: the first program's affair, whom alone the host tells of deaths; its own ends the
// family ---

// Moves to another slot that their owners died in; no other is under way under the lock.
static void finish_moves(void)
{
    proc_lock();
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (p->moved_from)
            proc_leave_old(p);
    proc_unlock();
}

// Whether the host's word is of the process that has the slot, and that one has not exited
// properly. If so, it keeps the slot until it is buried; if not, the word is taken back, unless it
// is a newer one by now.
static int is_buried_by(struct proc *p, uint64_t death)
{
    struct window_door *door = window_door(p->slot);
    proc_lock(); // nobody claims the slot meanwhile
    uint32_t state = atomic_load(&p->state);
    int is_dead =
        WINDOW_DEATH_GEN(death) == door->gen && state != PROC_FREE && state != PROC_ZOMBIE;
    if (!is_dead)
        __atomic_compare_exchange_n(&door->death, &death, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    proc_unlock();
    return is_dead;
}

// The same two halves for one who could not do it himself, but with the state stored here: the host
// has ended the VM already.
static void bury(struct proc *p, uint64_t death)
{
    if (!is_buried_by(p, death))
        return;
    finish_moves();
    discard_embryos(p);
    release_resources(p);
    proc_lock();
    uint32_t parent = depart(p, (int)WINDOW_DEATH_STATUS(death));
    if (parent)
        signal_mark(parent, 0);
    lock_owner_gone(p->slot);
    // Both under the lock: a new process can be claimed only after, and keeps its own death word.
    __atomic_store_n(&window_door(p->slot)->death, 0, __ATOMIC_SEQ_CST);
    atomic_store_explicit(&p->state, PROC_ZOMBIE, memory_order_release);
    proc_unlock();
    signal_kick();
}

// A counter says whether there is anything to look for; a death that was told twice is buried once
// (is_buried_by()).
void proc_bury_dead(void)
{
    static uint32_t seen;
    uint32_t deaths = __atomic_load_n(&window_header()->deaths, __ATOMIC_SEQ_CST);
    if (deaths == seen)
        return;
    seen = deaths; // before looking: a death during the scan shows next time
    for (uint32_t slot = 1; slot <= window_root()->top_slot; slot++) {
        uint64_t death = __atomic_load_n(&window_door(slot)->death, __ATOMIC_SEQ_CST);
        if (death & WINDOW_DEAD)
            bury(proc_at(slot), death);
    }
}
