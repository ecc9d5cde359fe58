// SPDX-License-Identifier: BSD-2-Clause
// Memory slots: which parts of the arena KVM knows.
//
// KVM keeps some 11 bytes for each 4 KB page of a slot, whether the page is ever touched or not,
// and a clone pays for allocating them. So slots cover what every program touches, and grow when
// the guest comes upon memory that is not covered yet: KVM then reports an access to a device that
// is not there, which the monitor answers from the memory itself. Neighbours: vm.c (the rest of a
// VM), family.c (the arena), monitor.c (the exits).

#include <errno.h>
#include <sys/ioctl.h>

#include "abi/pv.h"
#include "abi/x86.h"
#include "host/kvm/vm.h"

// What is covered from the start: a program of ordinary size with the beginning of its heap...
#define COVER_RAM (UINT64_C(8) << 20)
// ...the top of its stack, which adjoins image and text cache, and behind those the window's
// tables.
#define COVER_STACK  (UINT64_C(512) << 10)
#define COVER_WINDOW (UINT64_C(8) << 20)
#define GROW_MIN     (UINT64_C(8) << 20)

static uint64_t at_most(uint64_t n, uint64_t limit)
{
    return n < limit ? n : limit;
}

// What a VM begins with; a clone inherits what its parent's has grown to, as it will touch the
// same.
void vm_memory_init(struct vm *vm)
{
    uint64_t stack = vm->mem.ram_size - COVER_STACK;
    uint64_t window = vm_gpa(vm, vm->mem.window);
    vm->pieces[0] = (struct vm_piece){PV_PLATFORM_VA, at_most(COVER_RAM, stack)};
    vm->pieces[1] = (struct vm_piece){stack, at_most(window + COVER_WINDOW, vm->size)};
    vm->npieces = 2;
}

// Tells KVM about piece i, as slot i; size 0 takes it away.
// A slot cannot be resized: it is deleted and made anew, or another one is put beside it.
static int set_slot(const struct vm *vm, uint32_t i, uint64_t size)
{
    struct kvm_userspace_memory_region region = {
        .slot = i,
        .guest_phys_addr = vm->pieces[i].start,
        .memory_size = size,
        .userspace_addr = (uintptr_t)vm->mem.ram + vm->pieces[i].start,
    };
    return ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) < 0 ? -errno : 0;
}

static uint64_t length(const struct vm *vm, uint32_t i)
{
    return vm->pieces[i].end - vm->pieces[i].start;
}

// Pieces that adjoin become one: each slot of a new VM waits for a grace period of the host's
// kernel.
static void join_pieces(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->npieces; i++)
        for (uint32_t k = 0; k < vm->npieces; k++)
            if (k != i && vm->pieces[i].end == vm->pieces[k].start) {
                vm->pieces[i].end = vm->pieces[k].end;
                vm->pieces[k] = vm->pieces[--vm->npieces];
                i = k = 0;
            }
}

// For a new VM, which has no slots: so pieces may be renumbered by joining, here and only here.
int vm_memory_create(struct vm *vm)
{
    int r = 0;
    join_pieces(vm);
    for (uint32_t i = 0; i < vm->npieces && r == 0; i++)
        r = set_slot(vm, i, length(vm, i));
    return r;
}

// The guest stands still, and touches anew what it uses.
int vm_memory_flush(struct vm *vm)
{
    // Deleting a memory slot drops every shadow page of the VM.
    int r = set_slot(vm, 0, 0);
    return r < 0 ? r : set_slot(vm, 0, length(vm, 0));
}

// The gap between pieces that gpa, inside the arena, lies in; 0 if it lies in a piece.
// Pieces do not overlap, but are in no order.
static int find_gap(const struct vm *vm, uint64_t gpa, struct vm_piece *gap)
{
    *gap = (struct vm_piece){PV_PLATFORM_VA, vm->size};
    for (uint32_t i = 0; i < vm->npieces; i++) {
        const struct vm_piece *p = &vm->pieces[i];
        if (gpa >= p->start && gpa < p->end)
            return 0;
        if (p->end <= gpa && p->end > gap->start)
            gap->start = p->end;
        if (p->start > gpa && p->start < gap->end)
            gap->end = p->start;
    }
    return 1;
}

static int add_piece(struct vm *vm, struct vm_piece piece)
{
    uint32_t i = vm->npieces;
    if (i == VM_PIECES)
        return -ENOMEM;
    vm->pieces[i] = piece;
    int r = set_slot(vm, i, length(vm, i));
    if (r == 0)
        vm->npieces++;
    return r;
}

// 0: the access may be made again. -EFAULT: there is no memory of ours; -ENOMEM: no slot is left.
int vm_memory_grow(struct vm *vm, uint64_t gpa)
{
    struct vm_piece gap;
    if (gpa < PV_PLATFORM_VA || gpa >= vm->size)
        return -EFAULT;
    if (!find_gap(vm, gpa, &gap))
        return 0;
    // Heaps and the window grow up, stacks and mappings down: some of both, and more each time, so
    // that few slots are enough.
    uint64_t step = GROW_MIN << vm->npieces / 4;
    uint64_t start = (gpa & ~(X86_PAGE_2M - 1)) - at_most(step / 2, gpa & ~(X86_PAGE_2M - 1));
    uint64_t end = (gpa & ~(X86_PAGE_2M - 1)) + step;
    gap.start = start > gap.start ? start : gap.start;
    gap.end = at_most(end, gap.end);
    return add_piece(vm, gap);
}

// All that is left, at once: for an instruction that KVM could not emulate on memory it did not
// know, when which address it was about is not told. -EFAULT: nothing was left, so that was not the
// reason.
int vm_memory_complete(struct vm *vm)
{
    struct vm_piece gap;
    int r = -EFAULT;
    for (uint64_t gpa = PV_PLATFORM_VA; gpa < vm->size; gpa += X86_PAGE)
        if (find_gap(vm, gpa, &gap) && (r = add_piece(vm, gap)) < 0)
            return r;
    return r;
}
