// SPDX-License-Identifier: BSD-2-Clause
// Warming a VM up. See warm.h.

#include "host/kvm/spare/warm.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/kvm/monitor.h"
#include "host/kvm/platform.h"

#define AGAIN_MAX 100u

static void set_reg(struct kvm_regs *r, uint8_t number, uint64_t value)
{
    __u64 *const at[16] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
                           &r->r8,  &r->r9,  &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15};
    *at[number] = value;
}

int warm_run(struct monitor *m, const struct warm *w)
{
    struct vm *vm = &m->vm;
    struct kvm_regs *r = vm_regs(vm);
    for (unsigned i = 0; i < WARM_WRITES; i++)
        set_reg(r, warm_write_reg[i], i < w->nwrite ? w->write[i] : PV_SHARED_VA);
    for (unsigned i = 0; i < WARM_READS; i++)
        set_reg(r, warm_read_reg[i], i < w->nread ? w->read[i] : PV_CALL_VA);
    r->rip = PLATFORM_WARM_VA;
    vm_regs_changed(vm);
    const struct kvm_run *run = vm->run;
    // Memory that no slot covers yet is covered; what interrupts (a frozen or stopped process) does
    // not matter.
    for (unsigned again = 0;; again++) {
        int r = ioctl(vm->vcpu_fd, KVM_RUN, 0) < 0 ? -errno : 0;
        const int more = r == 0 && run->exit_reason == KVM_EXIT_MMIO && monitor_cover(m) == 0;
        if ((!more && r != -EINTR) || again == AGAIN_MAX) {
            if (r < 0)
                return r;
            break;
        }
    }
    int through = run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_OUT &&
                  run->io.port == PLATFORM_PORT_WARM;
    return through ? 0 : -EIO;
}
