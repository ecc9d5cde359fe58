// SPDX-License-Identifier: BSD-2-Clause
// Touching what a template's program will touch first, before it runs. See template.h, and
// rehearse.h for where the list comes from.
//
// The VM itself does it, by the few instructions that warm spares up (kvm/spare/warm.h). A hostile
// template can have its page tables and the call page say anything: then they do not get through,
// or the time is over, and the family has a new VM that has touched nothing.

#include <signal.h>

#include "abi/x86.h"
#include "host/kvm/monitor.h"
#include "host/kvm/platform.h"
#include "host/kvm/protect.h"
#include "host/kvm/spare/warm.h"
#include "host/template/template.h"

#define TOUCH_US 500000 // far more than it takes

// Below RAM, ring 3 has no more than the pages of the interface.
static int may_touch(const struct vm *vm, uint64_t addr)
{
    if (addr < PV_RAM_VA)
        return addr == PV_CALL_VA || addr == PV_SHARED_VA || addr == PV_BOOT_INFO_VA;
    return addr >= vm->mem.ram_size || protect_readable(vm, addr, X86_PAGE);
}

// Takes the next pages of the list into *w, as many as fit. How far it has come.
// The list is in the order of the rehearsal's addresses and was checked when the file was opened;
// what the rights of the pages say may differ, and they decide.
static uint32_t plan(const struct vm *vm, const struct template_header *t, uint32_t i,
                     struct warm *w)
{
    const uint64_t *page = template_touched(t);
    *w = (struct warm){0};
    for (; i < t->touched.n; i++) {
        const uint64_t addr = page[i] & ~TEMPLATE_WRITTEN;
        const int write = (page[i] & TEMPLATE_WRITTEN) && addr >= PV_RAM_VA &&
                          protect_writable(vm, addr, X86_PAGE);
        if (!may_touch(vm, addr))
            continue;
        if (write ? w->nwrite == WARM_WRITES : w->nread == WARM_READS)
            break;
        if (write)
            w->write[w->nwrite++] = addr;
        else
            w->read[w->nread++] = addr;
    }
    return i;
}

// A kick that would end the VM's run comes after TOUCH_US: a hostile list cannot keep it longer.
void template_touch(struct monitor *m)
{
    const struct template_header *t = m->member.family->template;
    struct warm w;
    int r = 0;
    upcall_limit(m, TOUCH_US);
    for (uint32_t i = 0; i < t->touched.n && r == 0;) {
        i = plan(&m->vm, t, i, &w);
        r = warm_run(m, &w);
    }
    upcall_limit(m, 0);
    if (r == 0)
        return;
    vm_forget(&m->vm); // in what state it is nobody knows
    monitor_create_vm(m);
    if (vm_set_fpu(&m->vm, t->fcw, t->mxcsr) < 0)
        member_die(&m->member, SIGKILL, "KVM does not take its registers");
}
