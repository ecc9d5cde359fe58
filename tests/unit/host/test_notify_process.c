// SPDX-License-Identifier: BSD-2-Clause
// test_notify_process.c: the supervisor of picoprocesses and members that do what no honest one
// does, or die in the middle. Links host/process/notify.c and the supervisor, on a faked kernel
// (tests/unit/lib/fake_children.h). tests/fuzz/fuzz_notify.c finds such sequences.
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

#include "tests/unit/lib/check.h"
#include "tests/unit/lib/fake_children.h"

#define SECOND UINT64_C(1000000000)

static int clone_into(int pid, uint32_t slot)
{
    return fake_notify(pid, SYS_clone, 0, 0, 0, slot, 0);
}

// The supervisor looks; whether it finds the child in the slot.
static int is_member(int pid, uint32_t slot)
{
    process_step(&fake_supervisor);
    return fake_process.slot_of[pid] == slot;
}

static void write_born(uint32_t slot, int pid)
{
    family_door(fake_supervisor.f, slot)->born = (uint32_t)pid;
}

// A member in a slot, by the first one. Its pid.
static int member_in(uint32_t slot)
{
    CHECK_EQ(clone_into(FAKE_FIRST, slot), 0);
    const int pid = fake_clone(FAKE_FIRST, 0);
    CHECK(is_member(pid, slot));
    return pid;
}

static void pass_seconds(unsigned n)
{
    fake_now += n * SECOND;
    process_step(&fake_supervisor);
    supervisor_reap(&fake_supervisor);
}

static void test_honest(void)
{
    fake_family_begin();
    const int pid = member_in(2);
    CHECK_EQ(fake_process.embryos, 0);
    CHECK_EQ(clone_into(pid, 2), -EBUSY);
    CHECK_EQ(clone_into(pid, 3), 0);
    fake_clone(pid, 1); // the kernel has no memory for it
    pass_seconds(3);
    CHECK_EQ(atomic_load(&slot_of(&fake_supervisor, 3)->state), SLOT_FREE);
    CHECK_EQ(fake_children_count(), 2);
    CHECK_EQ(process_step(&fake_supervisor), -1);
}

// A second clone for one claim, on its way when the first one is seen: it is killed when it has
// come about, though no claim waits for it.
static void test_second_clone(void)
{
    fake_family_begin();
    CHECK_EQ(clone_into(FAKE_FIRST, 2), 0);
    const int first = fake_clone(FAKE_FIRST, 0);
    write_born(2, 0); // it hides the first
    CHECK_EQ(clone_into(FAKE_FIRST, 2), 0);
    write_born(2, first);
    CHECK(is_member(first, 2));
    const int second = fake_clone(FAKE_FIRST, 0);
    CHECK(second && fake_children[second].state == CHILD_ALIVE);
    pass_seconds(3);
    CHECK_EQ(fake_children[second].state, CHILD_NONE);
    CHECK_EQ(fake_children[first].state, CHILD_ALIVE);
    CHECK_EQ(process_step(&fake_supervisor), -1); // nothing is waited for
}

// And it counts: there are never more children than members.
static void test_second_clone_counts(void)
{
    fake_family_begin();
    for (uint32_t i = 2; i < FAKE_SLOTS - 1; i++)
        member_in(i);
    CHECK_EQ(clone_into(FAKE_FIRST, FAKE_SLOTS - 1), 0);
    const int first = fake_clone(FAKE_FIRST, 0);
    write_born(FAKE_SLOTS - 1, 0);
    CHECK_EQ(clone_into(FAKE_FIRST, FAKE_SLOTS - 1), 0);
    write_born(FAKE_SLOTS - 1, first);
    CHECK(is_member(first, FAKE_SLOTS - 1));
    CHECK_EQ(clone_into(first, FAKE_SLOTS), -EBUSY);
    CHECK_EQ(fake_children_count(), FAKE_SLOTS);
}

static int has_got(int pid, int sig)
{
    return (fake_children[pid].signals >> sig & 1) != 0;
}

