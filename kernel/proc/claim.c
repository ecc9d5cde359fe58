// SPDX-License-Identifier: BSD-2-Clause
// Entries for new processes: claimed, filled, moved to another slot, started.
//
// An entry is complete before its state says so. From the claim until its VM runs it is an embryo,
// its parent's affair: should the parent's VM die, the undertaker takes it apart (exit.c), so every
// step here leaves it something that can be taken apart exactly once.
// Neighbours: proc.c (the table), fork.c, spawn.c, vfork.c (who claims), exit.c (proc_discard).

#include "kernel/proc/proc.h"
#include "kernel/api/errno.h"
#include "kernel/lib.h"
#include "kernel/mem/shared.h"
#include "kernel/pv.h"
#include "kernel/root.h"

#define PID_MAX      4194304 // Linux's limit on 64-bit systems
#define SLOTS_TURN   8u      // claims upwards before the lowest free slot is taken again
#define BUSY_TRIES   64      // slots to try when the host is still tearing their last VM down
#define BUSY_REST_NS UINT64_C(1000000)

// --- finding room, under proc_lock ---

// Whether the slot may hold a new process: no VM runs in it and nobody will wait for the last one.
static int claimable(const struct proc *p)
{
    // acquire: pairs with the host's store of PROC_ZOMBIE, after the VM's last write.
    uint32_t state = atomic_load_explicit(&p->state, memory_order_acquire);
    return state == PROC_FREE || (state == PROC_ZOMBIE && p->parent_slot == 0);
}

// Takes the lowest free slot above this one. Slot 1 stays the first program's: the family's exit
// status is read off it.
static struct proc *free_slot(struct wroot *root, uint32_t above)
{
    uint32_t max = window_header()->max_slots;
    for (uint32_t w = 0; w <= root->top_slot / 64; w++)
        for (uint64_t idle = root->slots_idle[w]; idle; idle &= idle - 1) {
            uint64_t bit = idle & -idle;
            uint32_t slot = w * 64 + (uint32_t)__builtin_ctzll(bit);
            if (slot < 2 || !claimable(proc_at(slot)))
                continue; // its VM is leaving still
            // A zombie that is overwritten must be nothing before: one with a new parent and a slot
            // that is not its own, if the claimer dies meanwhile, would lead proc_next() in
            // circles.
            atomic_store(&proc_at(slot)->state, PROC_FREE);
            root->slots_idle[w] &= ~bit;
            root->slots_used[w] &= ~bit;
        }
    for (uint32_t slot = above + 1; slot <= max; slot++) {
        uint64_t bit = UINT64_C(1) << slot % 64;
        if (root->slots_used[slot / 64] & bit)
            continue;
        // Release: proc_next_used() of another VM sees top_slot and then the bit, or neither
        // matters yet.
        root->top_slot = slot > root->top_slot ? slot : root->top_slot;
        __atomic_fetch_or(&root->slots_used[slot / 64], bit, __ATOMIC_RELEASE);
        proc_at(slot)->slot = slot;
        return proc_at(slot);
    }
    return NULL;
}

// Slots are taken in turn, for the host tears a VM down after its process has ended and been waited
// for; but few of them, so that entries that are in nobody's memory yet stay so.
static struct proc *free_slot_in_turn(struct wroot *root)
{
    struct proc *p = root->turn < SLOTS_TURN ? free_slot(root, root->last_slot) : NULL;
    root->turn = p ? root->turn + 1 : 0;
    if (!p)
        p = free_slot(root, 1);
    if (p)
        root->last_slot = p->slot;
    return p;
}

// A group or session may outlive its leader: its number must not become another's (XSH fork()).
static int pid_in_use(int32_t pid)
{
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (p->pid == pid || p->pgid == pid || p->sid == pid)
            return 1;
    return 0;
}

// wroot.next_pid counts pids ever given; until it has gone round once, none can be in use.
int32_t proc_new_pid(struct wroot *root)
{
    const int32_t space = PID_MAX - PROC_FIRST_PID;
    for (;;) {
        int32_t n = root->next_pid++;
        int32_t pid = PROC_FIRST_PID + n % space;
        if (root->next_pid == INT32_MAX)
            root->next_pid = space;
        if (n < space || !pid_in_use(pid))
            return pid;
    }
}

// Whether RLIMIT_NPROC lets the user have one more; the superuser always may (setrlimit(2)).
static int within_nproc(const struct proc *parent)
{
    uint64_t limit = parent->rlimits[RLIMIT_NPROC].cur, n = 0;
    if (limit == K_RLIM_INFINITY || parent->euid == 0)
        return 1;
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        n += p->uid == parent->uid;
    return n < limit;
}

// What the slot's last process left at its door means nothing to the next; GEN tells the host's
// word about the one from that about the other.
void proc_open_door(uint32_t slot)
{
    struct window_door *door = window_door(slot);
    door->asleep = 0;
    door->death = 0;
    __atomic_fetch_add(&door->gen, 1, __ATOMIC_SEQ_CST);
}

static void clear_entry(struct proc *p)
{
    uint32_t slot = p->slot;
    // Descriptors are closed already and 4 KB are saved, but for a move that its owner died in.
    memset(p->fds, 0, min_u64(p->fd_high, PROC_MAX_FDS) * sizeof p->fds[0]);
    // All but `state`, which is first.
    memset((uint8_t *)p + sizeof p->state, 0, offsetof(struct proc, fds) - sizeof p->state);
    p->slot = slot;
}

