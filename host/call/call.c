// SPDX-License-Identifier: BSD-2-Clause
// Paravirtual calls: decoding, and the short ones. The interface and its errors are in abi/pv.h.
//
// The argument struct is copied in once, whole; handlers check and use the copy. Only `ret` goes
// back.

#include "host/call/call.h"

#include <errno.h>

#include "abi/pv_call.h"
#include "host/backend.h"

const char *const call_names[PV_CALL_NR_END] = {
    "?",    "exit",  "wait", "kick",    "set-timer", "console", "fork",
    "exec", "spawn", "kill", "release", "protect",   "set-tp",  "notify",
};

// A is the host's copy: what a handler has checked stays so.
static int64_t dispatch(struct member *m, uint32_t nr, union pv_call_args *a)
{
    switch (nr) {
    case PV_CALL_EXIT:
        return call_exit(m, &a->exit);
    case PV_CALL_WAIT:
        return call_wait(m, &a->wait);
    case PV_CALL_KICK:
        return call_kick(m, &a->kick);
    case PV_CALL_SET_TIMER:
        return call_set_timer(m, &a->set_timer);
    case PV_CALL_CONSOLE:
        return call_console(m, &a->console);
    case PV_CALL_FORK:
        return call_fork(m, &a->fork);
    case PV_CALL_EXEC:
        return call_exec(m, &a->exec);
    case PV_CALL_SPAWN:
        return call_spawn(m, &a->exec);
    case PV_CALL_KILL:
        return call_kill(m, &a->kill);
    case PV_CALL_RELEASE:
        return m->family->backend->release(m, &a->release);
    case PV_CALL_PROTECT:
        return m->family->backend->protect(m, &a->protect);
    case PV_CALL_SET_TP:
        return call_set_tp(m, &a->set_tp);
    case PV_CALL_NOTIFY:
        return m->family->backend->notify(m, &a->notify);
    default:
        return -ENOSYS;
    }
}

// 1: the member goes on with the program it had, which has its answer. Everything the guest can get
// wrong is an error of its call, never one of ours.
int call_dispatch(struct member *m, struct gaddr addr)
{
    union pv_call_args args;
    struct gaddr ret = {addr.v + offsetof(struct pv_call, ret)};
    uint32_t nr = 0;
    int64_t r = -ENOSYS;

    // The number and the answer in the caller's RAM, or there is nowhere to tell it of an error. In
    // the window others could change the struct, and take the answer for theirs.
    if (!guest_ptr(m->mem, addr, sizeof(struct pv_call), GUEST_RAM))
        return 1;
    if (guest_read(m->mem, addr, &nr, sizeof nr) < 0)
        return 1;
    // The struct is read again with its number's size. The number in the copy may have changed by
    // then; only the first reading counts.
    if (nr > 0 && nr < PV_CALL_NR_END && (m->family->backend->calls & 1u << nr)) {
        m->calls[nr]++;
        r = guest_read(m->mem, addr, &args, pv_call_size[nr]);
        if (r == 0)
            r = dispatch(m, nr, &args);
        family_trace(m->family, TRACE_CALL, "%u %s = %lld", m->slot, call_names[nr],
                     r == CALL_REPLACED ? 0 : (long long)r);
    }
    // Another program, or another VM: the struct's address means nothing there.
    if (r == CALL_REPLACED)
        return 0;
    guest_write(m->mem, ret, &r, sizeof r);
    return 1;
}

// Any member may kick any other of its family: that is how the kernel wakes and interrupts. Nothing
// but the slot number comes from the guest.
int64_t call_kick(struct member *m, struct pv_kick *c)
{
    if (!family_slot_valid(m->family, c->slot))
        return -ESRCH;
    if (atomic_load(&m->family->shared->slots[c->slot].state) == SLOT_FREE)
        return -ESRCH;
    family_kick(m->family, c->slot, c->flags & PV_KICK_INTERRUPT);
    return 0;
}

// In nanoseconds of the family's clock; 0 is none, and one that has passed raises the event at
// once.
int64_t call_set_timer(struct member *m, struct pv_set_timer *c)
{
    event_set_timer(m, c->deadline);
    return 0;
}

// Passed on to the supervisor, which alone may send signals. It remembers whom this was meant for
// by the serial number.
int64_t call_kill(struct member *m, struct pv_kill *c)
{
    if (!family_slot_valid(m->family, c->slot))
        return -ESRCH;
    if (atomic_load(&m->family->shared->slots[c->slot].state) == SLOT_FREE)
        return -ESRCH;
    family_tell(m->family, FAMILY_KILL, c->slot);
    return 0;
}

int64_t call_set_tp(struct member *m, struct pv_set_tp *c)
{
    const uint64_t lower_half = UINT64_C(1) << 47; // SDM vol. 1, 3.3.7.1
    return c->base < lower_half ? m->family->backend->set_tp(m, c) : -EINVAL;
}
