// SPDX-License-Identifier: BSD-2-Clause
// Clones on their way: from the claim of a slot, when clone(2) is let pass, to the member that has
// come about in it, or the death that the family hears of. Neighbours: notify.c (who asks),
// strays.c (the end of what is no member).

#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>

#include "host/clock.h"
#include "host/process/process.h"

#define BORN offsetof(struct window_door, born)

static void forget_claim(struct process_family *p, uint32_t slot)
{
    uint32_t i = 0;
    if (!p->claimed[slot])
        return;
    p->claimed[slot] = 0;
    while (p->embryo[i] != slot)
        i++;
    p->embryo[i] = p->embryo[--p->embryos];
}

void claim_undo(struct supervisor *s, uint32_t slot)
{
    forget_claim(process_of(s->f), slot);
    family_release(s->f, slot);
}

// Children that are no members: at once, if it is not later anyway.
static void expect_strays(struct process_family *p)
{
    if (!p->strays_due)
        p->strays_due = clock_ns(CLOCK_MONOTONIC);
}

// Whether there are as many children already as there may be members. What was counted on the way
// may be too much, for a clone that was let pass need not have come about: the kernel knows.
static int too_many(struct supervisor *s)
{
    struct process_family *p = process_of(s->f);
    if (p->alive < s->f->opt->max_procs)
        return 0;
    supervisor_reap(s);
    p->alive = children_count(p) + p->embryos + p->again;
    return p->alive >= s->f->opt->max_procs;
}

// The number is as the sender likes.
const char *claim_program(const struct supervisor *s, uint64_t program)
{
    if (program != PV_PROGRAM_FILE && program >= s->f->image->header->program_count)
        return "no program";
    return load_name(s->f->image, (uint32_t)program);
}

static void trace_begin(struct supervisor *s, uint32_t slot)
{
    const struct process_family *p = process_of(s->f);
    const double ms = (double)(clock_ns(CLOCK_MONOTONIC) - p->claimed[slot]) / 1e6;
    if (p->spawned[slot])
        family_trace(s->f, TRACE_PROC, "%u spawn %s %.3f ms", slot,
                     claim_program(s, p->spawned[slot] - 1), ms);
    else
        family_trace(s->f, TRACE_PROC, "%u clone %.3f ms", slot, ms);
}

void claim_begin(struct supervisor *s, uint32_t slot, pid_t pid)
{
    struct process_family *p = process_of(s->f);
    trace_begin(s, slot);
    forget_claim(p, slot);
    p->slot_of[pid] = (uint16_t)slot;
    atomic_store(&slot_of(s, slot)->pid, pid);
    atomic_store(&slot_of(s, slot)->state, SLOT_RUNNING);
    const uint32_t serial = atomic_load(&slot_of(s, slot)->serial);
    if (atomic_exchange(&slot_of(s, slot)->kill, 0) == serial)
        supervisor_kill(s, slot, serial);
}

pid_t claim_born(const struct supervisor *s, uint32_t slot)
{
    const struct process_family *p = process_of(s->f);
    const uint32_t pid = __atomic_load_n(&family_door(s->f, slot)->born, __ATOMIC_SEQ_CST);
    if (pid == 0 || pid >= (uint32_t)p->pid_max || p->slot_of[pid] || (pid_t)pid == p->watchdog ||
        (pid_t)pid == p->debugger)
        return 0;
    return (pid_t)pid;
}

static int is_child(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
}

void claim_find(struct supervisor *s, uint32_t slot)
{
    const pid_t pid = process_of(s->f)->claimed[slot] ? claim_born(s, slot) : 0;
    if (pid && is_child(pid))
        claim_begin(s, slot, pid);
}

// Members that have come about since the last look.
void claims_find(struct supervisor *s)
{
    struct process_family *p = process_of(s->f);
    for (uint32_t i = p->embryos; i-- > 0;)
        claim_find(s, p->embryo[i]);
}

