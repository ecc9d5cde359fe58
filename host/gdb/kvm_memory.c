// SPDX-License-Identifier: BSD-2-Clause
// Guest memory for gdb: the guest's own page tables decide, so that remapped and unmapped pages
// look to gdb as they do to the program. Neighbours: guest.c (the monitor's own access, which
// needs no tables).

#include <string.h>

#include "abi/x86.h"
#include "host/gdb/private.h"
#include "host/kvm/platform.h"

#define VA_END                                                                                     \
    (UINT64_C(1) << 47) // no program lies above (SDM vol. 3, 4.5: the lower canonical half)

// Host address of guest-physical [pa, pa + len). Image and text cache are mapped read-only, by us
// too.
static uint8_t *physical(const struct vm *vm, uint64_t pa, uint64_t len, int write)
{
    uint64_t read_only = vm_gpa(vm, vm->mem.image), window = vm_gpa(vm, vm->mem.window);
    if (pa < PV_PLATFORM_VA || pa > vm->size || len > vm->size - pa)
        return NULL;
    if (write && pa < window && pa + len > read_only)
        return NULL;
    return vm->mem.ram + pa;
}

// Host address of the byte at va, good to the end of its 4 KB page; NULL where nothing is mapped.
static uint8_t *translate(const struct vm *vm, uint64_t va, int write)
{
    uint64_t table = PLATFORM_TABLES_VA(vm->tables), entry;
    if (va >= VA_END)
        return NULL;
    for (unsigned level = 4; level-- > 0;) { // 4-level paging: SDM vol. 3, 4.5
        unsigned shift = 12 + 9 * level;
        const uint8_t *p = physical(vm, table + (va >> shift & 511) * 8, sizeof entry, 0);
        if (!p)
            return NULL;
        memcpy(&entry, p, sizeof entry);
        if (!(entry & X86_PTE_P))
            return NULL;
        if (level == 0 || (level < 3 && (entry & X86_PTE_PS))) {
            uint64_t inside = (UINT64_C(1) << shift) - 1;
            uint64_t pa = (entry & X86_PTE_ADDR & ~inside) | (va & inside);
            return physical(vm, pa, X86_PAGE - pa % X86_PAGE, write);
        }
        table = entry & X86_PTE_ADDR;
    }
    return NULL;
}

// Page by page, since neighbours in virtual memory need not be neighbours in RAM. Stops at the
// first byte that is not mapped: the number of bytes before it.
size_t gdb_kvm_memory(void *monitor, uint64_t va, uint8_t *to, const uint8_t *from, size_t len)
{
    const struct monitor *m = monitor;
    size_t done = 0;
    while (done < len) {
        size_t part = X86_PAGE - (va + done) % X86_PAGE;
        part = part < len - done ? part : len - done;
        uint8_t *p = translate(&m->vm, va + done, from != NULL);
        if (!p)
            break;
        if (from)
            memcpy(p, from + done, part);
        else
            memcpy(to + done, p, part);
        done += part;
    }
    return done;
}