// What POSIX lets a child inherit. What is not named here is 0: pending signals, timers, times, and
// descriptors, which come with references and later.
static void inherit_entry(struct proc *c, struct proc *p)
{
    c->vm_slot = c->slot;
    c->ppid = p->pid;
    c->parent_slot = p->slot;
    c->pgid = p->pgid;
    c->sid = p->sid;
    c->sig_ignored = p->sig_ignored;
    c->sig_caught = p->sig_caught;
    c->sig_blocked = p->sig_blocked;
    c->nocldwait = p->nocldwait;
    c->nocldstop = p->nocldstop;
    c->uid = p->uid, c->euid = p->euid, c->suid = p->suid;
    c->gid = p->gid, c->egid = p->egid, c->sgid = p->sgid;
    c->ngroups = p->ngroups;
    memcpy(c->groups, p->groups, sizeof c->groups);
    c->umask = p->umask;
    c->nice = p->nice;
    memcpy(c->rlimits, p->rlimits, sizeof c->rlimits);
    memcpy(c->comm, p->comm, sizeof c->comm);
    memcpy(c->cmdline, p->cmdline, sizeof c->cmdline);
    c->start_ns = pv_mono_ns();
}

// --- claiming ---

// EAGAIN where the user's or the family's number of processes is reached (XSH fork()). The child
// can be seen by others from here on, but not waited for: it is not dead.
long proc_claim(struct proc **child)
{
    struct wroot *root = window_root();
    // Whoever runs us says why, and how to get one (abi/pv.h).
    if (!(boot_info->flags & PV_BOOT_COMPANION))
        return pv_fork(0, NULL, 0);
    proc_lock();
    struct proc *c = within_nproc(proc_self) ? free_slot_in_turn(root) : NULL;
    if (c) {
        clear_entry(c);
        inherit_entry(c, proc_self);
        proc_self->had_children = 1;
        c->next_sibling = proc_self->first_child;
        proc_self->first_child = c->slot;
        c->pid = proc_new_pid(root);
        proc_note_pid(c);
        proc_open_door(c->slot);
        atomic_store_explicit(&c->state, PROC_EMBRYO, memory_order_release);
    }
    proc_unlock();
    if (!c)
        return -EAGAIN;
    // References one by one, each stored after it is taken: if we die here they leak at worst.
    inode_ref(proc_self->cwd);
    c->cwd = proc_self->cwd;
    inode_ref(proc_self->root);
    c->root = proc_self->root;
    fds_inherit(c, proc_self);
    shm_inherit(c, proc_self);
    *child = c;
    return 0;
}

// --- moving, under proc_lock ---

// In its parent's list, and for its children, which a vforked child may have.
static void take_place(const struct proc *old, const struct proc *p)
{
    uint32_t *link = &proc_at(p->parent_slot)->first_child;
    while (*link && *link != old->slot)
        link = &proc_at(*link)->next_sibling;
    if (*link)
        *link = p->slot;
    for (struct proc *child = proc_next_child(p, NULL); child; child = proc_next_child(p, child))
        child->parent_slot = p->slot;
}

void proc_leave_old(struct proc *p)
{
    struct proc *old = proc_at(p->moved_from);
    take_place(old, p);
    old->fd_high = old->nmaps = 0;
    memset(old->fds, 0, sizeof old->fds);
    memset(old->maps, 0, sizeof old->maps);
    old->cwd = old->root = (struct wref){0};
    old->sig_queue = 0;
    // Without references the old entry is an embryo like any other, which it is until the last
    // line.
    p->moved_from = 0;
    old->first_child = 0;
    proc_may_be_free(old);
    atomic_store_explicit(&old->state, PROC_FREE, memory_order_release);
}

// Moves an embryo whose slot turned out to be busy. The one step that counts is the new entry's
// state: before it, the new one is nothing yet; after it, the old one is what is left of a move
// that whoever comes across it finishes (proc_leave_old). NULL: no slot is free; the embryo stays.
// Only ever upwards: the slot that it leaves is free at once, and with two that are busy it would
// go to and fro between them.
static struct proc *rehome(struct proc *embryo)
{
    proc_lock();
    struct proc *p = free_slot(window_root(), embryo->slot);
    if (p) {
        uint32_t slot = p->slot;
        memcpy((uint8_t *)p + sizeof p->state, (uint8_t *)embryo + sizeof p->state,
               sizeof *p - sizeof p->state);
        p->slot = p->vm_slot = slot;
        p->moved_from = embryo->slot;
        proc_note_pid(p);
        proc_open_door(slot);
        // Both names of the process exist for a moment; only the lock's holder can look.
        atomic_store_explicit(&p->state, PROC_EMBRYO, memory_order_release);
        proc_leave_old(p);
    }
    proc_unlock();
    return p;
}

// --- starting ---

// ASK makes the call to the host; its result is passed on, 1 in a forked child. *CHILD may be
// another entry afterwards.
int64_t proc_start(struct proc **child, int64_t (*ask)(struct proc *child, void *arg), void *arg)
{
    const int32_t pid = (*child)->pid; // afterwards it may be gone, and its entry another's
    int64_t r = ask(*child, arg);
    for (int i = 1; r == -EBUSY && i < BUSY_TRIES; i++) {
        struct proc *moved = rehome(*child);
        if (moved)
            *child = moved;
        else // every slot above is taken or being torn down: that takes about a millisecond
            pv_wait(window_door(lock_self_slot())->bell, pv_mono_ns() + BUSY_REST_NS, 0);
        r = ask(*child, arg);
    }
    // From here on the child outlives us whatever happens: it is no embryo any more.
    uint32_t state = PROC_EMBRYO;
    if (r == 0 && (*child)->pid == pid)
        atomic_compare_exchange_strong(&(*child)->state, &state, PROC_RUNNING);
    return r == -EBUSY ? -EAGAIN : r;
}
