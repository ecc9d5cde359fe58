// SPDX-License-Identifier: BSD-2-Clause
// A member's beginning and end, the same for every back end. See member.h.

#include "host/family/member.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host/backend.h"

// PR_SET_PDEATHSIG is not inherited by fork(2): each member asks for itself, as soon as it runs.
void member_adopt(const struct family *f)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The supervisor may have died before the line above took effect.
    if (getppid() != f->supervisor)
        _exit(1);
    // The supervisor sets `closing`, then kills every pid it finds: one of us sees the other.
    if (atomic_load(&f->shared->closing))
        _exit(1);
}

// In a process that has just got a slot, with signals blocked.
void member_enroll(struct member *m)
{
    const struct family_slot *slot = member_slot(m);
    m->pid = atomic_load(&slot->pid);
    m->serial = atomic_load(&slot->serial);
    m->killed = 0;
    m->timer_deadline = 0;
    // What it inherited counts for its parent.
    memset(m->calls, 0, sizeof m->calls);
    m->exceptions = m->interrupts = m->accesses = 0;
    member_adopt(m->family);
}

// Does not return and gives nothing back: the supervisor does, when it reaps. WHY is NULL where
// nobody need be told.
void member_die(struct member *m, uint32_t status, const char *why)
{
    const struct backend *backend = m->family->backend;
    if (why && m->slot)
        family_say("VM %u ends: %s", m->slot, why);
    // For supervisor_reap(), which would otherwise see only an exit status of 1.
    atomic_store(&member_slot(m)->death, status);
    if (backend->dying)
        backend->dying(m, status);
    _exit(1);
}
