// SPDX-License-Identifier: BSD-2-Clause
// Page tables, descriptor tables, stubs: the contents of the platform pages. See platform.h.

#include "host/kvm/platform.h"

#include <string.h>

#include "abi/x86.h"
#include "host/kvm/spare/warm.h"

#define PTE_COMMON (X86_PTE_P | X86_PTE_U | X86_PTE_A | X86_PTE_D)

static uint64_t *page(const struct vm *vm, uint64_t va)
{
    return (uint64_t *)(vm->mem.ram + va);
}

static uint64_t tables_va(const struct vm *vm)
{
    return PLATFORM_TABLES_VA(vm->tables);
}

// A page table of the set in use, by its offset in the set.
static uint64_t *table(const struct vm *vm, uint64_t offset)
{
    return page(vm, tables_va(vm) + offset);
}

// 2 MB entries for [start, end), in the directories that start at pd and cover `base` and up; start
// is mapped to guest-physical gpa.
static void map_range(const struct vm *vm, uint64_t pd, uint64_t base, uint64_t start, uint64_t end,
                      uint64_t gpa, uint64_t rights)
{
    start &= ~(X86_PAGE_2M - 1);
    gpa &= ~(X86_PAGE_2M - 1);
    for (uint64_t va = start; va < end; va += X86_PAGE_2M)
        table(vm, pd)[(va - base) / X86_PAGE_2M] = (gpa + (va - start)) | X86_PTE_PS | rights;
}

static void map_directories(const struct vm *vm, uint64_t pd, uint64_t base, uint64_t end)
{
    uint64_t *pdpt = table(vm, PLATFORM_PDPT);
    for (uint64_t va = base; va < end; va += UINT64_C(1) << 30, pd += X86_PAGE)
        pdpt[va >> 30] = (tables_va(vm) + pd) | PLATFORM_PTE_TABLE;
}

static void map_platform(const struct vm *vm)
{
    uint64_t *pt = table(vm, PLATFORM_PT0);
    pt[PV_CALL_VA / X86_PAGE] = PV_CALL_VA | PTE_COMMON;
    pt[PV_SHARED_VA / X86_PAGE] = PV_SHARED_VA | PTE_COMMON | X86_PTE_W | X86_PTE_NX;
    pt[PV_BOOT_INFO_VA / X86_PAGE] = PV_BOOT_INFO_VA | PTE_COMMON | X86_PTE_NX;
    // Ring 0 only from here.
    for (uint64_t va = PLATFORM_GDT_VA; va < PLATFORM_END_VA; va += X86_PAGE)
        pt[va / X86_PAGE] = va | (PTE_COMMON & ~X86_PTE_U) | X86_PTE_W;
}

// DMA memory and registers, for a VM that has devices.
static void map_devices(const struct vm *vm)
{
    uint64_t *pt = table(vm, PLATFORM_PT0);
    const uint64_t rights = PTE_COMMON | X86_PTE_W | X86_PTE_NX;
    for (uint64_t va = PV_DMA_VA; vm->ndevices && va < PV_DMA_VA + PV_DMA_SIZE; va += X86_PAGE)
        pt[va / X86_PAGE] = va | rights;
    for (uint64_t i = 0; i < vm->ndevices; i++)
        pt[PV_DEVICES_VA / X86_PAGE + i] = (PLATFORM_DEVICES_GPA + i * X86_PAGE) | rights;
}

static uint64_t segment_rights(uint32_t flags)
{
    return PTE_COMMON | ((flags & IMAGE_SEG_W) ? X86_PTE_W : 0) |
           ((flags & IMAGE_SEG_X) ? 0 : X86_PTE_NX);
}

static void map_memory(const struct vm *vm, const struct elf_program *program,
                       uint64_t stack_bottom)
{
    const uint64_t data = PTE_COMMON | X86_PTE_W | X86_PTE_NX;
    const uint64_t guard = stack_bottom - X86_PAGE_2M;
    uint64_t end = PV_RAM_VA;

    table(vm, PLATFORM_PML4)[0] = (tables_va(vm) + PLATFORM_PDPT) | PLATFORM_PTE_TABLE;
    map_directories(vm, PLATFORM_PD_RAM, 0, vm->mem.ram_size);
    table(vm, PLATFORM_PD_RAM)[0] = (tables_va(vm) + PLATFORM_PT0) | PLATFORM_PTE_TABLE;
    for (uint32_t i = 0; i < program->nsegs; i++) {
        const struct image_seg *s = &program->segs[i];
        map_range(vm, PLATFORM_PD_RAM, 0, s->vaddr, s->vaddr + s->memsz, s->vaddr,
                  segment_rights(s->flags));
        end = s->vaddr + s->memsz;
    }
    // The heap begins in what is left of the last segment's 2 MB, which load.c made sure is
    // writable.
    end = (end + X86_PAGE_2M - 1) & ~(X86_PAGE_2M - 1);
    map_range(vm, PLATFORM_PD_RAM, 0, end, guard, end, data);
    map_range(vm, PLATFORM_PD_RAM, 0, stack_bottom, vm->mem.ram_size, stack_bottom, data);

    map_directories(vm, PLATFORM_PD_IMAGE, PV_IMAGE_VA, PV_IMAGE_VA + vm->mem.image_size);
    map_range(vm, PLATFORM_PD_IMAGE, PV_IMAGE_VA, PV_IMAGE_VA, PV_IMAGE_VA + vm->mem.image_size,
              vm_gpa(vm, vm->mem.image), PTE_COMMON | X86_PTE_NX);
    map_directories(vm, PLATFORM_PD_WINDOW, PV_WINDOW_VA, PV_WINDOW_VA + vm->mem.window_size);
    map_range(vm, PLATFORM_PD_WINDOW, PV_WINDOW_VA, PV_WINDOW_VA,
              PV_WINDOW_VA + vm->mem.window_size, vm_gpa(vm, vm->mem.window), data);
}

