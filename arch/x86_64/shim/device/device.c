// SPDX-License-Identifier: BSD-2-Clause
// Which pages of device registers ring 3 has.

#include "arch/x86_64/shim/device/device.h"

#include "abi/pv.h"
#include "abi/x86.h"
#include "arch/x86_64/shim/mem/space.h"

#define MAX_PAGES ((PV_PLATFORM_END - PV_DEVICES_VA) / X86_PAGE)

// Pages mapped for ring 3 so far. Registers of several devices, or of one twice, may share them.
static struct {
    uint64_t pa, va;
} pages[MAX_PAGES];
static unsigned npages;

// The virtual address of the page at `pa`; 0: not mapped.
static uint64_t lookup(uint64_t pa)
{
    for (unsigned i = 0; i < npages; i++)
        if (pages[i].pa == pa)
            return pages[i].va;
    return 0;
}

// Whether `count` pages from `pa` on are there, one after the other from `va` on.
static int all_there(uint64_t pa, uint64_t va, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if (lookup(pa + i * X86_PAGE) != va + i * X86_PAGE)
            return 0;
    return 1;
}

// Where ring 3 finds them, 0 when there is no room. What shares a page with them ring 3 has too: a
// register block is a page of its own wherever isolation matters.
uint64_t device_registers(uint64_t pa, uint64_t len)
{
    uint64_t first = pa & ~(X86_PAGE - 1), offset = pa - first;

    if (len == 0 || len > MAX_PAGES * X86_PAGE || pa + len < pa)
        return 0;
    uint64_t count = (offset + len + X86_PAGE - 1) / X86_PAGE;
    uint64_t va = lookup(first);
    if (va && all_there(first, va, count))
        return va + offset;
    if (count > MAX_PAGES - npages)
        return 0;
    va = device_map_user(first, count * X86_PAGE);
    for (uint64_t i = 0; va && i < count; i++, npages++) {
        pages[npages].pa = first + i * X86_PAGE;
        pages[npages].va = va + i * X86_PAGE;
    }
    return va ? va + offset : 0;
}
