// SPDX-License-Identifier: BSD-2-Clause
// The one address space: page-table entries, and mappings that are there from the start.
#ifndef SHIM_SPACE_H
#define SHIM_SPACE_H

#include <stdint.h>

#include "abi/x86.h"

#define PTE_RING0  (X86_PTE_P | X86_PTE_W | X86_PTE_A | X86_PTE_D)
#define PTE_USER   (X86_PTE_P | X86_PTE_U | X86_PTE_A | X86_PTE_D)
#define PTE_DEVICE (UINT64_C(0x18))   // PCD and PWT: uncached whatever the MTRRs say
#define PTE_OWNED  (UINT64_C(1) << 9) // ignored by the processor: the frame goes back when unmapped

// Drops the identity map of boot and maps the platform pages for ring 3.
void space_init(void);

// The 4 KB entry for a virtual address. NULL: no table (with `make`: no memory for one), or a 2 MB
// page.
uint64_t *space_entry(uint64_t va, int make);
// Maps a 2 MB page; panics without memory for its tables.
void space_map_2m(uint64_t va, uint64_t entry);

// Device registers, uncached: for ring 0, and for ring 3 at PV_DEVICES_VA (0 when that is full).
volatile void *device_map(uint64_t pa, uint64_t len);
uint64_t device_map_user(uint64_t pa, uint64_t len);

static inline void flush_tlb(void)
{
    uint64_t cr3;
    __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(cr3) : : "memory");
}

#endif
