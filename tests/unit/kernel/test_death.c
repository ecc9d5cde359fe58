// SPDX-License-Identifier: BSD-2-Clause
// What is left when a VM dies at a bad moment: its relatives are told, and nothing leaks.
// Each process is a host process over one window; see fake_family.h. Neighbour: test_proc.c.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/api/wait.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/proc/vfork.h"
#include "kernel/sys.h"
#include "tests/unit/lib/family_helpers.h"
#include "tests/unit/lib/step.h"
#include <string.h>

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

// SIGKILL in the middle of posix_spawn(): the one that was to be started is nobody's.
static void test_exits_while_starting(void)
{
    set_up();
    long pid = sys_fork();
    if (pid == 0) {
        proc_claim(&(struct proc *){NULL});
        sys_exit(4);
    }
    CHECK_EQ(reap(pid), 4);
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
        await_note(0);
        family_die();
    }
    family_mourn(2);
    CHECK_EQ(reap(pid), -SIGKILL);
    notes->go = 1;
    check_alone();
}

// A process is killed when its exit is done and its slot not yet given back: the host's word of it
// comes when the slot is another's.
static void test_late_word(void)
{
    set_up();
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(4);
    CHECK_EQ(reap(pid), 4);
    const uint32_t gen = window_door(2)->gen;
    lowest_slot_next();
    long next = sys_fork();
    if (next == 0) {
        wait_go();
        sys_exit((int)proc_self->slot);
    }
    CHECK(window_door(2)->gen != gen);
    family_mourn_late(2, gen);
    CHECK_EQ(sys_wait4((int)next, NULL, WNOHANG, NULL), 0);
    CHECK_EQ(window_door(2)->death, 0);
    notes->go = 1;
    CHECK_EQ(reap(next), 2);
    check_alone();
}

// Slots come in turn, for the last one's VM may be leaving still; but it is always the same few.
static void test_slots_in_turn(void)
{
    uint32_t used = 0, top = 0;
    set_up();
    for (int i = 0, last = 0; i < 40; i++) {
        long pid = sys_fork();
        if (pid == 0)
            sys_exit((int)proc_self->slot);
        const int slot = reap(pid);
        CHECK(slot >= 2 && slot != last);
        last = slot;
        used |= 1u << slot;
        top = slot > (int)top ? (uint32_t)slot : top;
    }
    CHECK(top <= 12 && __builtin_popcount(used) >= 8);
    check_alone();
}

// A vforked child has a child of its own when the VM that it borrows dies: nobody who comes later
// may be taken for that one's parent.
static void test_lender_dies(void)
{
    struct arch_context context = {.keep = 0};
    set_up();
    long lender = sys_fork();
    if (lender == 0) {
        vfork_begin(&context);
        if (sys_fork() == 0) {
            notes->value[0] = 1;
            wait_go();
            sys_exit(sys_getppid() == 1 ? 0 : 1);
        }
        await_note(0);
        family_die();
    }
    family_mourn(2);
    CHECK_EQ(reap(lender), -SIGKILL);
    long next[2]; // in the lender's slot, and in the borrower's
    lowest_slot_next();
    for (int i = 0; i < 2; i++) {
        next[i] = sys_fork();
        if (next[i] == 0) {
            wait_go();
            sys_exit(sys_wait4(-1, NULL, 0, NULL) == -ECHILD ? (int)proc_self->slot : 1);
        }
    }
    notes->go = 1;
    CHECK_EQ(reap(next[0]), 2);
    CHECK_EQ(reap(next[1]), 3);
    check_alone();
}

// The same while the borrower is about to have one; and one that was stopped and continued.
static void test_lender_dies_early(void)
{
    struct arch_context context = {.keep = 0};
    for (int stopped = 0; stopped < 2; stopped++) {
        set_up();
        long lender = sys_fork();
        if (lender == 0) {
            vfork_begin(&context);
            notes->value[1] = proc_self->pid;
            if (stopped)
                sys_kill(proc_self->pid, SIGSTOP);
            proc_claim(&(struct proc *){NULL});
            notes->value[0] = 1;
            family_die();
        }
        while (stopped && !notes->value[0]) { // until it gets as far
            family_sleep_ms(1);
            if (notes->value[1])
                sys_kill(notes->value[1], SIGCONT);
        }
        family_mourn(2);
        CHECK_EQ(reap(lender), -SIGKILL);
        check_alone();
    }
}

// --- an entry that moves because its slot is busy; its owner dies at every step of it ---

static struct {
    uint32_t seen[4];
    int steps, last; // changes seen, and the one to die at
} dying;

static void die_at_change(void)
{
    struct proc *from = proc_at(3), *to = proc_at(4);
    uint32_t now[4] = {from->state, to->state, from->cwd.unit, from->fds[0]};
    if (memcmp(now, dying.seen, sizeof now) == 0)
        return;
    memcpy(dying.seen, now, sizeof now);
    if (++dying.steps == dying.last)
        family_die();
}

static int64_t busy_once(struct proc *child, void *arg)
{
    (void)arg;
    if (child->slot == 4)
        family_die(); // moved: nothing left to see
    step_begin(die_at_change);
    return -EBUSY;
}

static void test_dies_while_moving(void)
{
    for (int last = 1; last < 10; last++) {
        set_up();
        long pid = sys_fork();
        if (pid == 0) {
            struct proc *child;
            proc_claim(&child);
            dying.last = last;
            proc_start(&child, busy_once, NULL);
        }
        family_mourn(2);
        CHECK_EQ(reap(pid), -SIGKILL);
        check_alone();
    }
}

// --- an entry that is claimed anew: at every step it is nothing, or what it will be ---

static int halves; // instructions after which it was neither

static void look_at_claimed(void)
{
    const struct proc *p = proc_at(2);
    halves += !proc_gone(p) && (p->slot != 2 || p->state != PROC_EMBRYO);
}

// Whoever dies in the middle of a claim leaves no zombie with the slot of another or a parent that
// does not know it: the table's readers would go in circles, or find it for ever.
static void test_claims_zombie(void)
{
    struct proc *child;
    set_up();
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(4);
    CHECK_EQ(reap(pid), 4);
    while (proc_at(2)->state != PROC_ZOMBIE) // its VM is leaving
        family_sleep_ms(1);
    halves = 0;
    lowest_slot_next();
    step_begin(look_at_claimed);
    long r = proc_claim(&child);
    step_end();
    CHECK_EQ(r, 0);
    CHECK_EQ(child->slot, 2);
    CHECK_EQ(halves, 0);
    proc_discard(child);
    check_alone();
}

static int64_t two_stuck(struct proc *child, void *asked)
{
    ++*(int *)asked;
    return child->slot <= 3 ? -EBUSY : -ENOMEM;
}

// Two slots whose last VMs take their time to go: the third is asked for, not the first again.
static void test_two_stuck(void)
{
    struct proc *child;
    int asked = 0;
    set_up();
    CHECK_EQ(proc_claim(&child), 0);
    CHECK_EQ(proc_start(&child, two_stuck, &asked), -ENOMEM);
    CHECK_EQ(asked, 3);
    proc_discard(child);
    check_alone();
}

int main(void)
{
    RUN(test_killed_outside);
    RUN(test_dies_while_forking);
    RUN(test_exits_while_starting);
    RUN(test_dead_middle);
    RUN(test_late_word);
    RUN(test_slots_in_turn);
    RUN(test_lender_dies);
    RUN(test_lender_dies_early);
    RUN(test_dies_while_moving);
    RUN(test_claims_zombie);
    RUN(test_two_stuck);
    return check_done("death");
}
