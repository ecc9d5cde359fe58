// SPDX-License-Identifier: BSD-2-Clause
// Written pages. See dirty.h.
//
// PAGEMAP_SCAN finds where private memory is, in a few ranges and without a look at what is not
// mapped; the pagemap's entries then say of each page who maps it. Both are described in the host
// kernel's Documentation/admin-guide/mm/pagemap.rst.

#include "host/kvm/spare/dirty.h"

#include <errno.h>
#include <unistd.h>

#include "abi/pv.h"
#include "abi/x86.h"

// struct pm_scan_arg and page_region of linux/fs.h.
struct scan_arg {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
struct scan_range {
    uint64_t start, end, categories;
};
_Static_assert(_IOC_SIZE(DIRTY_SCAN) == sizeof(struct scan_arg), "as the request says");
#define SCAN_FILE    (UINT64_C(1) << 2)
#define SCAN_PRESENT (UINT64_C(1) << 3)
#define SCAN_SWAPPED (UINT64_C(1) << 4)

#define RANGES  64u
#define ENTRIES 512u

struct list {
    uint64_t *pages;
    unsigned n, max;
};

// A page that only this process maps was written since its last fork; one that was swapped out is
// taken for written, as nobody tells.
static int check_pages(int pagemap, uint64_t start, uint64_t end, uint64_t ram, struct list *list)
{
    uint64_t entries[ENTRIES];
    for (uint64_t at = start; at < end;) {
        uint64_t left = (end - at) / X86_PAGE, n = left < ENTRIES ? left : ENTRIES;
        ssize_t got = pread(pagemap, entries, n * 8, (off_t)(at / X86_PAGE * 8));
        if (got < 8)
            return got < 0 ? -errno : -EIO;
        n = (uint64_t)got / 8;
        for (uint64_t i = 0; i < n; i++) {
            if (!(entries[i] & (PAGEMAP_ALONE | PAGEMAP_SWAPPED)) || (entries[i] & PAGEMAP_FILE))
                continue;
            if (list->n == list->max)
                return -E2BIG;
            list->pages[list->n++] = at + i * X86_PAGE - ram;
        }
        at += n * X86_PAGE;
    }
    return 0;
}

// The next ranges of private memory from *from on, which moves; host addresses. How many, 0 at the
// end, or -errno.
static int scan(const struct vm *vm, int pagemap, uint64_t *from, struct scan_range *ranges)
{
    const uint64_t end = (uintptr_t)vm->mem.ram + vm->mem.ram_size;
    struct scan_arg arg = {
        .size = sizeof arg,
        .start = *from,
        .end = end,
        .vec = (uintptr_t)ranges,
        .vec_len = RANGES,
        .category_inverted = SCAN_FILE, // that is: not of a file
        .category_mask = SCAN_FILE,
        .category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
    };
    if (*from >= end)
        return 0;
    int n = ioctl(pagemap, DIRTY_SCAN, &arg);
    if (n < 0)
        return -errno;
    if (arg.walk_end <= *from)
        return -EIO;
    *from = n ? arg.walk_end : end;
    return n;
}

// In ascending order, as offsets in RAM. A list that is full ends early.
int dirty_private(const struct vm *vm, int pagemap, struct dirty_range *to, unsigned max)
{
    const uint64_t ram = (uintptr_t)vm->mem.ram;
    struct scan_range ranges[RANGES];
    uint64_t from = ram + PV_PLATFORM_VA;
    unsigned count = 0;
    int n;
    while (count < max && (n = scan(vm, pagemap, &from, ranges)) != 0) {
        if (n < 0)
            return n;
        for (int i = 0; i < n && count < max; i++)
            to[count++] = (struct dirty_range){ranges[i].start - ram, ranges[i].end - ram};
    }
    return (int)count;
}

int dirty_pages(const struct vm *vm, int pagemap, uint64_t *pages, unsigned max)
{
    const uint64_t ram = (uintptr_t)vm->mem.ram;
    struct scan_range ranges[RANGES];
    struct list list = {.pages = pages, .max = max};
    uint64_t from = ram + PV_PLATFORM_VA;
    int n, r;
    while ((n = scan(vm, pagemap, &from, ranges)) != 0) {
        if (n < 0)
            return n;
        for (int i = 0; i < n; i++)
            if ((r = check_pages(pagemap, ranges[i].start, ranges[i].end, ram, &list)) < 0)
                return r;
    }
    return (int)list.n;
}
