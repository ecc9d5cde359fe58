// SPDX-License-Identifier: BSD-2-Clause
// What a spare touches while it waits, so that it need not when it is used: by what any clone or
// program touches, and what its owner's program has been seen to write. See warm.h.

#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "host/kvm/protect.h"
#include "host/kvm/spare/private.h"

#define GROUP (8 * X86_PAGE) // what KVM maps at one fault

// A list that is full drops the rest: it is only a matter of speed. What may not be written by the
// program is not touched either, as that would be a fault for it.
static void add_write(const struct monitor *m, struct warm *w, uint64_t addr)
{
    addr &= ~UINT64_C(3);
    if (w->nwrite < WARM_WRITES && guest_ptr(&m->vm.mem, (struct gaddr){addr}, 4, GUEST_RAM) &&
        protect_writable(&m->vm, addr, 4))
        w->write[w->nwrite++] = addr;
}

// What any clone touches: its kernel's data, the stack, the text it returns to, the window's
// tables.
// The text it returns to is found on its stack, which is the guest's word: it is taken only if it
// lies in a segment that can be executed.
void spare_plan_first(const struct monitor *m, uint64_t rsp, struct warm *w)
{
    const struct elf_program *program = monitor_program(m);
    const struct spare *s = &m->spare;
    uint64_t back = 0;
    w->write[w->nwrite++] = PV_SHARED_VA;
    if (s->nhot > 0)
        add_write(m, w, s->hot[0].addr + s->hot[0].len / 2);
    if (s->nhot > 1)
        add_write(m, w, s->hot[1].addr);
    w->read[w->nread++] = PV_WINDOW_VA;
    guest_read(&m->vm.mem, (struct gaddr){rsp}, &back, sizeof back);
    for (uint32_t i = 0; i < program->nsegs && w->nread < WARM_READS; i++)
        if ((program->segs[i].flags & IMAGE_SEG_X) &&
            back - program->segs[i].vaddr < program->segs[i].memsz)
            w->read[w->nread++] = back;
}

// What this program writes from fork to fork, as far as that is something else.
void spare_plan_second(const struct monitor *m, const struct warm *first, struct warm *w)
{
    const struct spare *s = &m->spare;
    uint64_t last = 0;
    for (uint32_t i = 0; i < s->nunits; i++)
        add_write(m, w, s->unit[i] * X86_PAGE_2M);
    for (uint32_t i = 0; i < s->nrecent; i++) {
        const uint64_t group = s->recent[i] / GROUP;
        int done = group == last;
        for (unsigned k = 0; k < first->nwrite; k++)
            done |= first->write[k] / GROUP == group;
        if (!done)
            add_write(m, w, s->recent[i]);
        last = group;
    }
}

// What any program touches before its main().
void spare_plan_start(const struct monitor *m, const struct kvm_regs *regs, struct warm *w)
{
    const struct elf_program *program = monitor_program(m);
    w->write[w->nwrite++] = PV_SHARED_VA;
    add_write(m, w, regs->rsp - 8);
    for (uint32_t i = 0; i < program->nsegs; i++)
        if (program->segs[i].flags & IMAGE_SEG_W)
            add_write(m, w, program->segs[i].vaddr);
    add_write(m, w, m->vm.heap_start);
    w->read[w->nread++] = PV_BOOT_INFO_VA;
    w->read[w->nread++] = PV_WINDOW_VA;
    w->read[w->nread++] = regs->rip;
}
