// SPDX-License-Identifier: BSD-2-Clause
// The process table: finding, claiming and moving entries, and the first process.
//
// One entry per slot, slot = VM. An entry is two pages and a first touch of a page is dear, so a
// bitmap says which entries are worth a look, and the lowest free slot is taken: the same few pages
// serve again and again. An entry is complete before its state says so, and its state is cleared
// last, so the table needs no repair when a VM dies holding proc_lock. Neighbours: fork.c, spawn.c
// (who claims), exit.c (who ends), wait.c (who frees).

#include "kernel/proc/proc.h"
#include "kernel/api/errno.h"
#include "kernel/api/wait.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/window/root.h"
#include "kernel/mem/shared.h"

#define PID_MAX 4194304 // Linux's limit on 64-bit systems

struct proc *proc_self;

void proc_lock(void)
{
    // -EOWNERDEAD: see above; who died is buried by proc_bury_dead().
    (void)lock_take(&window_root()->proc_lock);
}

void proc_unlock(void)
{
    lock_drop(&window_root()->proc_lock);
}

struct proc *proc_at(uint32_t slot)
{
    return (struct proc *)wref_ptr(window_root()->procs) + slot;
}

int proc_gone(const struct proc *p)
{
    uint32_t state = atomic_load_explicit(&p->state, memory_order_acquire);
    if (state == PROC_FREE || state == PROC_DOOMED)
        return 1;
    return p->dead && p->parent_slot == 0;
}

// Whether the slot may hold a new process: no VM runs in it and nobody will wait for the last one.
static int claimable(const struct proc *p)
{
    // acquire: pairs with the host's store of PROC_ZOMBIE, after the VM's last write.
    uint32_t state = atomic_load_explicit(&p->state, memory_order_acquire);
    return state == PROC_FREE || (state == PROC_ZOMBIE && p->parent_slot == 0);
}

// The next slot after `slot` whose entry has been claimed since it was last found free; 0 at the
// end.
static uint32_t next_used(uint32_t slot)
{
    const struct wroot *root = window_root();
    uint32_t top = root->top_slot;
    for (slot++; slot <= top; slot = (slot / 64 + 1) * 64) {
        uint64_t word = __atomic_load_n(&root->slots_used[slot / 64], __ATOMIC_ACQUIRE);
        word >>= slot % 64;
        if (word)
            return slot + (uint32_t)__builtin_ctzll(word);
    }
    return 0;
}

struct proc *proc_next(const struct proc *p)
{
    for (uint32_t slot = next_used(p ? p->slot : 0); slot; slot = next_used(slot))
        if (!proc_gone(proc_at(slot)))
            return proc_at(slot);
    return NULL;
}

struct proc *proc_find(int32_t pid)
{
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (p->pid == pid)
            return p;
    return NULL;
}

int proc_group_orphaned(int32_t pgid, int32_t sid, const struct proc *except)
{
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p)) {
        if (p == except || p->pgid != pgid || p->dead || !p->parent_slot)
            continue;
        const struct proc *parent = proc_at(p->parent_slot);
        if (parent != except && parent->sid == sid && parent->pgid != pgid)
            return 0;
    }
    return 1;
}

// --- claiming, under proc_lock ---

// Takes the lowest free slot. Slot 1 stays the first program's: the family's exit status is read
// off it.
static struct proc *free_slot(struct wroot *root)
{
    uint32_t max = window_header()->max_slots;
    for (uint32_t slot = next_used(1); slot; slot = next_used(slot))
        if (claimable(proc_at(slot)))
            root->slots_used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    for (uint32_t slot = 2; slot <= max; slot++) {
        uint64_t bit = UINT64_C(1) << slot % 64;
        if (root->slots_used[slot / 64] & bit)
            continue;
        // Release: next_used() of another VM sees top_slot and then the bit, or neither matters
        // yet.
        root->top_slot = slot > root->top_slot ? slot : root->top_slot;
        __atomic_fetch_or(&root->slots_used[slot / 64], bit, __ATOMIC_RELEASE);
        proc_at(slot)->slot = slot;
        return proc_at(slot);
    }
    return NULL;
}

static int pid_in_use(int32_t pid)
{
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (p->pid == pid || p->pgid == pid || p->sid == pid)
            return 1;
    return 0;
}

// wroot.next_pid counts pids ever given; until it has gone round once, none can be in use.
static int32_t new_pid(struct wroot *root)
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

// A door for a new process: the generation tells its locks from its predecessor's.
static void open_door(uint32_t slot)
{
    struct window_door *door = window_door(slot);
    door->asleep = 0;
    door->death = 0;
    __atomic_fetch_add(&door->gen, 1, __ATOMIC_SEQ_CST);
}

