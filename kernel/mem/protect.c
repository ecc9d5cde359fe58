// SPDX-License-Identifier: BSD-2-Clause
// Rights of single pages: mprotect(), and what the kernel itself may touch for the program.
//
// There is no trap into the kernel, so its own access to a page without rights would be a fault of
// the program's address space like any other. A map of two bits a page says what the host was last
// asked for (abi/pv.h, PROTECT), and every buffer is looked up there before it is used. Neighbours:
// mem.c (which memory there is), shared.c (shared memory, whose rights do not change).

#include "kernel/api/errno.h"
#include "kernel/api/mman.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/mem/mem.h"
#include "kernel/pv.h"
#include "kernel/mem/shared.h"
#include "kernel/sys.h"

#define PAGE      UINT64_C(4096)
#define MAX_PAGES (PV_RAM_MAX / PAGE)

extern uint8_t __data_start[], __kernel_start[], __kernel_end[], __hot_end[], __program_end[];

enum page_rights {
    USUAL = 0, // text: read and execute; all else: read and write
    NONE = 1,
    READ = 2,
    SWAPPED = 3, // text: read and write; all else: read and execute
};

static uint8_t map[MAX_PAGES / 4] COLD("rights_map");
// Private memory like the map itself, so a fork's child has both as its address space has them.
static uint64_t unusual; // pages whose rights are not the usual ones; 0 in most programs

// Two bits a page, four pages a byte.
static enum page_rights get_rights(uintptr_t a)
{
    return map[a / PAGE / 4] >> a / PAGE % 4 * 2 & 3;
}

static void note_rights(uintptr_t a, enum page_rights r)
{
    unsigned shift = a / PAGE % 4 * 2;
    unusual += (r != USUAL) - (get_rights(a) != USUAL);
    map[a / PAGE / 4] = (uint8_t)((map[a / PAGE / 4] & ~(3u << shift)) | (unsigned)r << shift);
}

static int is_text(uintptr_t a)
{
    return a < (uintptr_t)__data_start;
}

// PROT_WRITE without PROT_READ is readable too, and so is PROT_EXEC: XSH mmap() allows more than
// was asked for, never less.
static enum page_rights wanted(uintptr_t a, int prot)
{
    if (!prot)
        return NONE;
    if (!(prot & (PROT_WRITE | PROT_EXEC)))
        return READ;
    return is_text(a) == !(prot & PROT_WRITE) ? USUAL : SWAPPED;
}

static uint32_t pv_rights(int prot)
{
    // As on Linux on this processor: what may be written or executed may be read.
    return (prot ? PV_RIGHT_READ : 0) | ((prot & PROT_WRITE) ? PV_RIGHT_WRITE : 0) |
           ((prot & PROT_EXEC) ? PV_RIGHT_EXEC : 0);
}

// Gives pages back the rights that were taken from them when they were unmapped (mem.c), whole
// holes at a time: 2 MB that are all alike need no table. Whether there were any.
static int reopen_holes(void)
{
    int any = 0;
    for (uintptr_t a = boot_info->heap_start, end; a < boot_info->heap_end; a = end) {
        end = a + PAGE;
        if (get_rights(a) != NONE || mem_is_mapped(a, end))
            continue;
        while (end < boot_info->heap_end && !mem_is_mapped(end, end + PAGE))
            end += PAGE;
        if (pv_protect((void *)a, end - a, PV_RIGHT_READ | PV_RIGHT_WRITE) < 0)
            continue;
        for (uintptr_t page = a; page < end; page += PAGE)
            note_rights(page, USUAL);
        any = 1;
    }
    return any;
}

// START and END are page boundaries of private memory that is mapped. -ENOMEM when the host has no
// more tables for small pages.
long rights_set(uintptr_t start, uintptr_t end, int prot)
{
    // Only what changes is worth a call to the host.
    while (start < end && get_rights(start) == wanted(start, prot))
        start += PAGE;
    while (start < end && get_rights(end - PAGE) == wanted(end - PAGE, prot))
        end -= PAGE;
    if (start >= end)
        return 0;
    long r = pv_protect((void *)start, end - start, pv_rights(prot));
    if (r == -ENOMEM && reopen_holes()) // what the program asks for comes first
        r = pv_protect((void *)start, end - start, pv_rights(prot));
    if (r < 0)
        return r;
    // After the host has agreed: the map must not promise what its tables refuse.
    for (uintptr_t a = start; a < end; a += PAGE)
        note_rights(a, wanted(a, prot));
    return 0;
}

// For memory that is mapped anew: what was there before must not show in its rights.
long rights_reset(uintptr_t start, uintptr_t end)
{
    if (!unusual)
        return 0;
    return rights_set(start, end, is_text(start) ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE);
}

// Whether `prot` (one of PROT_READ and PROT_WRITE) is allowed on all of [a, a + n), which is
// private memory or lies between two parts of it.
static int protection_allowed(uintptr_t a, size_t n, int prot)
{
    if (!unusual)
        return 1;
    for (uintptr_t page = a & ~(PAGE - 1); page < a + n; page += PAGE) {
        enum page_rights r = get_rights(page);
        int writable = r == (is_text(page) ? SWAPPED : USUAL);
        if (r == NONE || (prot == PROT_WRITE && !writable))
            return 0;
    }
    return 1;
}

static int overlaps(uintptr_t start, uintptr_t end, const uint8_t *first, const uint8_t *last)
{
    return start < (uintptr_t)last && end > (uintptr_t)first;
}

