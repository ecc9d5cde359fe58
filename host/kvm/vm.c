// SPDX-License-Identifier: BSD-2-Clause
// Making and starting KVM virtual machines. Neighbours: platform.c (what the guest finds in its
// memory), monitor.c (the run loop).

#include "host/kvm/vm.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/pv.h"
#include "abi/x86.h"
#include "host/kvm/platform.h"

// Only what makes the control register bits of vm_start_at() legal; the guest uses nothing else. A
// fixed table: asking KVM for its own costs close to a millisecond, and leaf 1 alone 130 us to set.
// (SDM vol. 2A, CPUID.)
static int set_cpuid(const struct vm *vm)
{
    static const struct kvm_cpuid_entry2 entries[] = {
        {.function = 7, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX, .ebx = 1u << 0}, // FSGSBASE
        {.function = 0x80000001, .edx = 1u << 11 | 1u << 20 | 1u << 29}, // SYSCALL, NX, long mode
    };
    _Alignas(struct kvm_cpuid2) uint8_t buf[sizeof(struct kvm_cpuid2) + sizeof entries];
    struct kvm_cpuid2 *table = (struct kvm_cpuid2 *)buf;
    *table = (struct kvm_cpuid2){.nent = sizeof entries / sizeof entries[0]};
    memcpy(table->entries, entries, sizeof entries);
    return ioctl(vm->vcpu_fd, KVM_SET_CPUID2, table) < 0 ? -errno : 0;
}

// kvm_run is how KVM and we talk about an exit. The mapping is shared memory: after a fork(2) the
// parent's next exit shows in the child's, too, until vm_forget().
static int map_run(struct vm *vm)
{
    // The size is the same for every vCPU of a host; asked once and inherited.
    if (!vm->run_size) {
        int size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
        if (size < (int)sizeof(struct kvm_run))
            return -EINVAL;
        vm->run_size = (size_t)size;
    }
    vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu_fd, 0);
    return vm->run == MAP_FAILED ? -errno : 0;
}

// With offset 0 the guest's TSC is the host's, as the family's clock assumes. A host that lacks the
// attribute (KVM before 5.16) or runs ring 3 on the bare counter needs nothing.
static void set_tsc_offset(const struct vm *vm)
{
    uint64_t zero = 0;
    struct kvm_device_attr attr = {
        .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (uintptr_t)&zero};
    ioctl(vm->vcpu_fd, KVM_SET_DEVICE_ATTR, &attr);
}

// An instruction that KVM cannot emulate (most of SSE), on memory it has not been told of yet, is
// to come to us, who tell it (vm_memory_complete()): otherwise ring 3 is given a #UD for it. A host
// that does not know how (Linux before 5.14) leaves it at that.
static void want_failed_emulations(const struct vm *vm)
{
    const struct kvm_enable_cap cap = {.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args = {1}};
    ioctl(vm->vm_fd, KVM_ENABLE_CAP, &cap);
}

// *WHAT tells which step failed, for a message. What was made until then is the caller's to close,
// or ends with the process.
int vm_create(struct vm *vm, const char **what)
{
    int r;
    vm->switches = 0;
    *what = "create VM";
    vm->vm_fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
    if (vm->vm_fd < 0)
        return -errno;
    *what = "create vCPU"; // before anything else: it is slower in a VM that has more
    vm->vcpu_fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, 0);
    if (vm->vcpu_fd < 0)
        return -errno;
    want_failed_emulations(vm);
    *what = "map vCPU";
    if ((r = map_run(vm)) < 0)
        return r;
    *what = "set memory";
    if ((r = vm_memory_create(vm)) < 0)
        return r;
    if (vm->needs_cpuid && (r = set_cpuid(vm)) < 0)
        return r;
    set_tsc_offset(vm);
    // General registers come out with every exit, in shared memory: no ioctl to look at them.
    vm->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
    return 0;
}

// In a clone: the descriptors are the parent's VM, which cannot be used from another address space.
void vm_forget(struct vm *vm)
{
    munmap(vm->run, vm->run_size);
    close(vm->vcpu_fd);
    close(vm->vm_fd);
    vm->run = NULL;
    vm->vcpu_fd = vm->vm_fd = -1;
}

