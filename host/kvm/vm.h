// SPDX-License-Identifier: BSD-2-Clause
// One KVM virtual machine with one vCPU over memory this process owns.
//
// KVM's descriptors belong to the process that made them: after fork(2) the child drops its
// copies and makes a new VM over the same (now copy-on-write) memory. Everything here is cheap
// enough to be done at every fork.
#ifndef HOST_VM_H
#define HOST_VM_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

#include "host/call/guest.h"

// A part of guest-physical memory that KVM knows; piece i is memory slot i.
struct vm_piece {
    uint64_t start, end;
};
#define VM_PIECES 64

struct vm {
    // All of it is one piece: a byte's distance from `ram` is its guest-physical address.
    struct guest_memory mem;
    uint8_t *text;                     // the text cache, read-only (textcache.h)
    uint64_t size;                     // of all
    struct vm_piece pieces[VM_PIECES]; // memory.c
    uint32_t npieces;
    uint64_t heap_start, stack_bottom; // of the program loaded last, guest-virtual
    uint32_t ndevices;                 // register pages at PV_DEVICES_VA (devices.c)
    uint32_t tables;                   // which set of page tables the guest uses (platform.h)
    uint32_t pool_used;                // a bit for each of its 4 KB tables (protect.c)
    uint32_t switches;                 // how often this VM has gone to the other set
    // KVM; -1 / NULL between fork(2) and vm_create().
    int kvm_fd, vm_fd, vcpu_fd;
    struct kvm_run *run;
    size_t run_size;
    int needs_cpuid; // found out by the family's first VM: vm_try_start()
};

// Guest-physical address of a host address in the VM's memory.
static inline uint64_t vm_gpa(const struct vm *vm, const uint8_t *p)
{
    return (uint64_t)(p - vm->mem.ram);
}

// Makes the VM, its memory slots and its vCPU. 0 or -errno; `*what` names the step that failed.
int vm_create(struct vm *vm, const char **what);

// After fork(2), in the child: lets go of the parent's VM.
void vm_forget(struct vm *vm);

// Prepares the next KVM_RUN to start in ring 3 with these registers, the initial segment and
// control registers, and page tables at cr3. Costs no ioctl of its own.
void vm_start_at(struct vm *vm, const struct kvm_regs *regs, uint64_t cr3);

// A KVM_RUN that executes nothing: completes the last exit, if there was one, and takes the
// registers. -EINTR when they were taken, else -errno.
int vm_settle(const struct vm *vm);

// Moves a vCPU that stopped in a ring-0 stub to ring 3; its general registers are the caller's to
// set. 0 or -errno.
int vm_ring3(struct vm *vm);

// The base of FS, of a vCPU that has run: the next KVM_RUN loads it. 0 or -errno.
int vm_set_fs_base(struct vm *vm, uint64_t base);

// Gives a vCPU that has run the x87 and SSE state of a new one but for its control words. 0 or
// -errno.
#define VM_FCW   0x37f // no exception
#define VM_MXCSR 0x1f80
int vm_set_fpu(const struct vm *vm, uint16_t fcw, uint32_t mxcsr);

// vm_start_at() for a family's first VM: also finds out whether this KVM takes those registers from
// a vCPU without CPUID. Most do, and it saves each later VM 20 us. 0 or -errno.
int vm_try_start(struct vm *vm, const struct kvm_regs *regs, uint64_t cr3);

// --- memory.c ---
// The pieces every program needs; once, for a family's first VM.
void vm_memory_init(struct vm *vm);
// Tells a new VM's KVM about all pieces. 0 or -errno.
int vm_memory_create(struct vm *vm);
// Covers memory around gpa. 0, also if it was covered; -EFAULT if it is no memory of the guest's,
// -errno.
int vm_memory_grow(struct vm *vm, uint64_t gpa);
// Covers all memory. 0, or -EFAULT if it was covered already.
int vm_memory_complete(struct vm *vm);
// Makes KVM forget all it derived from the guest's page tables (the host changed them). 0 or
// -errno.
int vm_memory_flush(struct vm *vm);

// The rate of the guest's time-stamp counter in kHz, or -errno.
int vm_tsc_khz(const struct vm *vm);

// The vCPU's general registers as of the last exit.
static inline struct kvm_regs *vm_regs(struct vm *vm)
{
    return &vm->run->s.regs.regs;
}

// Marks them changed: the next KVM_RUN loads them.
static inline void vm_regs_changed(struct vm *vm)
{
    vm->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

#endif
