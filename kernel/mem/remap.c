// SPDX-License-Identifier: BSD-2-Clause
// mremap(2) and mincore(2), over the calls of mem.c.
//
// Private memory grows in place when what follows it is free, and otherwise moves by a copy: pages
// have no second address here. Shared memory lies where its segment does, so it only shrinks.
// Neighbours: mem.c (mappings), protect.c (rights), shared.c.

#include "kernel/api/errno.h"
#include "kernel/api/mman.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/mem/mem.h"
#include "kernel/mem/shared.h"
#include "kernel/sys.h"

#define PAGE UINT64_C(4096)

// Whether the program has all of the pages; what it has not is EFAULT, as on Linux.
static int is_mapped(uintptr_t start, uintptr_t end)
{
    return shm_is_window(start) ? shm_within(start, end - start, PROT_NONE)
                                : mem_is_mapped(start, end);
}

// What the program may do with all of the range, as far as a copy can keep it.
static int rights_of(uintptr_t start, uintptr_t end)
{
    if (user_writable((void *)start, end - start) == 0)
        return PROT_READ | PROT_WRITE;
    return user_readable((void *)start, end - start) == 0 ? PROT_READ : PROT_NONE;
}

// Adds the pages [end, new_end) to what is before them, if nothing is there.
static long grow_in_place(uintptr_t end, uintptr_t new_end, int prot)
{
    for (uintptr_t a = end; a < new_end; a += PAGE)
        if (mem_is_mapped(a, a + PAGE))
            return -ENOMEM;
    return sys_mmap((void *)end, new_end - end, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                    0);
}

// The new place first: if there is none, nothing has changed. Pages without rights are opened for
// the copy.
static long move_pages(uintptr_t start, uint64_t old, uint64_t new, void *at, int fixed)
{
    int prot = rights_of(start, start + old);
    long r = sys_mmap(at, new, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | (fixed ? MAP_FIXED : 0), -1, 0);
    if (r < 0)
        return r;
    uintptr_t to = (uintptr_t)r;
    if (prot == PROT_NONE)
        r = rights_set(start, start + old, PROT_READ);
    if (r >= 0) {
        memcpy((void *)to, (void *)start, min_u64(old, new));
        r = rights_set(to, to + new, prot);
    }
    if (r >= 0)
        r = sys_munmap((void *)start, old);
    return r < 0 ? r : (long)to;
}

// In place if it can be: that costs no copy, and pointers into it stay good.
static long resize(uintptr_t start, uint64_t old, uint64_t new, int flags)
{
    if (new < old) {
        long r = sys_munmap((void *)(start + new), old - new);
        return r < 0 ? r : (long)start;
    }
    if (new == old)
        return (long)start;
    if (shm_is_window(start)) // behind a segment lies another's
        return -ENOMEM;
    int prot = rights_of(start, start + old);
    if (grow_in_place(start + old, start + new, prot) >= 0)
        return (long)start;
    return flags & MREMAP_MAYMOVE ? move_pages(start, old, new, NULL, 0) : -ENOMEM;
}

// In the order of Linux's errors: arguments, then whether there is such memory.
static long remap(uintptr_t start, size_t old, size_t new, int flags, uintptr_t to)
{
    if (start % PAGE || new == 0 || (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) ||
        ((flags & MREMAP_FIXED) && !(flags & MREMAP_MAYMOVE)))
        return -EINVAL;
    if (page_count(old) > UINT64_MAX / 2 / PAGE || page_count(new) > UINT64_MAX / 2 / PAGE)
        return -EINVAL;
    old = page_count(old) * PAGE;
    new = page_count(new) * PAGE;
    if (old == 0) // a second mapping of the same pages, which private ones have not
        return -EINVAL;
    if ((flags & MREMAP_FIXED) && (to % PAGE || (to < start + old && start < to + new)))
        return -EINVAL;
    if (start + old < start || !is_mapped(start, start + old))
        return -EFAULT;
    if (!(flags & MREMAP_FIXED))
        return resize(start, old, new, flags);
    return shm_is_window(start) ? -EINVAL : move_pages(start, old, new, (void *)to, 1);
}

long sys_mremap(void *addr, size_t old, size_t new, int flags, void *to)
{
    sys_enter(); // a handler must not find both mappings, or none
    return sys_done(remap((uintptr_t)addr, old, new, flags, (uintptr_t)to));
}

// Nothing is ever paged out.
long sys_mincore(void *addr, size_t len, unsigned char *vector)
{
    uintptr_t start = (uintptr_t)addr;
    uint64_t n = page_count(len);
    if (start % PAGE)
        return -EINVAL;
    if (n > (UINTPTR_MAX - start) / PAGE)
        return -ENOMEM;
    if (user_writable(vector, n) < 0)
        return -EFAULT;
    if (n && !is_mapped(start, start + n * PAGE))
        return -ENOMEM;
    memset(vector, 1, n);
    return 0;
}