// The kernel's own data, without which the next system call would be the last.
static int is_kernel(uintptr_t start, uintptr_t end)
{
    return overlaps(start, end, __kernel_start, __kernel_end) ||
           overlaps(start, end, __hot_end, __program_end);
}

static long protect(uintptr_t start, size_t len, int prot)
{
    if (start % PAGE)
        return -EINVAL;
    if (len == 0)
        return 0;
    if (shm_is_window(start)) {
        if (!shm_within(start, len, PROT_NONE))
            return -ENOMEM;
        if (prot != (PROT_READ | PROT_WRITE)) // what others share has one set of rights
            return -ENOSYS;
        shm_open_up(start, len);
        return 0;
    }
    uint64_t n = page_count(len);
    if (n > (UINTPTR_MAX - start) / PAGE || !mem_is_mapped(start, start + n * PAGE))
        return -ENOMEM;
    uintptr_t end = start + n * PAGE;
    if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    // Never both writable and executable; and the kernel's own data stays writable.
    if ((prot & PROT_WRITE) ? prot & PROT_EXEC : is_kernel(start, end))
        return -EACCES;
    return rights_set(start, end, prot);
}

long sys_mprotect(void *addr, size_t len, int prot)
{
    sys_enter(); // a handler must not find the map behind the host's tables
    long r = protect((uintptr_t)addr, len, prot);
    sys_leave(&r);
    return r;
}

// The pages read as zero afterwards and keep their rights.
long mem_discard(uintptr_t start, uintptr_t end)
{
    // What may not be written cannot be cleared here.
    if (!protection_allowed(start, end - start, PROT_WRITE))
        return start >= boot_info->heap_start ? pv_release((void *)start, end - start) : -EACCES;
    mem_give_back(start, end);
    return 0;
}

// Whether the program has all of these pages: private ones, or of one shared mapping.
static int has_pages(uintptr_t start, uint64_t n)
{
    if (n > (UINTPTR_MAX - start) / PAGE)
        return 0;
    if (n == 0)
        return 1;
    return shm_is_window(start) ? shm_within(start, n * PAGE, PROT_NONE)
                                : mem_is_mapped(start, start + n * PAGE);
}

long sys_madvise(void *addr, size_t len, int advice)
{
    uintptr_t start = (uintptr_t)addr;
    uint64_t n = page_count(len);
    if (start % PAGE || n > (UINTPTR_MAX - start) / PAGE)
        return -EINVAL;
    if (n == 0)
        return 0;
    if (!has_pages(start, n))
        return -ENOMEM;
    // Private memory then reads as zero, shared memory keeps what others see; MADV_FREE and the
    // hints promise nothing.
    if (advice != MADV_DONTNEED || shm_is_window(start))
        return 0;
    sys_enter();
    long r = mem_discard(start, start + n * PAGE);
    sys_leave(&r);
    return r;
}

long sys_msync(void *addr, size_t len, int flags)
{
    uintptr_t start = (uintptr_t)addr;
    if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || start % PAGE ||
        ((flags & MS_SYNC) && (flags & MS_ASYNC)))
        return -EINVAL;
    // Files live in memory: a shared mapping is the file, there is nothing to write back.
    return has_pages(start, page_count(len)) ? 0 : -ENOMEM;
}

long sys_mlock(const void *addr, size_t len)
{
    uintptr_t start = (uintptr_t)addr & ~(PAGE - 1), offset = (uintptr_t)addr % PAGE;
    if (len > SIZE_MAX - offset)
        return -EINVAL;
    // Guest memory is never swapped by the guest.
    return has_pages(start, page_count(len + offset)) ? 0 : -ENOMEM;
}

// The answer holds until the call waits or a handler runs: there is one thread, and nobody else can
// change this address space. After a wait it must be asked again.
int user_writable(void *p, size_t n)
{
    uintptr_t a = (uintptr_t)p;
    if (n == 0) // nothing is touched: any address will do, NULL above all
        return 0;
    if (n > UINTPTR_MAX - a)
        return -EFAULT;
    if (shm_is_window(a))
        return shm_within(a, n, PROT_WRITE) ? 0 : -EFAULT;
    // The common case without a look at the map.
    if (is_text(a) && !unusual) // text only where the program made it so
        return -EFAULT;
    return mem_is_mapped(a, a + n) && protection_allowed(a, n, PROT_WRITE) ? 0 : -EFAULT;
}

int user_readable(const void *p, size_t n)
{
    uintptr_t a = (uintptr_t)p;
    if (n == 0)
        return 0;
    if (n > UINTPTR_MAX - a)
        return -EFAULT;
    if (shm_is_window(a))
        return shm_within(a, n, PROT_READ) ? 0 : -EFAULT;
    return mem_is_mapped(a, a + n) && protection_allowed(a, n, PROT_READ) ? 0 : -EFAULT;
}

// With the terminator. -ENAMETOOLONG: none within `max` bytes.
long user_strlen(const char *p, size_t max)
{
    for (size_t n = 0; n < max; n++) {
        // One check per page: a string does not end where its memory does.
        if ((n == 0 || ((uintptr_t)p + n) % PAGE == 0) && user_readable(p + n, 1) < 0)
            return -EFAULT;
        if (!p[n])
            return (long)n + 1;
    }
    return -ENAMETOOLONG;
}
