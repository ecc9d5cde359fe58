// SPDX-License-Identifier: BSD-2-Clause
// What is left when a VM dies at a bad moment: its relatives are told, and nothing leaks.
// Each process is a host process over one window; see fake_family.h. Neighbour: test_proc.c.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/api/wait.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/window/root.h"
#include "kernel/sys.h"
#include "tests/unit/lib/family_helpers.h"

static void set_up(void)
{
    family_boot();
    notes = window_pages_alloc(1);
    family_busy = family_full = 0;
}

static void test_killed_outside(void)
{
    set_up();
    long pid = sys_fork();
    if (pid == 0) {
        proc_lock(); // dies inside a critical section, even
        family_die();
    }
    family_mourn(2);
    CHECK_EQ(reap(pid), -SIGKILL);
    check_alone();
}

static void test_dies_while_forking(void)
{
    set_up();
    long pid = sys_fork();
    if (pid == 0) {
        proc_claim(&(struct proc *){NULL}); // an entry with references, and no VM
        family_die();
    }
    family_mourn(2);
    CHECK_EQ(reap(pid), -SIGKILL);
    check_alone();
}

// The parent of the dead one is gone as well; the child of the dead one lives.
static void test_dead_middle(void)
{
    set_up();
    long pid = sys_fork();
    if (pid == 0) {
        if (sys_fork() == 0) {
            notes->value[0] = 1;
            wait_go();
            sys_exit(sys_getppid() == 1 ? 0 : 1);
        }
        while (!__atomic_load_n(&notes->value[0], __ATOMIC_SEQ_CST))
            family_sleep_ms(1);
        family_die();
    }
    family_mourn(2);
    CHECK_EQ(reap(pid), -SIGKILL);
    notes->go = 1;
    check_alone();
}

// Who buries dies at it: the next undertaker buries both. The door's word is exit.c's: BURYING |
// slot << 17.
static void test_undertaker_dies(void)
{
    set_up();
    long a = sys_fork();
    if (a == 0)
        family_die();
    long b = sys_fork();
    if (b == 0)
        family_die();
    family_sleep_ms(20);
    __atomic_store_n(&window_door(2)->death, 0x80000000u | 3u << 17 | SIGKILL, __ATOMIC_SEQ_CST);
    CHECK_EQ(sys_wait4((int)a, NULL, WNOHANG, NULL), 0); // not ours to bury
    family_mourn(3);
    CHECK_EQ(reap(a), -SIGKILL);
    CHECK_EQ(reap(b), -SIGKILL);
    check_alone();
}

int main(void)
{
    RUN(test_killed_outside);
    RUN(test_dies_while_forking);
    RUN(test_dead_middle);
    RUN(test_undertaker_dies);
    return check_done("death");
}
