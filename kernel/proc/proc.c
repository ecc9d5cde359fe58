// SPDX-License-Identifier: BSD-2-Clause
// The process table: finding entries, and the first process.
//
// One entry per slot, slot = VM. An entry is two pages and a first touch of a page is dear, so a
// bitmap says which entries are worth a look, and the lowest free slot is taken: the same few pages
// serve again and again. An entry is complete before its state says so, and its state is cleared
// last, so the table needs no repair when a VM dies holding proc_lock. Neighbours: claim.c (new
// entries), exit.c (who ends), wait.c (who frees).

#include "kernel/proc/proc.h"
#include "kernel/api/errno.h"
#include "kernel/api/wait.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/signal/signal.h"

// Private to this VM. proc_vm is the entry of who has the VM: signals and timers are its. proc_self
// is in whose name the kernel acts, another one only while posix_spawn() sets up a child.
struct proc *proc_vm, *proc_self;

void proc_become(struct proc *p)
{
    proc_vm = proc_self = p;
}

void proc_lock(void)
{
    // -EOWNERDEAD: see above; who died is buried by proc_bury_dead().
    (void)lock_take(&window_root()->proc_lock);
}

void proc_unlock(void)
{
    lock_drop(&window_root()->proc_lock);
}

// Slots count from 1; 0 stands for none wherever a slot is kept.
struct proc *proc_at(uint32_t slot)
{
    return (struct proc *)wref_ptr(window_root()->procs) + slot;
}

// Also true of one that has exited and was reaped already, while the host still ends its VM: it
// must not be found by kill() or wait4(), but its slot is not free.
int proc_gone(const struct proc *p)
{
    uint32_t state = atomic_load_explicit(&p->state, memory_order_acquire);
    if (state == PROC_FREE || state == PROC_DOOMED)
        return 1;
    return p->dead && p->parent_slot == 0;
}

// The next slot after this one whose bit is set, 0 at the end. Bits are hints: one may be set of an
// entry that is free, never the other way round.
uint32_t proc_next_used(uint32_t slot)
{
    const struct wroot *root = window_root();
    uint32_t top = root->top_slot;
    for (slot++; slot <= top; slot = (slot / 64 + 1) * 64) {
        uint64_t word = __atomic_load_n(&root->slots_used[slot / 64], __ATOMIC_ACQUIRE);
        // The bits of lower slots are shifted out; whole empty words are skipped, 64 slots at a
        // time.
        word >>= slot % 64;
        if (word)
            return slot + (uint32_t)__builtin_ctzll(word);
    }
    return 0;
}

struct proc *proc_next(const struct proc *p)
{
    for (uint32_t slot = proc_next_used(p ? p->slot : 0); slot; slot = proc_next_used(slot))
        if (!proc_gone(proc_at(slot)))
            return proc_at(slot);
    return NULL;
}

// Pids are many, hints few: two may share one, and the later takes it. Who finds another pid there
// searches the table.
void proc_note_pid(const struct proc *p)
{
    window_root()->pid_slots[(uint32_t)p->pid % PID_HINTS] = (uint16_t)p->slot;
}

// The entry that had the pid last, if it has it still.
static struct proc *find_noted(int32_t pid)
{
    uint32_t slot = window_root()->pid_slots[(uint32_t)pid % PID_HINTS];
    struct proc *p = slot && slot <= window_header()->max_slots ? proc_at(slot) : NULL;
    return p && p->pid == pid && !proc_gone(p) ? p : NULL;
}

struct proc *proc_find(int32_t pid)
{
    struct proc *noted = find_noted(pid);
    if (noted)
        return noted;
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (p->pid == pid)
            return p;
    return NULL;
}

// Under proc_lock. Children are a list through the entries, the newest first.
struct proc *proc_next_child(const struct proc *parent, const struct proc *p)
{
    uint32_t slot = p ? p->next_sibling : parent->first_child;
    return slot ? proc_at(slot) : NULL;
}

// One store, so the list is whole at each instruction.
void proc_leave_parent(const struct proc *p)
{
    if (!p->parent_slot)
        return;
    uint32_t *link = &proc_at(p->parent_slot)->first_child;
    while (*link && *link != p->slot)
        link = &proc_at(*link)->next_sibling;
    if (*link)
        *link = p->next_sibling;
}

