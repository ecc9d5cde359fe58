// SPDX-License-Identifier: BSD-2-Clause
// Deaths: every monitor is a direct child of the supervisor (CLONE_PARENT), so waitpid() tells of
// each. One whose guest has exited has given its slot back; all others the family must hear of.
// Neighbours: supervisor.c (the loop), docs/fork.md (what the guests do about it).

#include <signal.h>
#include <sys/wait.h>

#include "host/backend.h"
#include "host/family/supervisor_private.h"

// Claimed, or further but without a process: family_fork() stores the pid before either side goes
// on, so 0 means that there is none.
static int is_claim_of(const struct family_slot *slot, uint32_t claimer)
{
    const uint32_t state = atomic_load(&slot->state);
    return state == (SLOT_CLAIMED | claimer << SLOT_CLAIMER_SHIFT) ||
           (state == SLOT_STARTING && atomic_load(&slot->claimer) == claimer &&
            atomic_load(&slot->pid) == 0);
}

// Slots that a dead VM had claimed for clones it did not live to make.
static void release_claims(struct supervisor *s, uint32_t dead)
{
    for (uint32_t i = 1; i <= s->f->opt->max_procs; i++)
        if (is_claim_of(slot_of(s, i), dead))
            family_release(s->f, i);
}

// Whether a member, which died just now, may have been between taking a wait queue and waking those
// on it (kernel/window/waitq.c). Not if it died in its sleep.
static int may_have_woken(struct supervisor *s, uint32_t slot)
{
    const uint32_t state = atomic_load(&slot_of(s, slot)->state);
    return state != SLOT_WAITING && state != SLOT_POLLING;
}

// Whether a signal alone wakes it: it sleeps in ppoll(). A picoprocess says so at its door, after
// which it looks at its bell a last time: so the bell is rung before we look here.
static int is_polling(struct supervisor *s, uint32_t slot)
{
    return atomic_load(&slot_of(s, slot)->state) == SLOT_POLLING ||
           __atomic_load_n(&family_door(s->f, slot)->polling, __ATOMIC_SEQ_CST);
}

// All look again, after so many deaths as were found at once: of a thousand members, each that is
// woken for each death would be a million.
static void ring_all(struct supervisor *s)
{
    s->look_again = 0;
    for (uint32_t i = 2; i <= s->f->opt->max_procs; i++) {
        if (family_pid(s->f, i) <= 0)
            continue;
        family_ring(s->f, i);
        if (is_polling(s, i))
            supervisor_post(s, i, 0);
    }
}

// STATUS as wait() tells it. The first program's death is the family's: there is nobody left to
// bury others, so the guests are not told.
void supervisor_bury(struct supervisor *s, uint32_t slot, uint32_t status)
{
    s->look_again |= may_have_woken(s, slot);
    release_claims(s, slot);
    if (s->f->backend->bury)
        s->f->backend->bury(s, slot);
    if (slot == 1) {
        s->first_death = WINDOW_DEAD | (status & 0xffff);
        return;
    }
    // It names the process that has died: a guest that has seen it exit, and was killed before this
    // slot was free, may be about to give the slot to the next.
    __atomic_store_n(&family_door(s->f, slot)->death,
                     WINDOW_DEATH(atomic_load(&slot_of(s, slot)->gen), status), __ATOMIC_SEQ_CST);
    family_release(s->f, slot);
    __atomic_fetch_add(&family_window(s->f)->deaths, 1, __ATOMIC_SEQ_CST);
    supervisor_post(s, 1, PV_EVENT_DEATH);
}

// Its own word on why it ends (member_die()) counts unless a signal came before it.
static void bury_member(struct supervisor *s, uint32_t slot, int status)
{
    uint32_t death = atomic_load(&slot_of(s, slot)->death);
    if (WIFSIGNALED(status)) {
        death = (uint32_t)WTERMSIG(status);
        if (death == SIGSYS)
            family_say("VM %u ends: its host process made a system call it is not allowed", slot);
    } else if (slot == 1 && !atomic_load(&s->f->shared->started)) {
        s->failed = 1;
    }
    supervisor_bury(s, slot, death ? death : SIGKILL);
    family_trace(s->f, TRACE_PROC, "%u died", slot);
}

// The slot that is dead with a child of ours, 0, or BACKEND_NO_MEMBER.
static uint32_t slot_dead(struct supervisor *s, pid_t pid, int status)
{
    const struct backend *backend = s->f->backend;
    const uint32_t slot = family_slot_of(s->f, pid);
    return backend->reaped ? backend->reaped(s, pid, status, slot) : slot;
}

// At SIGCHLD, which may stand for several: until no child is left to reap.
void supervisor_reap(struct supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        const uint32_t slot = slot_dead(s, pid, status);
        if (slot == BACKEND_NO_MEMBER)
            continue;
        if (slot)
            bury_member(s, slot, status);
        else if (WIFSIGNALED(status))
            // One killed in the last lines of PV_CALL_EXIT, perhaps: its parent may not have been
            // told.
            for (uint32_t i = 1; i <= s->f->opt->max_procs; i++)
                if (family_pid(s->f, i) > 0)
                    supervisor_post(s, i, PV_EVENT_KICK);
    }
    if (s->look_again)
        ring_all(s);
}