// A clone that is killed before it is there hears of it then; the slot's next does not.
static void test_kill_of_embryo(void)
{
    fake_family_begin();
    const int other = member_in(3);
    CHECK_EQ(clone_into(FAKE_FIRST, 2), 0);
    CHECK_EQ(fake_notify(other, STUB_KILL, 2, 0, 0, 0, 0), 0);
    const int pid = fake_clone(FAKE_FIRST, 0);
    CHECK(!fake_children[pid].signals);
    CHECK(is_member(pid, 2));
    CHECK(has_got(pid, STUB_SIG_KILL));
    CHECK_EQ(fake_supervisor.kills, 1); // it has the grace time from now on
    CHECK_EQ(fake_supervisor.deadlines[2], fake_now + PV_KILL_GRACE_NS);
    fake_child_die(pid, STUB_EXITED << 8);
    supervisor_reap(&fake_supervisor);
    const int next = member_in(2);
    CHECK(!has_got(next, STUB_SIG_KILL));
}

static void kill_and_reap(int pid)
{
    fake_child_die(pid, SIGKILL);
    supervisor_reap(&fake_supervisor);
}

// One that is killed in clone(2) leaves a claim. Whoever has its slot next has made none: the claim
// is of a door that has been opened anew, and the death of a child with its generation would be
// taken for another's.
static void test_claim_of_dead(void)
{
    fake_family_begin();
    struct window_door *door = family_door(fake_supervisor.f, 3);
    const int dead = member_in(2);
    door->gen = 7;
    CHECK_EQ(clone_into(dead, 3), 0);
    kill_and_reap(dead);
    const int next = member_in(2);
    door->gen = 8;
    CHECK_EQ(clone_into(next, 3), -EBUSY);
    pass_seconds(3);
    CHECK_EQ(WINDOW_DEATH_GEN(door->death), 7);
    door->death = 0;
    CHECK_EQ(clone_into(next, 3), 0);
    const int child = fake_clone(next, 0);
    CHECK(is_member(child, 3));
    kill_and_reap(child);
    CHECK_EQ(WINDOW_DEATH_GEN(door->death), 8);
    CHECK(door->death & WINDOW_DEAD);
}

// But a clone that came about before is a member.
static void test_child_of_dead(void)
{
    fake_family_begin();
    const int dead = member_in(2);
    CHECK_EQ(clone_into(dead, 3), 0);
    const int child = fake_clone(dead, 0);
    kill_and_reap(dead);
    CHECK_EQ(fake_process.slot_of[child], 3);
    CHECK_EQ(fake_process.embryos, 0);
}

// A killed stray that is not reaped yet is not to be taken for the child of a later claim: that
// child would live on, as nobody's.
static void test_killed_stray(void)
{
    fake_family_begin();
    CHECK_EQ(clone_into(FAKE_FIRST, 2), 0);
    const int stray = fake_clone(FAKE_FIRST, 0);
    write_born(2, 0);
    fake_now += 3 * SECOND;
    process_step(&fake_supervisor); // killed
    CHECK_EQ(clone_into(FAKE_FIRST, 3), 0);
    const int child = fake_clone(FAKE_FIRST, 0);
    CHECK(child != stray);
    write_born(3, stray);
    CHECK(!is_member(stray, 3));
    pass_seconds(3);
    CHECK_EQ(fake_children[child].state, CHILD_NONE);
    CHECK_EQ(fake_children_count(), 1);
    CHECK_EQ(atomic_load(&slot_of(&fake_supervisor, 3)->state), SLOT_FREE);
}

// One that dies may have been about to wake others: all look again, asleep by futex or in ppoll().
static void test_death_wakes_pollers(void)
{
    fake_family_begin();
    const int poller = member_in(2), sleeper = member_in(3), dead = member_in(4);
    family_door(fake_supervisor.f, 2)->polling = 1;
    const uint32_t bells[] = {family_door(fake_supervisor.f, 2)->bell,
                              family_door(fake_supervisor.f, 3)->bell};
    fake_child_die(dead, SIGKILL);
    supervisor_reap(&fake_supervisor);
    CHECK(family_door(fake_supervisor.f, 2)->bell != bells[0]);
    CHECK(family_door(fake_supervisor.f, 3)->bell != bells[1]);
    CHECK(has_got(poller, STUB_SIG_WAKE));
    CHECK(!has_got(sleeper, STUB_SIG_WAKE));
}

int main(void)
{
    RUN(test_honest);
    RUN(test_second_clone);
    RUN(test_second_clone_counts);
    RUN(test_kill_of_embryo);
    RUN(test_claim_of_dead);
    RUN(test_child_of_dead);
    RUN(test_killed_stray);
    RUN(test_death_wakes_pollers);
    return check_done("notify_process");
}
