// SPDX-License-Identifier: BSD-2-Clause
// Deaths: every monitor is a direct child of the supervisor (CLONE_PARENT), so waitpid() tells of
// each. One whose guest has exited has given its slot back; all others the family must hear of.
// Neighbours: supervisor.c (the loop), docs/fork.md (what the guests do about it).

#include <signal.h>
#include <sys/wait.h>

#include "host/qemu/qemu.h"
#include "host/kvm/spare/spare.h"
#include "host/family/supervisor_private.h"

// Slots that a dead VM had claimed for clones it did not live to make.
static void release_claims(struct supervisor *s, uint32_t dead)
{
    for (uint32_t i = 1; i <= s->f->opt->max_procs; i++) {
        struct family_slot *slot = slot_of(s, i);
        if (atomic_load(&slot->state) == SLOT_STARTING && atomic_load(&slot->claimer) == dead &&
            atomic_load(&slot->pid) == 0)
            family_release(s->f, i);
    }
}

static void bury(struct supervisor *s, uint32_t slot, uint32_t status)
{
    uint32_t asking = slot;
    release_claims(s, slot);
    atomic_compare_exchange_strong(&s->f->shared->asking, &asking, 0);
    supervisor_signal(atomic_exchange(&slot_of(s, slot)->spare, 0), SIGKILL);
    spare_bury(slot_of(s, slot)); // also one that it was handing over
    family_release(s->f, slot);
    if (slot == 1) {
        s->first_death = WINDOW_DEAD | status;
        return;
    }
    family_door(s->f, slot)->death = WINDOW_DEAD | status;
    __atomic_fetch_add(&family_window(s->f)->deaths, 1, __ATOMIC_SEQ_CST);
    supervisor_post(s, 1, PV_EVENT_DEATH);
    // It may have died between taking a wait queue and waking those on it (kernel/window/waitq.c):
    // all look again.
    for (uint32_t i = 2; i <= s->f->opt->max_procs; i++)
        if (atomic_load(&slot_of(s, i)->pid) > 0)
            family_ring(s->f, i);
}

static void bury_monitor(struct supervisor *s, uint32_t slot, int status)
{
    uint32_t death = atomic_load(&slot_of(s, slot)->death);
    if (WIFSIGNALED(status)) {
        death = (uint32_t)WTERMSIG(status);
        if (death == SIGSYS)
            family_say("VM %u ends: its monitor made a system call it is not allowed", slot);
    } else if (slot == 1 && !atomic_load(&s->f->shared->started)) {
        s->failed = 1;
    }
    bury(s, slot, death ? death : SIGKILL);
    family_trace(s->f, TRACE_PROC, "%u died", slot);
}

// Whether it was a spare that nobody has used, or was about to be one: nobody will.
static int bury_spare(struct supervisor *s, pid_t pid)
{
    for (uint32_t i = 1; i <= s->f->opt->max_procs; i++) {
        int32_t spare = pid;
        if (atomic_compare_exchange_strong(&slot_of(s, i)->spare, &spare, 0)) {
            spare_bury(slot_of(s, i)); // its owner may be waiting for it
            return 1;
        }
    }
    return 0;
}

void supervisor_reap(struct supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (qemu_pool_reaped(s->pool, pid, status))
            continue;
        const int spare = bury_spare(s, pid);
        uint32_t slot = family_slot_of(s->f, pid);
        // A spare whose owner was putting it to use will not be found by it, and the slot is used
        // otherwise.
        if (spare && slot && atomic_load(&slot_of(s, slot)->state) == SLOT_STARTING)
            slot = 0;
        if (slot)
            qemu_pool_settle(s->pool); // its VM is dead, too, before anybody is told
        if (slot)
            bury_monitor(s, slot, status);
        else if (WIFSIGNALED(status))
            // A spare; or one killed in the last lines of PV_CALL_EXIT: its parent may not have
            // been told.
            for (uint32_t i = 1; i <= s->f->opt->max_procs; i++)
                if (atomic_load(&slot_of(s, i)->pid) > 0)
                    supervisor_post(s, i, PV_EVENT_KICK);
    }
}
