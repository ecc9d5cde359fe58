// SPDX-License-Identifier: BSD-2-Clause
// What lies beside processes and signals, faked: files, the terminal, the processor. See
// fake_family.h.
#include "tests/unit/lib/fake_family.h"
#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/mem/mem.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/random.h"
#include "kernel/root.h"
#include "kernel/mem/shared.h"
#include "kernel/signal/signal.h"
#include "kernel/proc/spawn.h"
#include "kernel/sys.h"
#include "kernel/tty/tty.h"
#include "kernel/proc/vfork.h"
#include "tests/unit/lib/fake_kernel.h"

// Counts that every VM of the family sees: in a page of the window.
static struct counts {
    int inodes, tables;
} * counts;

void lower_boot(void);
void lower_boot(void)
{
    char *argv[] = {"first", NULL};
    if (window_format() < 0)
        panic("window_format");
    counts = window_pages_alloc(1);
    current->depth = 1;
    lock_init_self(1);
    proc_boot(1, argv);
    window_root()->root_inode = wref_of(counts); // any object will do: only its references count
    proc_boot_root();
    fds_inherit(proc_self, proc_self);
    random_boot();
    clock_boot();
    memset(signal_actions, 0, sizeof signal_actions);
    signal_boot();
    current->depth = 0;
}

int lower_inode_refs(void)
{
    return __atomic_load_n(&counts->inodes, __ATOMIC_SEQ_CST);
}

int lower_fd_tables(void)
{
    return __atomic_load_n(&counts->tables, __ATOMIC_SEQ_CST);
}

// --- files ---

void inode_ref(struct wref inode)
{
    if (inode.unit)
        __atomic_add_fetch(&counts->inodes, 1, __ATOMIC_SEQ_CST);
}

void inode_unref(struct wref inode)
{
    if (inode.unit)
        __atomic_sub_fetch(&counts->inodes, 1, __ATOMIC_SEQ_CST);
}

int inode_in_group(uint32_t gid, int real)
{
    return gid == (real ? proc_self->gid : proc_self->egid);
}

// A table counts as one object; fds[0] says that the process has it.
void fds_inherit(struct proc *child, const struct proc *parent)
{
    (void)parent;
    child->fds[0] = 1;
    __atomic_add_fetch(&counts->tables, 1, __ATOMIC_SEQ_CST);
}

void fds_close_all(struct proc *p)
{
    if (p->fds[0])
        __atomic_sub_fetch(&counts->tables, 1, __ATOMIC_SEQ_CST);
    p->fds[0] = 0;
}

int inode_map(struct inode *ip, struct shm_segment *s)
{
    panic("no file to map: %p %p", (void *)ip, (void *)s);
}

void inode_unmap(struct inode *ip, int writable)
{
    panic("no file to unmap: %p %d", (void *)ip, writable);
}

// --- the terminal ---

void tty_session_leave(const struct proc *leader)
{
    (void)leader;
}

void tty_input(void)
{
}

// --- memory and the processor: NULL stands for memory the program does not have ---

int user_readable(const void *p, size_t n)
{
    return p || !n ? 0 : -EFAULT;
}

int user_writable(void *p, size_t n)
{
    return user_readable(p, n);
}

void signal_fault(struct pv_frame *frame, void *fpu)
{
    (void)fpu;
    panic("exception %u", frame->vector);
}

int mem_limits_allow(uint64_t more, int private)
{
    (void)more, (void)private;
    return 1;
}

void mem_hot(struct pv_range hot[3])
{
    hot[0] = hot[1] = hot[2] = (struct pv_range){0};
}

// The alternative stack of a test is never entered: the sanitizer knows one stack.
void arch_call_on_stack(void *top, void (*fn)(void *), void *arg)
{
    (void)top;
    fn(arg);
}

void arch_frame_to_gregs(const struct pv_frame *frame, uint64_t gregs[K_NGREG])
{
    memset(gregs, 0, K_NGREG * sizeof *gregs);
    gregs[0] = frame->r8;
}

void arch_gregs_to_frame(const uint64_t gregs[K_NGREG], struct pv_frame *frame)
{
    frame->r8 = gregs[0];
}

// fake_pv.c can also run VMs without a kernel's help (fake_vm()); not in these tests.
void fake_claim(uint32_t slot)
{
    panic("fake_claim(%u) in a family", slot);
}

void fake_become(uint32_t slot)
{
    panic("fake_become(%u) in a family", slot);
}

// --- programs: the one a process becomes exits with its number in the image ---

void exec_commit(struct proc *p, const struct exec_image *image, const char *path)
{
    (void)image, (void)path;
    signal_exec(p);
}

static int64_t fork_program(struct proc *child, void *arg)
{
    (void)arg;
    return pv_fork(child->slot, NULL, 0);
}

long spawn_start(struct proc **child, const struct exec_image *image)
{
    (*child)->vm_slot = (*child)->slot;
    long r = proc_start(child, fork_program, NULL);
    if (r <= 0)
        return r;
    vfork_fork_child();
    lock_init_self((*child)->slot);
    proc_become(*child);
    sys_exit((int)image->program);
}

// Where vfork returns to is the test's business: test_proc.c has its own.
__attribute__((weak)) void arch_return(const struct arch_context *context, long value)
{
    panic("arch_return(%p, %ld)", (const void *)context, value);
}
