// SPDX-License-Identifier: BSD-2-Clause
// fuzz_notify.c: libFuzzer plays the members of a family of picoprocesses against the supervisor:
// notifications with any number, register and sender, clones that come about late, or not at all,
// members that die at any moment, pids that come again, time that passes. After each step the
// supervisor's book must be right: a slot in use is its owner's, nothing wraps, nobody else is
// signalled, there are never more children than the family may have members; and at the end,
// when all but the first are dead, nothing is left of them.
//
// Real: host/process/notify.c and the supervisor (host/family). Faked: the kernel
// (tests/unit/lib/fake_children.h). Needs no corpus; max_len 1024 is plenty.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "tests/unit/lib/fake_children.h"

static const uint8_t *data;
static size_t left;

static void fail_at(int line)
{
    fprintf(stderr, "fuzz_notify.c:%d: does not hold\n", line);
    abort();
}
#define require(promise) ((promise) ? (void)0 : fail_at(__LINE__))

static uint32_t take(uint32_t len)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < len && left; i++, left--)
        value |= (uint32_t)*data++ << 8 * i;
    return value;
}

// ---- what must hold after each step ----

static void check_claims(void)
{
    const struct process_family *p = &fake_process;
    uint32_t embryos = 0;
    for (uint32_t i = 0; i <= FAKE_SLOTS; i++)
        embryos += p->claimed[i] != 0;
    require(embryos == p->embryos && !p->claimed[0]);
    require(p->alive <= 3 * FAKE_SLOTS && p->again <= FAKE_SLOTS);
}

static void check_members(void)
{
    int owner[FAKE_SLOTS + 1] = {0};
    for (int pid = 0; pid < FAKE_PIDS; pid++) {
        const struct fake_child *c = &fake_children[pid];
        const uint32_t marked = fake_process.slot_of[pid];
        const uint32_t slot = marked == PROCESS_STRAY ? 0 : marked;
        require(slot <= FAKE_SLOTS && (slot || !marked || c->state == CHILD_ZOMBIE));
        if (slot) {
            if (!c->member_of)
                fake_children[pid].member_of = slot;
            require(c->state != CHILD_NONE && c->member_of == slot && !owner[slot]);
            owner[slot] = pid;
        }
        // Whoever was seen there keeps the slot until it is reaped.
        if (c->state != CHILD_NONE && c->member_of)
            require(slot == c->member_of && family_pid(fake_supervisor.f, slot) == pid &&
                    !fake_process.claimed[slot]);
    }
    require(fake_children_count() <= FAKE_SLOTS);
}

static void check_book(void)
{
    check_claims();
    check_members();
}

// ---- steps ----

static int somebody(void)
{
    const uint32_t n = take(1);
    return n >= 0xf0 ? (int)take(4) : (int)(n % 16) + FAKE_FIRST;
}

static int is_alive(int pid)
{
    return pid > 0 && pid < FAKE_PIDS && fake_children[pid].state == CHILD_ALIVE;
}

// What the filter lets through: a number it knows and a slot in its range. Who sends is a child,
// or one whose pid means nothing here.
static void notification(void)
{
    static const int numbers[] = {SYS_clone, STUB_REPORT,  STUB_KICK, STUB_KILL,
                                  STUB_EXIT, STUB_UNCLAIM, STUB_EXEC, STUB_NOTE_END};
    const uint32_t what = take(1);
    const int nr = numbers[what % 8], pid = somebody();
    const uint32_t wild = take(1);
    const uint32_t slot = wild >= 0xf0 ? 1 + take(2) % PV_MAX_SLOTS : 1 + wild % (FAKE_SLOTS + 1);
    const uint64_t program = what & 0x40 ? take(4) : 0;
    if (!is_alive(pid) && pid > 0 && pid < FAKE_PIDS)
        return;
    if (is_alive(pid))
        fake_clone(pid, (int)(what & 0x20)); // it is back from the last one
    fake_notify(pid, nr, slot, what >> 3 & 1, program, slot, is_alive(pid) && (what & 0x80));
}

static void one(void)
{
    const uint32_t what = take(1);
    const int pid = somebody();
    switch (what % 9) {
    case 8: // any member can write there
        family_door(fake_supervisor.f, 1 + what / 9 % FAKE_SLOTS)->born = (uint32_t)pid;
        break;
    case 0:
        fake_clone(pid, (int)(what & 0x80));
        break;
    case 1:
        if (pid != FAKE_FIRST) // the family's end
            fake_child_die(pid, what & 0x80   ? SIGKILL
                                : what & 0x40 ? (128 + SIGSEGV) << 8
                                : what & 0x20 ? 0
                                              : STUB_EXITED << 8);
        break;
    case 2:
        supervisor_reap(&fake_supervisor);
        break;
    case 3:
        for (int i = FAKE_FIRST; i < FAKE_PIDS; i++)
            fake_clone(i, 0); // none takes that long
        fake_now += take(1) * UINT64_C(20000000);
        process_step(&fake_supervisor);
        break;
    default:
        notification();
    }
}

static void pass_time(void)
{
    for (int i = 0; i < 3; i++) {
        supervisor_reap(&fake_supervisor);
        fake_now += UINT64_C(3000000000);
        process_step(&fake_supervisor);
    }
    supervisor_reap(&fake_supervisor);
    check_book();
}

// Whoever was cloned and has not become a member is dead.
static void check_strays(void)
{
    for (int pid = FAKE_FIRST; pid < FAKE_PIDS; pid++)
        fake_clone(pid, 0);
    pass_time();
    for (int pid = FAKE_FIRST; pid < FAKE_PIDS; pid++)
        require(fake_children[pid].state == CHILD_NONE || fake_children[pid].member_of);
}

// All but the first are dead, and have had their time.
static void end_family(void)
{
    for (int pid = FAKE_FIRST + 1; pid < FAKE_PIDS; pid++)
        fake_child_die(pid, SIGKILL);
    pass_time();
    for (uint32_t i = 2; i <= FAKE_SLOTS; i++)
        require(atomic_load(&slot_of(&fake_supervisor, i)->state) == SLOT_FREE);
    require(!fake_process.embryos && !fake_process.strays_due && fake_children_count() == 1);
    require(process_step(&fake_supervisor) == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    data = bytes;
    left = size;
    fake_family_begin();
    check_book();
    while (left && fake_children[FAKE_FIRST].state == CHILD_ALIVE) {
        one();
        check_book();
    }
    if (fake_children[FAKE_FIRST].state == CHILD_ALIVE) {
        check_strays();
        end_family();
    }
    return 0;
}
