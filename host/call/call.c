// SPDX-License-Identifier: BSD-2-Clause
// Paravirtual calls: decoding, and the short ones. The interface and its errors are in abi/pv.h.
//
// The argument struct is copied in once, whole; handlers check and use the copy. Only `ret` goes
// back.

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/pv_call.h"
#include "abi/x86.h"
#include "host/backend.h"
#include "host/kvm/platform.h"
#include "host/kvm/protect.h"

const char *const call_names[PV_CALL_NR_END] = {
    "?",    "exit", "wait",  "kick", "set-timer", "console",
    "fork", "exec", "spawn", "kill", "release",   "protect",
};

static int64_t dispatch(struct monitor *m, uint32_t nr, union pv_call_args *a)
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
        return call_release(m, &a->release);
    case PV_CALL_PROTECT:
        return call_protect(m, &a->protect);
    default:
        return -ENOSYS;
    }
}

int call_dispatch(struct monitor *m, struct gaddr addr)
{
    union pv_call_args args;
    struct gaddr ret = {addr.v + offsetof(struct pv_call, ret)};
    uint32_t nr = 0;
    int64_t r = -ENOSYS;

    // A call without even a number in memory has nowhere to be told of its error.
    if (guest_read(&m->vm, addr, &nr, sizeof nr) < 0)
        return 1;
    if (nr > 0 && nr < PV_CALL_NR_END && (m->family->backend->calls & 1u << nr)) {
        m->calls[nr]++;
        r = guest_read(&m->vm, addr, &args, pv_call_size[nr]);
        if (r == 0)
            r = dispatch(m, nr, &args);
        family_trace(m->family, TRACE_CALL, "%u %s = %lld", m->slot, call_names[nr],
                     r == CALL_REPLACED ? 0 : (long long)r);
    }
    if (r == CALL_REPLACED)
        return 0;
    guest_write(&m->vm, ret, &r, sizeof r);
    return 1;
}

int64_t call_kick(struct monitor *m, struct pv_kick *c)
{
    if (!family_slot_valid(m->family, c->slot))
        return -ESRCH;
    if (atomic_load(&m->family->shared->slots[c->slot].state) == SLOT_FREE)
        return -ESRCH;
    family_kick(m->family, c->slot, c->flags & PV_KICK_INTERRUPT);
    return 0;
}

int64_t call_set_timer(struct monitor *m, struct pv_set_timer *c)
{
    event_set_timer(m, c->deadline);
    return 0;
}

int64_t call_kill(struct monitor *m, struct pv_kill *c)
{
    if (!family_slot_valid(m->family, c->slot))
        return -ESRCH;
    if (atomic_load(&m->family->shared->slots[c->slot].state) == SLOT_FREE)
        return -ESRCH;
    family_tell(m->family, FAMILY_KILL, c->slot);
    return 0;
}

int64_t call_release(struct monitor *m, struct pv_release *c)
{
    void *p = guest_ptr(&m->vm, (struct gaddr){c->addr}, c->len, GUEST_RAM);
    // Below the heap lie the program's segments, whose pages come from the image: they would not
    // read as zero.
    if (!p || c->addr % X86_PAGE || c->len % X86_PAGE || c->addr < m->vm.heap_start)
        return -EINVAL;
    spare_memory_changed(m);
    return madvise(p, c->len, MADV_DONTNEED) < 0 ? -errno : 0;
}

int64_t call_protect(struct monitor *m, struct pv_protect *c)
{
    const struct elf_program *program = image_program(m->family->image, m->program);
    int r = protect_pages(&m->vm, program, c->addr, c->len, c->rights);
    if (r >= 0)
        spare_memory_changed(m);
    if (r > 0 && (r = vm_memory_flush(&m->vm)) < 0)
        monitor_die(m, SIGKILL, strerror(-r));
    return r;
}
