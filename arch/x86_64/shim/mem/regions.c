// SPDX-License-Identifier: BSD-2-Clause
// Demand paging. A fault makes the touched page and its neighbours up to AROUND, so that a program
// that walks through memory faults once in sixteen pages; nothing is made that is not touched, so
// that a clone of this VM has little to copy. Neighbours: space.c (entries), frames.c, load.c (who
// says what there is).

#include "arch/x86_64/shim/mem/regions.h"

#include "abi/pv.h"
#include "abi/x86.h"
#include "arch/x86_64/shim/errno.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/phys.h"
#include "arch/x86_64/shim/mem/space.h"

#define REGIONS 256
#define AROUND  (16 * X86_PAGE)

// Sorted by address, none overlapping another. An array, since a search happens at every fault and
// a change only at EXEC and PROTECT.
static struct region list[REGIONS];
static uint32_t count;

static struct region *find_region(uint64_t va)
{
    uint32_t low = 0, high = count; // the first that ends above va is in [low, high]
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (list[mid].end > va)
            high = mid;
        else
            low = mid + 1;
    }
    return low < count && list[low].start <= va ? &list[low] : NULL;
}

static void insert(uint32_t at, const struct region *r)
{
    if (count == REGIONS)
        shim_panic("too many memory regions");
    memmove(&list[at + 1], &list[at], (count - at) * sizeof list[0]);
    list[at] = *r;
    count++;
}

void regions_add(const struct region *r)
{
    uint32_t at = count;
    while (at > 0 && list[at - 1].start > r->start)
        at--;
    if (r->start < r->end)
        insert(at, r);
}

// One flush for all: INVLPG of each page costs an emulated processor a full flush a page, since
// there are 2 MB pages as well.
static void unmap(uint64_t start, uint64_t end)
{
    int stale = 0;
    for (uint64_t va = start; va < end; va += X86_PAGE) {
        uint64_t *e = space_entry(va, 0);
        if (!e) { // no table: nothing in all of its 2 MB
            va |= X86_PAGE_2M - X86_PAGE;
            continue;
        }
        // A REGION_DIRECT page belongs to the image or the window, and stays.
        if (*e & PTE_OWNED)
            frame_free(*e & X86_PTE_ADDR);
        stale |= *e != 0;
        *e = 0;
    }
    if (stale)
        flush_tlb();
}

void regions_drop(uint64_t end)
{
    uint32_t n = 0;
    for (; n < count && list[n].end <= end; n++)
        unmap(list[n].start, list[n].end);
    memmove(&list[0], &list[n], (count - n) * sizeof list[0]);
    count -= n;
}

// 0 without rights: not even present. What is then in the entry besides (the frame, PTE_OWNED)
// waits for a PROTECT that gives rights back.
static uint64_t entry_rights(uint32_t rights)
{
    if (!rights)
        return 0;
    return PTE_USER | ((rights & PV_RIGHT_WRITE) ? X86_PTE_W : 0) |
           ((rights & PV_RIGHT_EXEC) ? 0 : X86_PTE_NX);
}

static void make_page(const struct region *r, uint64_t va)
{
    uint64_t *e = space_entry(va, 1), pa = r->source + (va - r->start);
    if (!e)
        shim_panic("no memory for page tables");
    // There already: a neighbour's fault has made it, or it has no rights at present.
    if (*e)
        return;
    if (r->kind != REGION_DIRECT) {
        uint64_t from = pa;
        pa = frame_alloc();
        if (!pa)
            shim_panic("out of memory");
        if (r->kind == REGION_COPY && va < r->source_end)
            memcpy(phys(pa), phys(from), min_u64(X86_PAGE, r->source_end - va));
        pa |= PTE_OWNED;
    }
    *e = pa | entry_rights(r->rights);
}

int regions_fault(uint64_t va, uint32_t error)
{
    const struct region *r = find_region(va);
    if (!r || (error & X86_PF_PRESENT) || !(r->rights & PV_RIGHT_READ))
        return 0;
    if (((error & X86_PF_WRITE) && !(r->rights & PV_RIGHT_WRITE)) ||
        ((error & X86_PF_FETCH) && !(r->rights & PV_RIGHT_EXEC)))
        return 0;
    // Not beyond the region: its neighbour may have other rights, or be a guard.
    uint64_t start = va & ~(AROUND - 1), end = start + AROUND;
    start = start > r->start ? start : r->start;
    end = min_u64(end, r->end);
    for (uint64_t at = start; at < end; at += X86_PAGE)
        make_page(r, at);
    return 1;
}

