// SPDX-License-Identifier: BSD-2-Clause
// A monitor saves its own VM as a template. See host/template/template.h.
//
// The monitor is confined: it writes to a file that was opened before.

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "host/template/template.h"

static _Noreturn void save_failed(struct monitor *m, const char *why)
{
    family_say("template: %s", why);
    atomic_store(&m->member.family->shared->unsaved, 1);
    member_die(&m->member, SIGABRT, NULL);
}

// The VM stands in a call, over which nothing of the x87 and SSE units is kept but their control
// words.
static void save_registers(struct monitor *m, struct template_header *t)
{
    struct kvm_sregs sregs;
    struct kvm_fpu fpu;
    if (ioctl(m->vm.vcpu_fd, KVM_GET_SREGS, &sregs) < 0 ||
        ioctl(m->vm.vcpu_fd, KVM_GET_FPU, &fpu) < 0)
        save_failed(m, "KVM does not give its registers");
    t->heap_start = m->vm.heap_start;
    t->stack_bottom = m->vm.stack_bottom;
    t->tables = m->vm.tables;
    t->pool_used = m->vm.pool_used;
    t->timer_deadline = m->member.timer_deadline;
    t->fs_base = sregs.fs.base;
    t->gs_base = sregs.gs.base;
    t->regs = *vm_regs(&m->vm);
    t->regs.rip = PLATFORM_CALL_RETURN; // it is in a call, whose result is in its memory
    t->fcw = fpu.fcw;
    t->mxcsr = fpu.mxcsr;
}

void template_leave(struct monitor *m)
{
    atomic_store(&m->member.family->shared->first_done, 1);
    family_release(m->member.family, m->member.slot);
    _exit(0);
}

// At the end of the call that printed the text: its result is in memory, and goes into the file.
void template_save_if_due(struct monitor *m)
{
    const struct family *f = m->member.family;
    const struct template_source source = {.f = f,
                                           .program = m->member.program,
                                           .low = PV_PLATFORM_VA,
                                           .base = (uintptr_t)m->vm.mem.ram,
                                           .pagemap = kvm_of(f)->pagemap_fd,
                                           .mem = -1};
    const char *why;
    if (!m->save_due)
        return;
    if (m->member.program == PV_PROGRAM_FILE)
        save_failed(m, "the program is not one of the image's");
    if (!template_is_alone(f, m->member.slot))
        save_failed(m, "the program has other processes: a template is of one");
    struct template_header *t = template_new();
    strcpy(t->maker, f->backend->name);
    save_registers(m, t);
    if ((why = template_save(&source)))
        save_failed(m, why);
    atomic_store(&f->shared->saved, 1);
    template_leave(m);
}