// Segment descriptors, flat (SDM vol. 3, 3.4.5): base and limit are ignored for 64-bit code and
// data.
static void init_gdt(const struct vm *vm)
{
    uint64_t *gdt = page(vm, PLATFORM_GDT_VA);
    gdt[X86_SEL_KERNEL_CODE / 8] = UINT64_C(0x00af9b000000ffff);
    gdt[X86_SEL_KERNEL_DATA / 8] = UINT64_C(0x00cf93000000ffff);
    gdt[X86_SEL_USER_DATA / 8] = UINT64_C(0x00cff3000000ffff);
    gdt[X86_SEL_USER_CODE / 8] = UINT64_C(0x00affb000000ffff);
    // An available... busy 64-bit TSS of 104 bytes takes two entries (SDM vol. 3, 7.2.3).
    gdt[X86_SEL_TSS / 8] = UINT64_C(0x00008b0000000067) | (PLATFORM_TSS_VA & 0xffffffu) << 16 |
                           (uint64_t)(PLATFORM_TSS_VA >> 24) << 56;
    gdt[X86_SEL_TSS / 8 + 1] = 0;
    // RSP0 is at offset 4 of the TSS (SDM vol. 3, 7.7), unaligned.
    uint64_t rsp0 = PLATFORM_STACK_VA + X86_PAGE;
    memcpy(vm->mem.ram + PLATFORM_TSS_VA + 4, &rsp0, sizeof rsp0);
}

static int has_error_code(unsigned vector)
{
    return vector == X86_EXC_DF || (vector >= X86_EXC_TS && vector <= X86_EXC_PF) ||
           vector == X86_EXC_AC;
}

// Each stub pushes its vector (and an error code where the processor pushed none), and joins a tail
// that tells the monitor by a port write and returns with the frame as the monitor left it.
static void init_stubs(const struct vm *vm)
{
    uint64_t *idt = page(vm, PLATFORM_IDT_VA);
    uint8_t *code = vm->mem.ram + PLATFORM_STUB_VA;
    const unsigned tail = PLATFORM_STUB_TAIL - PLATFORM_STUB_VA;
    for (unsigned v = 0; v < 32; v++) {
        uint8_t *p = code + v * 16;
        uint64_t va = PLATFORM_STUB_VA + v * 16;
        if (!has_error_code(v)) {
            *p++ = 0x6a; // push $0
            *p++ = 0;
        }
        *p++ = 0x6a; // push $vector
        *p++ = (uint8_t)v;
        *p++ = 0xe9; // jmp tail
        int32_t rel = (int32_t)(tail - (unsigned)(p - code) - 4);
        memcpy(p, &rel, sizeof rel);
        // Interrupt gate (SDM vol. 3, 6.14.1); INT3 and INTO may be raised by ring 3.
        uint64_t dpl = (v == X86_EXC_BP || v == X86_EXC_OF) ? 3 : 0;
        idt[v * 2] = (va & 0xffff) | (uint64_t)X86_SEL_KERNEL_CODE << 16 |
                     (UINT64_C(0x8e) | dpl << 5) << 40 | (va >> 16 & 0xffff) << 48;
        idt[v * 2 + 1] = va >> 32;
    }
    static const uint8_t tail_code[] = {
        0xe6, PLATFORM_PORT_EXCEPTION, // out %al, $port
        0x48, 0x83,
        0xc4, 0x10, // add $16, %rsp
        0x48, 0xcf, // iretq
    };
    memcpy(code + tail, tail_code, sizeof tail_code);
}

static void init_call_page(const struct vm *vm)
{
    static const uint8_t code[] = {
        0xe7, PLATFORM_PORT_CALL, // out %eax, $port
        0xc3,                     // ret
    };
    memcpy(vm->mem.ram + PV_CALL_VA, code, sizeof code);
    warm_code(vm->mem.ram + PLATFORM_WARM_VA);
}

void platform_init(const struct vm *vm, const struct elf_program *program, uint64_t stack_bottom)
{
    map_platform(vm);
    map_devices(vm);
    map_memory(vm, program, stack_bottom);
    init_gdt(vm);
    init_stubs(vm);
    init_call_page(vm);
}

void platform_map_text(const struct vm *vm, const struct textcache_plan *plan, uint32_t first_page)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        uint64_t at = vm_gpa(vm, vm->text) + (first_page + plan->unit[i].page) * X86_PAGE_2M;
        uint64_t flags = X86_PTE_PS | segment_rights(plan->unit[i].flags);
        uint64_t *entry = &table(vm, PLATFORM_PD_RAM)[plan->unit[i].va / X86_PAGE_2M];
        // Anything but the entry of map_memory() is the program's own doing.
        if (*entry == (plan->unit[i].va | flags))
            *entry = at | flags;
    }
}
