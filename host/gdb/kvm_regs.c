// SPDX-License-Identifier: BSD-2-Clause
// Registers of a stopped VM of KVM as gdb wants them. Neighbour: regs.c.

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/x86.h"
#include "host/gdb/private.h"

// Before the first KVM_RUN, and after a change of ours, the registers are in kvm_run; else in the
// vCPU.
static int get_sregs(struct monitor *m, struct kvm_sregs *s)
{
    if (m->vm.run->kvm_dirty_regs & KVM_SYNC_X86_SREGS) {
        *s = m->vm.run->s.regs.sregs;
        return 0;
    }
    return ioctl(m->vm.vcpu_fd, KVM_GET_SREGS, s) < 0 ? -errno : 0;
}

// In gdb's order, which is not that of the instruction encoding: rbx, rcx and rdx come after rax.
static uint64_t *gpr(struct kvm_regs *r, unsigned i)
{
    uint64_t *const list[16] = {
        (uint64_t *)&r->rax, (uint64_t *)&r->rbx, (uint64_t *)&r->rcx, (uint64_t *)&r->rdx,
        (uint64_t *)&r->rsi, (uint64_t *)&r->rdi, (uint64_t *)&r->rbp, (uint64_t *)&r->rsp,
        (uint64_t *)&r->r8,  (uint64_t *)&r->r9,  (uint64_t *)&r->r10, (uint64_t *)&r->r11,
        (uint64_t *)&r->r12, (uint64_t *)&r->r13, (uint64_t *)&r->r14, (uint64_t *)&r->r15,
    };
    return list[i];
}

// KVM_GET_FPU would leave MXCSR out. The header follows the FXSAVE part (SDM vol. 1, 13.4).
struct xsave {
    struct gdb_fxsave legacy;
    uint64_t xstate_bv;
    uint8_t rest[3576];
};
_Static_assert(sizeof(struct xsave) == sizeof(struct kvm_xsave), "one page");
#define XSTATE_X87_SSE UINT64_C(3)

static void get_fpu(struct monitor *m, struct gdb_regs *regs)
{
    struct xsave x;
    if (ioctl(m->vm.vcpu_fd, KVM_GET_XSAVE, &x) == 0)
        gdb_fpu_get(regs, &x.legacy);
}

static int set_fpu(struct monitor *m, const struct gdb_regs *regs)
{
    struct xsave x;
    if (ioctl(m->vm.vcpu_fd, KVM_GET_XSAVE, &x) < 0)
        return -errno;
    gdb_fpu_set(&x.legacy, regs);
    // A component whose bit is clear would be reset to its initial state instead of loaded (SDM
    // vol. 1, 13.8).
    x.xstate_bv |= XSTATE_X87_SSE;
    return ioctl(m->vm.vcpu_fd, KVM_SET_XSAVE, &x) < 0 ? -errno : 0;
}

void gdb_kvm_regs_get(void *monitor, struct gdb_regs *regs)
{
    struct monitor *m = monitor;
    struct kvm_regs *r = vm_regs(&m->vm);
    struct kvm_sregs s;
    *regs = (struct gdb_regs){.rip = r->rip, .eflags = (uint32_t)r->rflags};
    for (unsigned i = 0; i < 16; i++)
        regs->gpr[i] = *gpr(r, i);
    get_fpu(m, regs);
    if (get_sregs(m, &s) < 0)
        return;
    const uint32_t seg[6] = {s.cs.selector, s.ss.selector, s.ds.selector,
                             s.es.selector, s.fs.selector, s.gs.selector};
    memcpy(regs->seg, seg, sizeof seg);
    regs->fs_base = s.fs.base;
    regs->gs_base = s.gs.base;
}

// Segments are not gdb's to change, and of RFLAGS only what ring 3 could change itself.
int gdb_kvm_regs_set(void *monitor, const struct gdb_regs *regs)
{
    struct monitor *m = monitor;
    const uint64_t arithmetic = 0x8d5 | X86_RFLAGS_DF; // CF PF AF ZF SF OF (SDM vol. 1, 3.4.3)
    struct kvm_regs *r = vm_regs(&m->vm);
    struct kvm_sregs s;
    int e;

    if ((e = get_sregs(m, &s)) < 0 || (e = set_fpu(m, regs)) < 0)
        return e;
    // Only on a change: KVM then loads all segments at the next entry.
    if (s.fs.base != regs->fs_base || s.gs.base != regs->gs_base) {
        s.fs.base = regs->fs_base;
        s.gs.base = regs->gs_base;
        m->vm.run->s.regs.sregs = s;
        m->vm.run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
    }
    for (unsigned i = 0; i < 16; i++)
        *gpr(r, i) = regs->gpr[i];
    r->rip = regs->rip;
    r->rflags = (r->rflags & ~arithmetic) | (regs->eflags & arithmetic);
    vm_regs_changed(&m->vm);
    return 0;
}
