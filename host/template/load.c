// SPDX-License-Identifier: BSD-2-Clause
// Starting from a template that has been opened (open.c). See template.h.
//
// Large pieces of RAM are mapped from the file and copied as they are written, small ones are read:
// each mapping would cost at every later fork(2). A rehearsal maps them all: what is mapped is
// there once it is touched, so that the host can tell.

#include "host/template/template.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/clock.h"
#include "host/family/member.h"
#include "host/kvm/load.h"
#include "host/kvm/platform.h"

#define MAP_MIN    (UINT64_C(1) << 20)
#define USER_FLAGS UINT64_C(0x240dd5) // CF PF AF ZF SF TF DF OF AC ID: what a program may set

static int load_extent(const struct vm *vm, const struct family *f, const struct template_extent *e)
{
    if (e->len < MAP_MIN && !f->rehearsal)
        return template_read(f->template_fd, vm->mem.ram + e->addr, e->len, e->off);
    void *p = mmap(vm->mem.ram + e->addr, e->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
                   f->template_fd, (off_t)e->off);
    return p == MAP_FAILED ? -errno : 0;
}

// Where the host has a page that is checked to be in RAM or the window.
static uint8_t *page_at(const struct vm *vm, uint64_t page)
{
    const uint64_t addr = page & ~TEMPLATE_WRITTEN;
    return addr < vm->mem.ram_size ? vm->mem.ram + addr : vm->mem.window + (addr - PV_WINDOW_VA);
}

// Whether load_extent() has read a page into RAM: it is there. *e, the extent to look at first,
// goes up with the pages that are asked about.
static int was_read(const struct template_header *t, uint32_t *e, uint64_t page)
{
    const uint64_t addr = page & ~TEMPLATE_WRITTEN;
    while (*e < t->nram && t->extents[*e].addr + t->extents[*e].len <= addr)
        ++*e;
    return *e < t->nram && addr >= t->extents[*e].addr && t->extents[*e].len < MAP_MIN;
}

// Whether it is worth making a page be there before the program touches it. One that is only read
// comes from the image with its neighbours in any case.
static int is_wanted(const struct template_header *t, uint32_t *e, uint64_t page)
{
    const int written = (page & TEMPLATE_WRITTEN) || page >= PV_WINDOW_VA;
    return written && !was_read(t, e, page);
}

// Makes the pages be there that the program writes first, in as few calls as there are pieces: one
// fault of the host's is a fraction of the same fault taken by the guest, and where KVM shadows
// page tables it maps eight at one fault that are there and can be written. Only a matter of speed:
// a host that cannot (Linux before 5.14) takes the faults later.
static void populate_touched(const struct vm *vm, const struct template_header *t)
{
    const uint64_t *page = template_touched(t);
    for (uint32_t i = 0, n, e = 0; i < t->touched.n; i += n) {
        n = 1;
        if (!is_wanted(t, &e, page[i]))
            continue;
        while (i + n < t->touched.n && page[i + n] == page[i] + n * X86_PAGE)
            n++;
        madvise(page_at(vm, page[i]), n * X86_PAGE, MADV_POPULATE_WRITE);
    }
}

// The clock goes on from where it was; the wall clock is today's.
int template_renew(const struct vm *vm, const struct family *f, uint32_t slot)
{
    struct pv_boot_info *b = platform_boot_info(vm);
    b->flags = family_boot_flags(f);
    b->cpus = f->cpus;
    b->spin = f->spin;
    b->tsc_base = f->tsc_base;
    b->tsc_mult = f->tsc_mult;
    b->mono_base_ns = f->mono_base_ns;
    b->wall_base_ns = clock_ns(CLOCK_REALTIME) - (family_now(f) - f->mono_base_ns);
    // Its random numbers must not be those of the template's other children.
    __atomic_fetch_or(&platform_shared(vm)->pending, PV_EVENT_RESUMED, __ATOMIC_SEQ_CST);
    return member_identity(b, slot);
}

// The image's segments first, then what differs from them. Of the flags only those a program may
// set are taken from the file: the others decide what ring 3 may do.
int template_load_ram(struct vm *vm, const struct family *f, uint32_t slot, struct kvm_regs *regs)
{
    const struct template_header *t = f->template;
    int r = load_image(vm, f, t->program);
    for (uint32_t i = 0; r == 0 && i < t->nram; i++)
        r = load_extent(vm, f, &t->extents[i]);
    if (r < 0)
        return r;
    populate_touched(vm, t);
    if ((r = template_renew(vm, f, slot)) < 0)
        return r;
    vm->heap_start = t->heap_start;
    vm->stack_bottom = t->stack_bottom;
    vm->tables = t->tables;
    vm->pool_used = t->pool_used;
    *regs = t->regs;
    regs->rflags = (t->regs.rflags & USER_FLAGS) | X86_RFLAGS_ONE | X86_RFLAGS_IF | X86_RFLAGS_IOPL;
    return 0;
}

void template_load_segments(const struct vm *vm, const struct template_header *t)
{
    vm->run->s.regs.sregs.fs.base = t->fs_base;
    vm->run->s.regs.sregs.gs.base = t->gs_base;
    vm->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
}

// Only the control words: a template is made in a call, over which no register of the unit is kept
// (psABI 3.2.1).
int template_load_fpu(const struct vm *vm, const struct template_header *t)
{
    const uint32_t mxcsr_bits = 0xffff;
    if (t->fcw == VM_FCW && t->mxcsr == VM_MXCSR)
        return 0; // as a new vCPU has them
    struct kvm_fpu fpu = {.fcw = t->fcw, .mxcsr = t->mxcsr & mxcsr_bits};
    return ioctl(vm->vcpu_fd, KVM_SET_FPU, &fpu) < 0 ? -errno : 0;
}