// Flat, as 64-bit mode has them (SDM vol. 3, 3.4.4): base and limit are not looked at, but VM entry
// checks that they go together.
static struct kvm_segment segment(uint16_t selector, uint8_t type, uint8_t dpl, uint8_t code)
{
    return (struct kvm_segment){
        .limit = 0xffffffff,
        .selector = selector,
        .type = type, // SDM vol. 3, 3.4.5.1
        .present = 1,
        .dpl = dpl,
        .db = !code,
        .s = 1,
        .l = code,
        .g = 1,
    };
}

// The VM begins in ring 3, in 64-bit mode, with paging on: there is no boot in it and no ring-0
// code but a few stubs. Only what is said here is set, all else is as KVM made the vCPU.
void vm_start_at(struct vm *vm, const struct kvm_regs *regs, uint64_t cr3)
{
    struct kvm_segment data = segment(X86_SEL_USER_DATA, 3, 3, 0);
    vm->run->s.regs.regs = *regs;
    vm->run->s.regs.sregs = (struct kvm_sregs){
        .cs = segment(X86_SEL_USER_CODE, 11, 3, 1),
        .ss = data,
        .ds = data,
        .es = data,
        .fs = data,
        .gs = data,
        .tr = {.base = PLATFORM_TSS_VA,
               .limit = 103,
               .selector = X86_SEL_TSS,
               .type = 11,
               .present = 1},
        .ldt = {.unusable = 1},
        .gdt = {.base = PLATFORM_GDT_VA, .limit = PLATFORM_GDT_SIZE - 1},
        .idt = {.base = PLATFORM_IDT_VA, .limit = PLATFORM_IDT_SIZE - 1},
        .cr0 = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM |
               X86_CR0_PG,
        .cr3 = cr3,
        .cr4 = X86_CR4_PAE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_FSGSBASE,
        .efer = X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE,
        .apic_base = 0xfee00000 | 0x800 | 0x100, // enabled, boot processor; what KVM starts with
    };
    vm->run->kvm_dirty_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
}

int vm_ring3(struct vm *vm)
{
    struct kvm_sregs *s = &vm->run->s.regs.sregs;
    // Read first: KVM loads all of the structure, and the rest must be as it is.
    if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, s) < 0)
        return -errno;
    s->cs = segment(X86_SEL_USER_CODE, 11, 3, 1);
    s->ss = segment(X86_SEL_USER_DATA, 3, 3, 0);
    vm->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
    return 0;
}

// BASE is canonical, as call_set_tp() has checked: KVM would refuse the next entry otherwise.
int vm_set_fs_base(struct vm *vm, uint64_t base)
{
    struct kvm_sregs *s = &vm->run->s.regs.sregs;
    if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, s) < 0)
        return -errno;
    s->fs.base = base;
    vm->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
    return 0;
}

int vm_settle(const struct vm *vm)
{
    // KVM takes over what is in kvm_run and returns before the guest executes anything.
    vm->run->immediate_exit = 1;
    int r = ioctl(vm->vcpu_fd, KVM_RUN, 0) < 0 ? -errno : 0;
    vm->run->immediate_exit = 0;
    return r;
}

// The family's first VM only: what it finds out is inherited by all that are cloned from it.
int vm_try_start(struct vm *vm, const struct kvm_regs *regs, uint64_t cr3)
{
    vm_start_at(vm, regs, cr3);
    // Only some kinds of KVM check control registers against CPUID. Where none is needed the ioctl
    // is saved in every clone.
    if (vm_settle(vm) != -EINVAL)
        return 0;
    vm->needs_cpuid = 1;
    int r = set_cpuid(vm);
    vm_start_at(vm, regs, cr3);
    return r;
}

// Bits of MXCSR above 15 are reserved, and KVM would refuse them (SDM vol. 1, 10.2.3).
int vm_set_fpu(const struct vm *vm, uint16_t fcw, uint32_t mxcsr)
{
    // The legacy area and the header of an XSAVE image (SDM vol. 1, 10.5.1 and 13.4.2).
    struct kvm_xsave x = {0};
    x.region[0] = fcw; // the status word's half is 0, all registers are empty
    x.region[24 / 4] = mxcsr & 0xffff;
    x.region[512 / 4] = 1u | 2u; // both are meant
    return ioctl(vm->vcpu_fd, KVM_SET_XSAVE, &x) < 0 ? -errno : 0;
}

// The guest's rate, which is the host's: nothing here scales it.
int vm_tsc_khz(const struct vm *vm)
{
    int khz = ioctl(vm->vcpu_fd, KVM_GET_TSC_KHZ, 0);
    return khz < 0 ? -errno : khz;
}
