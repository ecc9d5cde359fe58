// SPDX-License-Identifier: BSD-2-Clause
// fork: one process becomes two, one VM becomes two (design: docs/fork.md).
//
// The parent claims and fills the child's entry in the window, runs the fork table (forktable.c)
// and makes one call to the host, which returns in both. Everything that can fail comes before that
// call. The path is hot, and each first touch of a page in the child costs as much as thousands of
// instructions: it touches its stack, its entry and little else.

#include "kernel/api/errno.h"
#include "kernel/api/wait.h"
#include "kernel/entry.h"
#include "kernel/fs/inode.h"
#include "kernel/proc/forktable.h"
#include "kernel/lib.h"
#include "kernel/mem/mem.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/sys.h"

#define HOT_STACK 8192u // bytes of stack around this frame that both sides write at once

// In the parent's memory, which is the child's as well a moment later: so the child knows its pid
// without asking anybody.
int proc_fork_prepare(struct proc *child)
{
    current->expected_pid = child->pid;
    return 0;
}

void proc_fork_child(void)
{
    uint32_t state = PROC_EMBRYO;
    struct proc *p = proc_at(boot_info->slot);
    lock_init_self(boot_info->slot);
    // Our parent may say RUNNING first. Any other state, or another pid: it died before pv_fork()
    // returned, and its undertaker took the entry apart; nobody knows of this VM.
    if (p->pid != current->expected_pid ||
        (!atomic_compare_exchange_strong(&p->state, &state, PROC_RUNNING) && state != PROC_RUNNING))
        pv_exit(K_STATUS_SIGNAL(9), NULL, 0, 0, 0);
    proc_become(p);
}

// Undoes the prepare hooks before `end`, or tells all hooks how the clone went.
static void hooks_parent(struct proc *child, uint32_t end, int failed)
{
    for (uint32_t i = end; i-- > 0;)
        if (fork_table[i].parent)
            fork_table[i].parent(child, failed);
}

// In the table's order, and undone in the reverse one, as the parts build on each other.
static int hooks_prepare(struct proc *child)
{
    for (uint32_t i = 0; i < fork_table_len; i++) {
        int r = fork_table[i].prepare ? fork_table[i].prepare(child) : 0;
        if (r < 0) {
            hooks_parent(child, i, 1);
            return r;
        }
    }
    return 0;
}

// Nothing here can fail: there is nobody to tell.
static void hooks_child(void)
{
    for (uint32_t i = fork_table_len; i-- > 0;)
        if (fork_table[i].child)
            fork_table[i].child();
}

// The stack around this frame: both sides return through it and call onwards below it.
static struct pv_range hot_stack(void)
{
    uint64_t here = (uintptr_t)__builtin_frame_address(0);
    uint64_t low = max_u64(here - HOT_STACK, boot_info->stack_bottom);
    uint64_t high = min_u64(here + HOT_STACK, boot_info->stack_top);
    if (low >= high) // on a stack of the program's own making: only what is surely mapped
        return (struct pv_range){here, 1};
    return (struct pv_range){low, high - low};
}

// What both sides are going to write at once, and of the window what the child needs first. The
// host prepares these ranges at the fork, which is cheaper than a fault for each page later; it may
// also ignore them.
struct hot {
    struct pv_range range[6];
};

static int64_t ask_fork(struct proc *child, void *arg)
{
    const struct hot *hot = arg;
    return pv_fork(child->slot, hot->range, ARRAY_LEN(hot->range));
}

static long fork_now(void)
{
    struct proc *child;
    long r = proc_claim(&child);
    if (r < 0)
        return r;
    r = hooks_prepare(child);
    if (r < 0) {
        proc_discard(child);
        return r;
    }
    struct hot hot = {.range = {hot_stack()}};
    mem_hot(hot.range + 1);
    hot.range[4] = (struct pv_range){(uintptr_t)child, sizeof *child};
    hot.range[5] = (struct pv_range){(uintptr_t)inode_at(child->cwd), sizeof(struct inode)};
    int32_t pid = child->pid; // afterwards it may be gone, and its entry another's
    r = proc_start(&child, ask_fork, &hot);
    if (r == 1) {
        hooks_child();
        return 0;
    }
    hooks_parent(child, fork_table_len, r < 0);
    if (r < 0) {
        proc_discard(child);
        return r == -ENOSYS ? r : -EAGAIN;
    }
    return pid;
}

long sys_fork(void)
{
    long r;
    do {
        sys_enter();
        r = fork_now();
    } while (sys_leave(&r));
    return r;
}
