// SPDX-License-Identifier: BSD-2-Clause
// vfork: the child borrows its parent's process, here a host process over one window; see
// fake_family.h. Neighbour: test_proc.c.
#include <setjmp.h>
#include "tests/unit/lib/check.h"
#include "kernel/api/signal.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/proc/vfork.h"
#include "tests/unit/lib/family_helpers.h"

// As arch/x86_64/entry.S: vfork returns twice, to the same place.
static jmp_buf twice;

void arch_return(const struct arch_context *context, long value)
{
    CHECK_EQ(context->keep, 77);
    longjmp(twice, (int)value);
}

static long begin_vfork(void)
{
    struct arch_context context = {.keep = 77};
    return vfork_begin(&context);
}

static void test_vfork(void)
{
    family_boot();
    struct proc *parent = proc_self;
    volatile int here = 0; // the child works on its parent's memory
    long pid = setjmp(twice);
    if (pid == 0) {
        CHECK_EQ(begin_vfork(), 0);
        CHECK(proc_self != parent && proc_self->ppid == parent->pid);
        CHECK_EQ(proc_self->vm_slot, parent->slot);
        here = 1;
        sys_exit(6);
    }
    CHECK(proc_self == parent && !vfork_borrowed());
    CHECK_EQ(here, 1);
    CHECK_EQ(reap(pid), 6);
    check_alone();
}

static void test_vfork_exec(void)
{
    const struct exec_image image = {.program = 7}; // the faked spawn makes it the exit status
    family_boot();
    long pid = setjmp(twice);
    if (pid == 0) {
        CHECK_EQ(begin_vfork(), 0);
        signal_actions[SIGTERM].handler = K_SIG_IGN; // private memory: must not stay
        vfork_exec(&image, "/bin/seven");
    }
    CHECK(signal_actions[SIGTERM].handler == K_SIG_DFL);
    CHECK_EQ(reap(pid), 7);
    check_alone();
}

// A child that vforks again, or forks, gets a VM for its child.
static void test_vfork_forks(void)
{
    family_boot();
    long pid = setjmp(twice);
    if (pid == 0) {
        CHECK_EQ(begin_vfork(), 0);
        long grandchild = begin_vfork();
        if (grandchild == 0) {
            CHECK(!vfork_borrowed());
            sys_exit(3);
        }
        CHECK_EQ(reap(grandchild), 3);
        sys_exit(4);
    }
    CHECK_EQ(reap(pid), 4);
    check_alone();
}

// A child that execs takes its children along, also when its entry moves because its slot is busy.
static void test_vfork_moves(void)
{
    const struct exec_image image = {.program = 7};
    family_boot();
    notes = window_pages_alloc(1);
    long pid = setjmp(twice);
    if (pid == 0) {
        CHECK_EQ(begin_vfork(), 0);
        if (sys_fork() == 0) {
            for (int i = 0; i < 5000 && sys_getppid() != 1; i++)
                family_sleep_ms(1);
            sys_exit(0);
        }
        notes->value[0] = (int)proc_self->slot;
        family_busy = 1;
        vfork_exec(&image, "/bin/seven");
    }
    CHECK_EQ(reap(pid), 7);
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p)) // its parent's end freed it of one
        CHECK(p == proc_self || p->parent_slot == 0);
    check_alone();
}

int main(void)
{
    RUN(test_vfork);
    RUN(test_vfork_exec);
    RUN(test_vfork_forks);
    RUN(test_vfork_moves);
    return check_done("vfork");
}
