// SPDX-License-Identifier: BSD-2-Clause
// tables.h: what must hold of a guest's page tables whatever PROTECT was asked for: all of RAM is
// where it was, nothing is writable and executable, and tables come from the pool. For fuzz_call.c.
#ifndef RAMET_TESTS_TABLES_H
#define RAMET_TESTS_TABLES_H

#include <stdbool.h>

#include "host/kvm/platform.h"

// An entry for the RAM at va, in a directory or in a table of the pool.
static inline bool entry_sound(uint64_t entry, uint64_t va)
{
    if ((entry & X86_PTE_ADDR) != va)
        return false;
    return !(entry & X86_PTE_W) || !(entry & X86_PTE_P) || (entry & X86_PTE_NX);
}

static inline bool table_sound(const struct vm *vm, uint64_t at, uint64_t va)
{
    if (at < PLATFORM_POOL_VA || at >= PV_DMA_VA ||
        !(vm->pool_used & 1u << (at - PLATFORM_POOL_VA) / X86_PAGE))
        return false;
    const uint64_t *table = (const uint64_t *)(vm->mem.ram + at);
    for (unsigned i = 0; i < 512; i++)
        if (!entry_sound(table[i], va + i * X86_PAGE))
            return false;
    return true;
}

static inline bool tables_sound(const struct vm *vm)
{
    const uint64_t *directory =
        (const uint64_t *)(vm->mem.ram + PLATFORM_TABLES_VA(vm->tables) + PLATFORM_PD_RAM);
    for (uint64_t va = PV_RAM_VA; va < vm->mem.ram_size; va += X86_PAGE_2M) {
        uint64_t entry = directory[va / X86_PAGE_2M];
        bool is_table = (entry & X86_PTE_P) && !(entry & X86_PTE_PS);
        if (va == vm->stack_bottom - X86_PAGE_2M && entry)
            return false; // the guard
        if (entry &&
            !(is_table ? table_sound(vm, entry & X86_PTE_ADDR, va) : entry_sound(entry, va)))
            return false;
    }
    return true;
}

#endif