// Sets a bit that claims look at first. Too often does no harm, too seldom would lose a slot: it is
// set by whichever half of an exit comes, first or second.
void proc_may_be_free(const struct proc *p)
{
    __atomic_fetch_or(&window_root()->slots_idle[p->slot / 64], UINT64_C(1) << p->slot % 64,
                      __ATOMIC_SEQ_CST);
}

void proc_note_stop(const struct proc *p)
{
    __atomic_fetch_or(&window_root()->slots_stopped[p->slot / 64], UINT64_C(1) << p->slot % 64,
                      __ATOMIC_SEQ_CST);
}

// Bits of processes that have gone on since are cleared here, by who happens to look: so
// continuing, which is frequent, need not touch the bitmap.
int proc_group_stopped(int32_t pgid)
{
    struct wroot *root = window_root();
    for (uint32_t w = 0; w <= root->top_slot / 64; w++)
        for (uint64_t left = root->slots_stopped[w]; left; left &= left - 1) {
            const struct proc *p = proc_at(w * 64 + (uint32_t)__builtin_ctzll(left));
            if (atomic_load(&p->state) != PROC_STOPPED)
                __atomic_fetch_and(&root->slots_stopped[w], ~(left & -left), __ATOMIC_SEQ_CST);
            else if (p->pgid == pgid && !proc_gone(p))
                return 1;
        }
    return 0;
}

// Under proc_lock. The leader's pid is the group's, so its hint usually answers at once.
int proc_group_in_session(int32_t pgid, int32_t sid)
{
    const struct proc *leader = find_noted(pgid);
    if (leader && leader->pgid == pgid && leader->sid == sid)
        return 1;
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (p->pgid == pgid && p->sid == sid)
            return 1;
    return 0;
}

int proc_group_orphaned(int32_t pgid, int32_t sid, const struct proc *except)
{
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p)) {
        // A group is not orphaned while the parent of one of its members is in another group of the
        // same session (XBD 3).
        if (p == except || p->pgid != pgid || p->dead || !p->parent_slot)
            continue;
        const struct proc *parent = proc_at(p->parent_slot);
        if (parent != except && parent->sid == sid && parent->pgid != pgid)
            return 0;
    }
    return 1;
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
    p->rlimits[RLIMIT_NICE] = p->rlimits[RLIMIT_RTPRIO] = (struct k_rlimit){0, 0};
    p->rlimits[RLIMIT_SIGPENDING] = (struct k_rlimit){SIG_RECORDS, SIG_RECORDS};
}

// The first program: pid 2, child of the supervisor, leader of its own session and group.
static void init_first(struct proc *p)
{
    struct wroot *root = window_root();
    root->top_slot = p->slot;
    root->slots_used[p->slot / 64] |= UINT64_C(1) << p->slot % 64;
    p->pid = p->pgid = p->sid = proc_new_pid(root);
    p->had_group = 1;
    proc_note_pid(p);
    p->vm_slot = p->slot;
    p->ppid = PROC_INIT_PID;
    p->umask = 022;
    p->start_ns = pv_mono_ns();
    default_limits(p);
    // Last, as with every claim (claim.c): an entry is complete before its state says so.
    atomic_store_explicit(&p->state, PROC_EMBRYO, memory_order_release);
}

void proc_name(struct proc *p, const char *path, const char *args, uint64_t len)
{
    const char *base = path;
    for (const char *s = path; *s; s++)
        if (*s == '/' && s[1])
            base = s + 1;
    size_t n = min_u64(strlen(base), sizeof p->comm - 1);
    // Others may read it meanwhile and see a mixture; it is for show only.
    memset(p->comm, 0, sizeof p->comm);
    memcpy(p->comm, base, n);
    n = min_u64(len, sizeof p->cmdline - 1);
    memset(p->cmdline, 0, sizeof p->cmdline);
    memcpy(p->cmdline, args, n);
}

// Every program of the family comes here once: the first, one that was spawned, one after exec. A
// forked VM does not, it is in the middle of fork().
void proc_boot(int argc, char *const argv[])
{
    uint32_t expected = PROC_EMBRYO;
    struct proc *p = proc_at(boot_info->slot);
    proc_become(p);
    p->slot = boot_info->slot;
    if (boot_info->first)
        proc_open_door(p->slot);
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

// Only for the first process: others get their two references from their parents.
void proc_boot_root(void)
{
    struct wref top = window_root()->root_inode;
    inode_ref(top);
    proc_self->root = top;
    inode_ref(top);
    proc_self->cwd = top;
}