static void clear_entry(struct proc *p)
{
    uint32_t slot = p->slot;
    // All but `state`, which is first, and the descriptors, which are closed already: 4 KB saved.
    memset((uint8_t *)p + sizeof p->state, 0, offsetof(struct proc, fds) - sizeof p->state);
    p->slot = slot;
}

static void inherit(struct proc *c, struct proc *p)
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

long proc_claim(struct proc **child)
{
    struct wroot *root = window_root();
    // Whoever runs us says why, and how to get one (abi/pv.h).
    if (!(boot_info->flags & PV_BOOT_COMPANION))
        return pv_fork(0, NULL, 0);
    proc_lock();
    struct proc *c = within_nproc(proc_self) ? free_slot(root) : NULL;
    if (c) {
        clear_entry(c);
        inherit(c, proc_self);
        proc_self->had_children = 1;
        c->pid = new_pid(root);
        open_door(c->slot);
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

struct proc *proc_rehome(struct proc *embryo)
{
    struct wroot *root = window_root();
    proc_lock();
    struct proc *c = free_slot(root);
    if (c) {
        uint32_t slot = c->slot;
        memcpy((uint8_t *)c + sizeof c->state, (uint8_t *)embryo + sizeof c->state,
               sizeof *c - sizeof c->state);
        c->slot = c->vm_slot = slot;
        open_door(slot);
        // Both names of the process exist for a moment; only the lock's holder can look.
        atomic_store_explicit(&c->state, PROC_EMBRYO, memory_order_release);
        memset(embryo->fds, 0, sizeof embryo->fds);
        atomic_store_explicit(&embryo->state, PROC_FREE, memory_order_release);
    }
    proc_unlock();
    return c;
}

void proc_discard(struct proc *p)
{
    struct wref cwd = p->cwd, top = p->root;
    fds_close_all(p);
    shm_drop_all(p);
    p->cwd = p->root = (struct wref){0};
    inode_unref(cwd);
    inode_unref(top);
    proc_lock();
    atomic_store_explicit(&p->state, PROC_FREE, memory_order_release);
    proc_unlock();
}

// --- boot ---

// Limits of the first program: none but those of the design.
static void default_limits(struct proc *p)
{
    for (int i = 0; i < K_RLIM_NLIMITS; i++)
        p->rlimits[i] = (struct k_rlimit){K_RLIM_INFINITY, K_RLIM_INFINITY};
    p->rlimits[RLIMIT_NOFILE] = (struct k_rlimit){PROC_MAX_FDS, PROC_MAX_FDS};
    p->rlimits[RLIMIT_STACK].cur = boot_info->stack_top - boot_info->stack_bottom;
    p->rlimits[RLIMIT_CORE].cur = 0;
}

// The first program: pid 2, child of the supervisor, leader of its own session and group.
static void init_first(struct proc *p)
{
    struct wroot *root = window_root();
    root->top_slot = p->slot;
    root->slots_used[p->slot / 64] |= UINT64_C(1) << p->slot % 64;
    p->pid = p->pgid = p->sid = new_pid(root);
    p->vm_slot = p->slot;
    p->ppid = PROC_INIT_PID;
    p->umask = 022;
    p->start_ns = pv_mono_ns();
    default_limits(p);
    atomic_store_explicit(&p->state, PROC_EMBRYO, memory_order_release);
}

void proc_name(struct proc *p, const char *path, const char *args, uint64_t len)
{
    const char *base = path;
    for (const char *s = path; *s; s++)
        if (*s == '/' && s[1])
            base = s + 1;
    size_t n = min_u64(strlen(base), sizeof p->comm - 1);
    memset(p->comm, 0, sizeof p->comm);
    memcpy(p->comm, base, n);
    n = min_u64(len, sizeof p->cmdline - 1);
    memset(p->cmdline, 0, sizeof p->cmdline);
    memcpy(p->cmdline, args, n);
}

void proc_boot(int argc, char *const argv[])
{
    uint32_t expected = PROC_EMBRYO;
    struct proc *p = proc_self = proc_at(boot_info->slot);
    p->slot = boot_info->slot;
    if (boot_info->first)
        open_door(p->slot);
    lock_init_self(p->slot);
    if (boot_info->first) {
        init_first(p);
        if (argc > 0)
            proc_name(p, argv[0], argv[0], strlen(argv[0]) + 1);
    }
    // RUNNING already after exec, or when spawn's parent was quicker. Else the parent died and its
    // undertaker took this entry apart: nobody wants this VM.
    if (!atomic_compare_exchange_strong(&p->state, &expected, PROC_RUNNING) &&
        expected != PROC_RUNNING)
        pv_exit(K_STATUS_SIGNAL(9), NULL, 0, 0, 0);
}

void proc_boot_root(void)
{
    struct wref top = window_root()->root_inode;
    inode_ref(top);
    proc_self->root = top;
    inode_ref(top);
    proc_self->cwd = top;
}
