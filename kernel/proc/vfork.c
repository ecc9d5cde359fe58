// SPDX-License-Identifier: BSD-2-Clause
// vfork without a clone: see vfork.h.
//
// What is the process's own lies in its entry and changes hands with proc_vm; only signal
// handlers are private memory, and are put aside. Wake-ups find the child because its entry says in
// which VM it runs (proc.vm_slot). If this VM dies, the child is an embryo of the parent's and its
// undertaker discards it.

#include "kernel/proc/vfork.h"
#include "kernel/api/errno.h"
#include "kernel/api/wait.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/proc/spawn.h"
#include "kernel/sys.h"

// The parent while a child borrows its VM; parent is NULL when none does.
static struct {
    struct proc *parent;
    int32_t child_pid;
    struct arch_context context; // where sys_vfork returns to, twice
    struct k_sigaction actions[K_NSIG + 1];
    struct k_stack altstack;
} lender;

int vfork_borrowed(void)
{
    return lender.parent != NULL;
}

// In a VM forked by the borrower, the copy of LENDER means nothing: who borrowed is another VM.
void vfork_fork_child(void)
{
    lender.parent = NULL;
}

// The parent's entry stays RUNNING and is nobody's VM for a while: what is sent to it waits in the
// entry. LENDER is complete before proc_become(), after which every upcall acts for the child.
static long borrow(const struct arch_context *context)
{
    struct proc *child;
    long r = proc_claim(&child);
    if (r < 0)
        return r;
    lender.context = *context;
    lender.child_pid = child->pid;
    memcpy(lender.actions, signal_actions, sizeof lender.actions);
    lender.altstack = current->altstack;
    child->vm_slot = proc_self->vm_slot;
    lender.parent = proc_self;
    proc_become(child);
    return 0;
}

// Returns 0 in the child's name; the second return comes from vfork_ended(), by CONTEXT.
long vfork_begin(const struct arch_context *context)
{
    long r;
    // One VM, one borrower: this child's child gets a VM of its own. And one thread: the others
    // would act in the child's name.
    if (vfork_borrowed() || thread_hooks)
        return sys_fork();
    do {
        sys_enter();
        r = borrow(context);
    } while (sys_leave(&r));
    return r;
}

// The parent goes on, from its call of sys_vfork.
void vfork_ended(void)
{
    long pid = lender.child_pid;
    proc_become(lender.parent);
    memcpy(signal_actions, lender.actions, sizeof lender.actions);
    current->altstack = lender.altstack;
    lender.parent = NULL;
    timer_boot();          // an expiry meanwhile found the child, which has no alarm
    pv_shared->masked = 0; // the child may have ended in an upcall
    kernel_depth_set(1);
    sys_leave(&pid); // the parent's signals have waited
    arch_return(&lender.context, pid);
}

// The child gets a VM of its own at last, with the program in it, and this one goes back to its
// owner.
void vfork_exec(const struct exec_image *image, const char *path)
{
    struct proc *child = proc_self;
    exec_commit(child, image, path);
    proc_become(lender.parent); // who asks the host, should it say that the slot is busy
    long r = spawn_start(&child, image);
    if (r < 0) { // no way back, as on Linux
        klog("exec: %s: error %d", path, (int)-r);
        proc_become(child);
        proc_exit(K_STATUS_SIGNAL(SIGKILL));
    }
    vfork_ended();
}
