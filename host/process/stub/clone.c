// SPDX-License-Identifier: BSD-2-Clause
// A member becomes two, and ends: FORK, SPAWN, EXIT; SET_TP.
//
// The slot travels in the sixth register of clone(2), which the kernel does not look at, and in the
// fifth, which it does not look at with these flags, the program that SPAWN starts: the filter
// hands the call to the supervisor, who claims the slot and lets it pass. CLONE_PARENT: the child
// is the supervisor's. CLONE_PARENT_SETTID: before it runs, the kernel writes its pid to the slot's
// door, where the supervisor finds it. All signals are blocked meanwhile: one that came would undo
// the notification and make a second one of it.

#include <asm/prctl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "host/process/stub/stub.h"

void clear_bases(void)
{
    if (STATE->flags & STUB_FSGSBASE) {
        __asm__ volatile("wrfsbase %0\n\twrgsbase %0" : : "r"(UINT64_C(0)));
        return;
    }
    sys2(SYS_arch_prctl, ARCH_SET_FS, 0); // that of GS nobody can have changed
}

int64_t stub_set_tp(const struct pv_set_tp *c)
{
    if (c->base >= UINT64_C(1) << 47)
        return -EINVAL;
    STATE->saved.fs_base = c->base;
    return sys2(SYS_arch_prctl, ARCH_SET_FS, c->base);
}

// clone(2). `program`: its number + 1, or 0 for a clone.
static long make_child(uint32_t slot, uint64_t program)
{
    long r = sys6(SYS_clone, STUB_CLONE_FLAGS, 0, (uintptr_t)&door(slot)->born, STATE->stays,
                  program, slot);
    if (r == -ENOMEM)
        r = -EAGAIN;
    if (r == -EAGAIN) // by the supervisor, or by the kernel after it had let it pass
        note(STUB_UNCLAIM, slot, 0);
    return r;
}

// In the child: becomes the member in `slot`.
static void become(uint32_t slot)
{
    struct pv_boot_info *b = BOOT_PAGE;
    sys2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    if (sys2(SYS_getppid, 0, 0) != STATE->supervisor) // it died before that
        leave(STUB_DIED + SIGKILL);
    door(slot)->polling = 0; // the slot's last member may have been killed in ppoll()
    STATE->slot = slot;
    STATE->timer_deadline = 0; // clone(2) inherits no timer
    STATE->ending = 0;
    STATE->saving = SAVE_NOT;
    b->slot = slot;
    SHARED->pending = 0;
    if (sys3(SYS_getrandom, (uintptr_t)b->seed, sizeof b->seed, 0) != sizeof b->seed)
        leave(STUB_DIED + SIGKILL);
}

int64_t stub_fork(const struct pv_fork *c)
{
    struct pv_range hot[PV_MAX_HOT];
    if (!slot_valid(c->slot) || c->nhot > PV_MAX_HOT)
        return -EINVAL;
    if (c->nhot && copy_in(hot, c->hot, c->nhot * sizeof hot[0], RAM | WINDOW) < 0)
        return -EFAULT;
    block_signals();
    text_fork();
    place_fork();
    long r = make_child(c->slot, 0);
    if (r >= 0)
        own_pages(hot, c->nhot, r == 0);
    place_forked(r == 0);
    if (r == 0) {
        become(c->slot);
        stub_reset_fpu(STATE->flags & STUB_AVX);
        clear_bases();
    }
    unblock_signals();
    return r == 0 ? 1 : r > 0 ? 0 : r;
}

// Whether clone(2) copies RAM: not for a program that starts afresh, which spares this side the
// write-protection of its pages, and all the faults after it.
static void inherit_ram(int on)
{
    sys3(SYS_madvise, PV_RAM_VA, BOOT_PAGE->ram_end - PV_RAM_VA, on ? MADV_DOFORK : MADV_DONTFORK);
}

// On the stub's own stack: the child goes on there.
static long spawn_child(void)
{
    const uint32_t slot = STATE->spawn_slot;
    long r = make_child(slot, UINT64_C(1) + STATE->start.program);
    if (r == 0)
        populate_platform();
    place_forked(r == 0);
    if (r != 0)
        return r;
    become(slot);
    BOOT_PAGE->first = 0;
    start_program();
}

int64_t stub_spawn(const struct pv_exec *c)
{
    if (!slot_valid(c->slot))
        return -EINVAL;
    int64_t r = start_prepare(c);
    if (r < 0)
        return r;
    block_signals();
    STATE->spawn_slot = c->slot;
    place_fork();
    inherit_ram(0);
    r = stub_call_on_stack(spawn_child);
    inherit_ram(1);
    unblock_signals();
    scratch_drop();
    return r > 0 ? 0 : r;
}

static int publish_valid(const struct pv_publish *p)
{
    if (p->offset % 4 || p->offset > BOOT_PAGE->window_size - 4)
        return 0;
    return !p->kick_slot || slot_valid(p->kick_slot);
}

int64_t stub_exit(const struct pv_exit *c)
{
    const struct pv_publish *p = &c->publish;
    if (!publish_valid(p))
        return -EINVAL;
    STATE->exit_status = c->status & 0xffff;
    STATE->exited = 1;
    if (STATE->slot == 1 || (STATE->flags & STUB_TRACE))
        note(STUB_EXIT, c->status & 0xffff, 0);
    if (p->offset)
        __atomic_store_n((uint32_t *)(PV_WINDOW_VA + p->offset), p->value, __ATOMIC_SEQ_CST);
    else if (STATE->slot != 1) // as in a panic: nobody in the family knows
        leave(STUB_DIED + ((c->status & 0x7f) ? (int)(c->status & 0x7f) : SIGKILL));
    if (p->kick_slot) {
        __atomic_fetch_add(&door(p->kick_slot)->bell, 1, __ATOMIC_SEQ_CST);
        if (p->interrupt)
            note(STUB_KICK, p->kick_slot, PV_KICK_INTERRUPT);
        else
            stub_wake(p->kick_slot);
    }
    leave(STUB_EXITED);
}