// The length is bounded first so that the sum cannot wrap. Adjoining regions count as one range.
int regions_allow(uint64_t va, uint64_t len, int write)
{
    uint32_t need = write ? PV_RIGHT_WRITE : PV_RIGHT_READ;
    if (len > PV_WINDOW_VA || va > UINT64_MAX - len)
        return 0;
    for (uint64_t at = va; at < va + len;) {
        const struct region *r = find_region(at);
        if (!r || !(r->rights & need))
            return 0;
        at = r->end;
    }
    return 1;
}

void regions_fill(uint64_t va, const void *from, uint64_t len)
{
    const uint8_t *p = from;
    for (uint64_t n; len; va += n, p += n, len -= n) {
        uint64_t page = va & ~(X86_PAGE - 1);
        n = min_u64(len, page + X86_PAGE - va);
        make_page(find_region(page), page);
        memcpy((uint8_t *)phys(*space_entry(page, 0) & X86_PTE_ADDR) + (va - page), p, n);
    }
}

int64_t regions_release(uint64_t va, uint64_t len)
{
    if (va % X86_PAGE || len % X86_PAGE || va > PV_IMAGE_VA || len > PV_IMAGE_VA)
        return -EINVAL;
    for (uint64_t at = va; at < va + len;) {
        const struct region *r = find_region(at);
        // Below the heap lie the program's segments: they would not read as zero.
        if (!r || r->kind != REGION_ZERO || at >= PV_IMAGE_VA)
            return -EINVAL;
        at = r->end;
    }
    unmap(va, va + len);
    return 0;
}

// Makes `va` the border of two regions.
static void split(uint64_t va)
{
    struct region *r = find_region(va);
    if (!r || r->start == va)
        return;
    struct region tail = *r;
    tail.source += va - r->start;
    tail.start = va;
    r->end = va;
    insert((uint32_t)(r - list) + 1, &tail);
}

// Pages that are there get the new rights at once; those that are not get them when they are made,
// from r->rights.
static void set_rights(struct region *r, uint32_t rights)
{
    // Memory that is the image's own is copied before it can be written.
    if ((rights & PV_RIGHT_WRITE) && r->kind == REGION_DIRECT) {
        r->kind = REGION_COPY;
        r->source_end = r->end;
        unmap(r->start, r->end);
    }
    r->rights = rights;
    int stale = 0;
    for (uint64_t va = r->start; va < r->end; va += X86_PAGE) {
        uint64_t *e = space_entry(va, 0);
        if (!e) {
            va |= X86_PAGE_2M - X86_PAGE;
            continue;
        }
        if (*e) {
            *e = (*e & (X86_PTE_ADDR | PTE_OWNED)) | entry_rights(rights);
            stale = 1;
        }
    }
    if (stale)
        flush_tlb();
}

static int joins(const struct region *a, const struct region *b)
{
    return a->end == b->start && a->kind == b->kind && a->rights == b->rights &&
           (a->kind == REGION_ZERO ||
            (a->source + (a->end - a->start) == b->source && a->source_end == b->source_end));
}

// Or a program that changes rights to and fro, page by page, would run out of regions.
static void join_all(void)
{
    uint32_t n = 0;
    for (uint32_t i = 1; i < count; i++) {
        if (joins(&list[n], &list[i]))
            list[n].end = list[i].end;
        else
            list[++n] = list[i];
    }
    count = count ? n + 1 : 0;
}

int64_t regions_protect(uint64_t va, uint64_t len, uint32_t rights)
{
    const uint32_t all = PV_RIGHT_READ | PV_RIGHT_WRITE | PV_RIGHT_EXEC;
    if ((rights & ~all) || (rights && !(rights & PV_RIGHT_READ)))
        return -EINVAL;
    if ((rights & PV_RIGHT_WRITE) && (rights & PV_RIGHT_EXEC))
        return -EACCES;
    if (va % X86_PAGE || len % X86_PAGE || va < PV_RAM_VA || va >= PV_IMAGE_VA ||
        len > PV_IMAGE_VA - va)
        return -EINVAL;
    for (uint64_t at = va; at < va + len;) {
        const struct region *r = find_region(at);
        if (!r)
            return -EINVAL;
        at = r->end;
    }
    // Before anything is changed: the two splits below then cannot fail half-way.
    if (count + 2 > REGIONS)
        return -ENOMEM;
    split(va);
    split(va + len);
    for (uint32_t i = 0; i < count; i++)
        if (list[i].start >= va && list[i].end <= va + len)
            set_rights(&list[i], rights);
    join_all();
    return 0;
}
