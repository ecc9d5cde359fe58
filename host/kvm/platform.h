// SPDX-License-Identifier: BSD-2-Clause
// The megabyte below RAM: what a processor needs to run ring-3 code, laid out by the monitor.
//
// The first page table maps it in 4 KB pages, each with its own
// rights; what ring 3 must not change is for ring 0 only, and ring 0 holds nothing but stubs of a
// few instructions.
#ifndef HOST_PLATFORM_H
#define HOST_PLATFORM_H

#include <stdint.h>

#include "abi/pv.h"
#include "abi/x86.h"
#include "host/image/elf.h"
#include "host/family/textcache.h"
#include "host/kvm/vm.h"

// Page tables, two sets: exec builds the new program's in the set that is not in use, because
// KVM's shadow of a table does not notice what the host writes into it, and making it forget
// costs two memory-slot changes. The guest has them mapped nowhere: it asks for PROTECT. Offsets
// within a set:
#define PLATFORM_TABLES_VA(set) (0x100000u + (set)*0x18000u)
#define PLATFORM_PML4           0x0u
#define PLATFORM_PDPT           0x1000u
#define PLATFORM_PT0            0x2000u
#define PLATFORM_PD_RAM         0x3000u // one directory per GB, of this and the next two
#define PLATFORM_PD_IMAGE       0xb000u
#define PLATFORM_PD_WINDOW      0xd000u
#define PLATFORM_TABLES_SIZE    0xf000u
_Static_assert(PLATFORM_PD_RAM + (PV_RAM_MAX >> 30) * X86_PAGE == PLATFORM_PD_IMAGE &&
                   PLATFORM_PD_IMAGE + (PV_IMAGE_MAX >> 30) * X86_PAGE == PLATFORM_PD_WINDOW &&
                   PLATFORM_PD_WINDOW + (PV_WINDOW_MAX >> 30) * X86_PAGE == PLATFORM_TABLES_SIZE,
               "a directory for each GB");
// 0x110000..0x112fff: call, shared and boot_info pages (abi/pv.h)
#define PLATFORM_GDT_VA    0x113000u // GDT and TSS, one page
#define PLATFORM_GDT_SIZE  0x50u
#define PLATFORM_TSS_VA    0x113800u
#define PLATFORM_IDT_VA    0x114000u
#define PLATFORM_IDT_SIZE  (32u * 16u)
#define PLATFORM_STUB_VA   0x115000u
#define PLATFORM_STUB_TAIL (PLATFORM_STUB_VA + 32u * 16u) // where the stubs of all 32 vectors join
// After the tail's port write the monitor has seen the exception; a few instructions are left to
// IRETQ.
#define PLATFORM_STUB_TOLD (PLATFORM_STUB_TAIL + 2u)
#define PLATFORM_STACK_VA  0x116000u // ring-0 stack, one page
#define PLATFORM_END_VA    0x117000u // the second set of page tables follows
// 4 KB tables for parts of RAM whose pages differ (protect.c), of whichever set is in use.
#define PLATFORM_POOL_VA     0x128000u
#define PLATFORM_POOL_TABLES 24u
_Static_assert(PLATFORM_POOL_VA + PLATFORM_POOL_TABLES * 0x1000u <= PV_DMA_VA, "room for the pool");

// A directory entry that points to a table leaves all rights to the table.
#define PLATFORM_PTE_TABLE (X86_PTE_P | X86_PTE_W | X86_PTE_U | X86_PTE_A)
// Ours: bit 9 of an entry means nothing to the processor (SDM vol. 3, 4.5). In a directory of RAM:
// the program may have changed this memory, so it is not the image's any more.
#define PLATFORM_PTE_PRIVATE UINT64_C(0x200)

// Where the page tables lead PV_DEVICES_VA: below all memory, so that accesses exit.
#define PLATFORM_DEVICES_GPA 0xc0000u

#define PLATFORM_PORT_CALL      0x52
#define PLATFORM_PORT_EXCEPTION 0x53
#define PLATFORM_PORT_WARM      0x54 // the end of warm_code()
// The instruction after the port write of the call page.
#define PLATFORM_CALL_RETURN (PV_CALL_VA + 2)
#define PLATFORM_WARM_VA     (PV_CALL_VA + 64) // warm.h

// What an exception stub leaves on the ring-0 stack, from its lowest address up to
// PLATFORM_STACK_VA + 4096.
struct platform_exception {
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss; // pushed by the processor (SDM vol. 3, 6.14)
};

// Fills the platform pages for a program, in set vm->tables: page tables that map its segments
// with their rights, the rest of RAM up to stack_bottom's guard, the stack, image and window. RAM
// must be mapped and the pages zero.
void platform_init(const struct vm *vm, const struct elf_program *program, uint64_t stack_bottom);

// Whether the page at guest-physical `addr` is a page table of RAM, image or window.
static inline int platform_is_table(uint64_t addr)
{
    return addr < PLATFORM_TABLES_VA(0) + PLATFORM_TABLES_SIZE ||
           (addr >= PLATFORM_TABLES_VA(1) &&
            addr < PLATFORM_POOL_VA + PLATFORM_POOL_TABLES * X86_PAGE);
}

static inline int platform_in_stub(uint64_t rip)
{
    return rip >= PLATFORM_STUB_VA && rip < PLATFORM_STACK_VA;
}

// Maps a program's read-only parts from the text cache, where they start at `first_page`, but for
// those whose rights the program has changed. Before the VM exists, or before vm_memory_flush().
void platform_map_text(const struct vm *vm, const struct textcache_plan *plan, uint32_t first_page);

static inline struct pv_shared *platform_shared(const struct vm *vm)
{
    return (struct pv_shared *)(vm->mem.ram + PV_SHARED_VA);
}

static inline struct pv_boot_info *platform_boot_info(const struct vm *vm)
{
    return (struct pv_boot_info *)(vm->mem.ram + PV_BOOT_INFO_VA);
}

static inline struct platform_exception *platform_exception(const struct vm *vm)
{
    return (struct platform_exception *)(vm->mem.ram + PLATFORM_STACK_VA + 4096) - 1;
}

#endif
