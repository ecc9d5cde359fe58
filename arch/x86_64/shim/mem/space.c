// SPDX-License-Identifier: BSD-2-Clause
// Page tables. Ring 3's half hangs off the first entry of the root; its pages come and go with
// faults (regions.c). Tables are never given back: a program that replaces another needs the same.

#include "arch/x86_64/shim/mem/space.h"

#include "abi/pv.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/phys.h"

#define TABLE_RIGHTS (X86_PTE_P | X86_PTE_W | X86_PTE_U | X86_PTE_A)

extern uint64_t boot_pml4[512]; // boot.S; by its low address, which is no more once we run

// Where the next device's registers go. Never taken back: devices are found once, at boot.
static uint64_t devices = SHIM_DEVICES, user_devices = PV_DEVICES_VA;

static uint64_t *root(void)
{
    return phys((uint64_t)boot_pml4);
}

// The table below entry `index` of `table`. NULL as space_entry().
// The rights of an upper-level entry are the widest possible ones, the last level alone decides
// (SDM vol. 3, 4.6.1).
static uint64_t *below(uint64_t *table, unsigned index, int make)
{
    if (!table)
        return NULL;
    if (!(table[index] & X86_PTE_P)) {
        uint64_t pa = make ? frame_alloc() : 0;
        if (!pa)
            return NULL;
        table[index] = pa | TABLE_RIGHTS;
    }
    if (table[index] & X86_PTE_PS)
        return NULL;
    return phys(table[index] & X86_PTE_ADDR);
}

static uint64_t *directory(uint64_t va, int make)
{
    return below(below(root(), va >> 39 & 511, make), va >> 30 & 511, make);
}

// NULL: there is no table and none is to be made, or no memory for it, or a 2 MB page is in the
// way.
uint64_t *space_entry(uint64_t va, int make)
{
    uint64_t *table = below(directory(va, make), va >> 21 & 511, make);
    return table ? &table[va >> 12 & 511] : NULL;
}

void space_map_2m(uint64_t va, uint64_t entry)
{
    uint64_t *pd = directory(va, 1);
    if (!pd)
        shim_panic("no memory for page tables");
    pd[va >> 21 & 511] = entry | X86_PTE_PS;
}

// At boot only, when a lack of memory is the machine's fault and the end.
static void map(uint64_t va, uint64_t entry)
{
    uint64_t *e = space_entry(va, 1);
    if (!e)
        shim_panic("no memory for page tables");
    *e = entry;
}

void space_init(void)
{
    // This was the identity map that boot.S needed to turn paging on. From here on low addresses
    // belong to ring 3.
    root()[0] = 0;
    flush_tlb();
    // Guest-physical = virtual for these, as in a VM of KVM, so that a monitor finds them without
    // page tables. Ring 3 can execute the call page, and cannot write it.
    map(PV_CALL_VA, PV_CALL_VA | PTE_USER);
    map(PV_SHARED_VA, PV_SHARED_VA | PTE_USER | X86_PTE_W | X86_PTE_NX);
    map(PV_BOOT_INFO_VA, PV_BOOT_INFO_VA | PTE_USER | X86_PTE_NX);
    for (uint64_t va = PV_DMA_VA; va < PV_DMA_VA + PV_DMA_SIZE; va += X86_PAGE)
        map(va, va | PTE_USER | X86_PTE_W | X86_PTE_NX);
}

// Uncached, for ring 0 alone. Each call takes new addresses, also for registers mapped before.
volatile void *device_map(uint64_t pa, uint64_t len)
{
    uint64_t va = devices + pa % X86_PAGE;
    for (uint64_t at = pa & ~(X86_PAGE - 1); at < pa + len; at += X86_PAGE, devices += X86_PAGE)
        map(devices, at | PTE_RING0 | PTE_DEVICE | X86_PTE_NX);
    return (volatile void *)va;
}

uint64_t device_map_user(uint64_t pa, uint64_t len)
{
    uint64_t va = user_devices + pa % X86_PAGE, first = pa & ~(X86_PAGE - 1);
    if (len > PV_PLATFORM_END - user_devices || pa + len - first > PV_PLATFORM_END - user_devices)
        return 0;
    for (uint64_t at = first; at < pa + len; at += X86_PAGE, user_devices += X86_PAGE)
        map(user_devices, at | PTE_USER | X86_PTE_W | PTE_DEVICE | X86_PTE_NX);
    return va;
}
