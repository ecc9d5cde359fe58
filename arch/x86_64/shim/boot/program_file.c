// SPDX-License-Identifier: BSD-2-Clause
// The copy of a file that EXEC or SPAWN shall start: in page frames of its own, one after the other
// in ring 0's addresses, from before anything is believed of it until its segments are made.
//
// The frames are those that ring 3's memory is made of, of which there are as many as it can ever
// touch. So what the copy needs must be left over while the old program still has its own; once
// that is dropped, there is room for the new one. Neighbours: elf.c (the check), load.c (segments).

#include "arch/x86_64/shim/boot/program_file.h"

#include "abi/pv.h"
#include "arch/x86_64/shim/boot/elf.h"
#include "arch/x86_64/shim/errno.h"
#include "arch/x86_64/shim/layout.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/phys.h"
#include "arch/x86_64/shim/mem/regions.h"
#include "arch/x86_64/shim/mem/space.h"

#define SPARE_FRAMES 64 // for page tables, and the neighbours of a page that is touched

static struct program_file file;
static uint64_t pages; // of the copy

// PTE_OWNED is not set: these pages are in no region, and unmap() never sees them.
static int map_page(uint64_t index)
{
    uint64_t *e = space_entry(SHIM_FILE + index * X86_PAGE, 1), pa = e ? frame_alloc() : 0;
    if (!pa)
        return 0;
    *e = pa | PTE_RING0 | X86_PTE_NX;
    return 1;
}

void program_file_drop(void)
{
    if (!pages)
        return;
    while (pages) {
        uint64_t *e = space_entry(SHIM_FILE + --pages * X86_PAGE, 0);
        frame_free(*e & X86_PTE_ADDR);
        *e = 0;
    }
    flush_tlb();
}

// What loading will make at once.
static uint64_t segment_pages(const struct image_program *p)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < p->seg_count; i++)
        n += p->segs[i].filesz / X86_PAGE + 2;
    return n;
}

int64_t program_file_take(uint64_t va, uint64_t len, const struct program_file **out)
{
    const uint64_t need = (len + X86_PAGE - 1) / X86_PAGE;
    if (len > PV_PROGRAM_MAX)
        return -ENOMEM;
    if (!regions_allow(va, len, 0))
        return -EFAULT;
    // Twice: what the file lies in may not have been touched yet.
    if (frames_left() < 2 * need + need / 512 + SPARE_FRAMES)
        return -ENOMEM;
    // Cannot fall short after the check above: nothing else takes frames in between but page
    // tables, which are counted.
    while (pages < need && map_page(pages))
        pages++;
    memcpy((void *)SHIM_FILE, (const void *)va, len);
    file.bytes = (const uint8_t *)SHIM_FILE;
    // The copy is what is looked at: the program could change its own bytes, or share them.
    int64_t r = elf_describe(file.bytes, len, &file.program);
    if (r == 0 && frames_left() < segment_pages(&file.program) + SPARE_FRAMES)
        r = -ENOMEM;
    if (r < 0)
        program_file_drop();
    *out = &file;
    return r;
}