// Before the first clone: both sides of a family that was kept ready keep to a processor for a
// moment (host/serve/ready.c), and so would all that come of them, for good.
static void let_go(const struct supervisor *s)
{
    if (!s->f->ready || process_of(s->f)->watchdog)
        return;
    placement_free(&s->f->placement, 0);
    placement_free(&s->f->placement, s->group);
}

// clone(2): whether it may pass. A clone that a signal or the freezer has interrupted in the kernel
// comes again: its claim stands, and so it does for a hostile member, which gets strays by it.
// Then there may be two of them for one claim, the second one on its way when the first is seen.
int claim_clone(struct supervisor *s, uint32_t from, const uint64_t *a)
{
    struct process_family *p = process_of(s->f);
    const uint32_t slot = (uint32_t)a[5];
    if (!from || !family_slot_valid(s->f, slot) || a[2] != stub_door(slot) + BORN)
        return -EINVAL;
    // Who has claimed an entry is among as many as there may be: somebody is on his way out.
    if (too_many(s))
        return -EBUSY;
    let_go(s);
    if (watchdog_start(p, s->group) < 0)
        return -EAGAIN;
    claim_find(s, slot);
    if (p->claimed[slot] && family_claimer(s->f, slot) == from) {
        p->alive++;
        p->again += p->again < s->f->opt->max_procs; // each member is in one at a time
        p->strays_due = clock_ns(CLOCK_MONOTONIC) + CLAIM_NS;
        return 0;
    }
    // Its last member may be gone but for the news of it.
    if (family_pid(s->f, slot) > 0)
        supervisor_reap(s);
    int r = family_claim(s->f, slot, from);
    if (r < 0)
        return r;
    // No pid yet, but a child may be there: the slot is not free when its claimer dies (deaths.c).
    atomic_store(&slot_of(s, slot)->pid, -1);
    __atomic_store_n(&family_door(s->f, slot)->born, 0, __ATOMIC_SEQ_CST);
    p->claimed[slot] = clock_ns(CLOCK_MONOTONIC);
    p->spawned[slot] = a[4];
    p->embryo[p->embryos++] = (uint16_t)slot;
    p->alive++;
    warm_clone(s, from, slot, a[4]);
    return 0;
}

int claim_drop(struct supervisor *s, uint32_t from, uint32_t slot)
{
    if (!from || !family_slot_valid(s->f, slot) || !process_of(s->f)->claimed[slot] ||
        family_claimer(s->f, slot) != from)
        return -EINVAL;
    claim_undo(s, slot);
    expect_strays(process_of(s->f)); // if it was not true
    return 0;
}

// The slot stays claimed, and nobody's: the child may be there and have lost its number. But the
// slot's next member has claimed nothing. Were the claim taken for its own, its child would begin
// with the generation of a door that others have had since, and nobody would bury it.
void claims_orphan(struct supervisor *s, uint32_t claimer)
{
    const struct process_family *p = process_of(s->f);
    for (uint32_t i = 0; i < p->embryos; i++)
        if (family_claimer(s->f, p->embryo[i]) == claimer)
            atomic_store(&slot_of(s, p->embryo[i])->claimer, 0);
}

// Clones that were let pass and have not come about in time: the family hears of a death. Whoever
// has overwritten what the kernel wrote to the door has a child that is no member: it is killed
// before the slot is another's, and with it whatever is on its way just then.
void claims_give_up(struct supervisor *s)
{
    struct process_family *p = process_of(s->f);
    const uint64_t now = clock_ns(CLOCK_MONOTONIC);
    for (uint32_t i = p->embryos; i-- > 0;) {
        const uint32_t slot = p->embryo[i];
        if (now - p->claimed[slot] <= CLAIM_NS)
            continue;
        strays_kill(p);
        forget_claim(p, slot);
        supervisor_bury(s, slot, SIGKILL);
    }
    // Not while an honest clone may be on its way.
    if (p->strays_due && now >= p->strays_due && !p->embryos) {
        p->strays_due = 0;
        p->again = 0;
        strays_kill(p);
    }
}
