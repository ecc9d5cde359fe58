// SPDX-License-Identifier: BSD-2-Clause
// Private memory: the break grows up from the end of the program, mappings grow down from the end
// of the heap.
//
//     heap_start ... brk ->              <- mapped pages ... heap_end | guard | stack
//
// All of it is mapped by 2 MB pages from the start and zero until touched; memory that is given up
// goes back to the host when there is enough of it to pay for the call, and is cleared here when
// not. Neighbours: libc-glue (sbrk, mmap), abi/pv.h (RELEASE), docs/memory-map.md.

#include "kernel/mem.h"
#include "kernel/api/errno.h"
#include "kernel/api/mman.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/shm.h"
#include "kernel/sys.h"

#define PAGE UINT64_C(4096)
// An exit to the host costs as much as clearing this much memory.
#define RELEASE_MIN (UINT64_C(256) * 1024)
#define HOT_HEAP    (UINT64_C(16) * 1024) // of the heap, that a fork's two sides are taken to write
// Of the largest RAM an implementer gives.
#define MAX_PAGES (UINT64_C(8) * 1024 * 1024 * 1024 / PAGE)

extern uint8_t __data_start[], __hot_end[];
extern uint8_t __tls_start[], __tls_file_end[];
extern uint8_t __tls_size[], __tls_align[]; // absolute symbols: their addresses are the values

static uintptr_t heap_start, heap_end, brk, map_low;
// A bit per heap page that a mapping holds; bit 0 is the page below heap_end, bit 1 the one below
// that...
static uint64_t mapped[MAX_PAGES / 64] COLD("mem_mapped");

void mem_init(void)
{
    heap_start = brk = boot_info->heap_start;
    heap_end = map_low = boot_info->heap_end;
}

void mem_hot(struct pv_range hot[2])
{
    hot[0] = (struct pv_range){(uintptr_t)__data_start, (uint64_t)(__hot_end - __data_start)};
    hot[1] = (struct pv_range){heap_start, min_u64(brk - heap_start, HOT_HEAP)};
}

static void give_back(uintptr_t start, uintptr_t end)
{
    uintptr_t first = (start + PAGE - 1) & ~(PAGE - 1), last = end & ~(PAGE - 1);
    if (first >= last || last - first < RELEASE_MIN ||
        pv_release((void *)first, last - first) < 0) {
        memset((void *)start, 0, end - start);
        return;
    }
    memset((void *)start, 0, first - start);
    memset((void *)last, 0, end - last);
}

long sys_sbrk(ptrdiff_t increment)
{
    uintptr_t old = brk;
    if (increment < 0) {
        if ((uintptr_t)-increment > brk - heap_start)
            return -EINVAL;
        brk += (uintptr_t)increment;
        give_back(brk, old);
        return (long)old;
    }
    // A page stays free between the two, so that running over the break is noticed soon.
    if ((uintptr_t)increment > map_low - brk || map_low - brk - (uintptr_t)increment < PAGE)
        return -ENOMEM;
    brk += (uintptr_t)increment;
    return (long)old;
}

static int page_mapped(uint64_t page)
{
    return mapped[page / 64] >> (page % 64) & 1;
}

static void set_pages(uint64_t first, uint64_t n, int on)
{
    for (uint64_t p = first; p < first + n; p++) {
        uint64_t bit = UINT64_C(1) << (p % 64);
        mapped[p / 64] = on ? mapped[p / 64] | bit : mapped[p / 64] & ~bit;
    }
}

// First fit from the top. Returns the lowest address of n free pages, or 0.
static uintptr_t find_pages(uint64_t n)
{
    uint64_t limit = (heap_end - brk) / PAGE, run = 0;
    for (uint64_t p = 0; p + 1 < limit; p++) {
        run = page_mapped(p) ? 0 : run + 1;
        if (run == n)
            return heap_end - (p + 1) * PAGE;
    }
    return 0;
}

static uint64_t page_of(uintptr_t start, uint64_t n)
{
    return (heap_end - start) / PAGE - n;
}

static long map_file(uintptr_t at, size_t len, int fd, int64_t off)
{
    for (size_t done = 0; done < len;) {
        long r = sys_pread(fd, (void *)(at + done), len - done, off + (int64_t)done);
        if (r < 0)
            return r;
        if (r == 0)
            break; // beyond the end of the file: zeros
        done += (size_t)r;
    }
    return 0;
}

static long map_shared(uint64_t pages, int prot, int fd, int64_t off, int anonymous)
{
    long r;
    sys_enter(); // a handler that maps as well must not see half an entry
    r = anonymous ? shm_map(pages) : shm_map_fd(fd, pages, off, (prot & PROT_WRITE) != 0);
    sys_leave(&r);
    return r;
}

static long unmap_shared(uintptr_t start, uint64_t pages)
{
    long r;
    sys_enter();
    r = shm_unmap(start, pages);
    sys_leave(&r);
    return r;
}

long sys_mmap(void *addr, size_t len, int prot, int flags, int fd, int64_t off)
{
    uint64_t n = (len + PAGE - 1) / PAGE;
    (void)addr; // a hint we need not take
    if (len == 0 || off % (int64_t)PAGE ||
        ((flags & MAP_SHARED) != 0) == ((flags & MAP_PRIVATE) != 0))
        return -EINVAL;
    // Pages with rights of their own need 4 KB tables. Refused rather than pretended.
    if ((flags & MAP_FIXED) || (prot & PROT_EXEC) || !(prot & PROT_READ))
        return -ENODEV;
    if (flags & MAP_SHARED)
        return map_shared(n, prot, fd, off, flags & MAP_ANONYMOUS);
    if (n > (heap_end - heap_start) / PAGE)
        return -ENOMEM;
    uintptr_t at = find_pages(n);
    if (!at)
        return -ENOMEM;
    set_pages(page_of(at, n), n, 1);
    map_low = at < map_low ? at : map_low;
    long r = (flags & MAP_ANONYMOUS) ? 0 : map_file(at, len, fd, off);
    if (r < 0)
        sys_munmap((void *)at, len);
    return r < 0 ? r : (long)at;
}

long sys_munmap(void *addr, size_t len)
{
    uintptr_t start = (uintptr_t)addr;
    uint64_t n = (len + PAGE - 1) / PAGE;
    if (len && start % PAGE == 0 && shm_is_window(start) && n <= boot_info->window_size / PAGE)
        return unmap_shared(start, n);
    if (len == 0 || start % PAGE || start < map_low || start > heap_end ||
        n > (heap_end - start) / PAGE)
        return -EINVAL;
    set_pages(page_of(start, n), n, 0);
    give_back(start, start + n * PAGE);
    while (map_low < heap_end && !page_mapped((heap_end - map_low) / PAGE - 1))
        map_low += PAGE;
    return 0;
}

long sys_mprotect(void *addr, size_t len, int prot)
{
    uintptr_t start = (uintptr_t)addr;
    if (start % PAGE)
        return -EINVAL;
    if (user_writable(addr, len) < 0)
        return -ENOMEM;
    // The rights all private memory has. Others need 4 KB page tables: not supported yet.
    return prot == (PROT_READ | PROT_WRITE) ? 0 : -ENOSYS;
}

long sys_madvise(void *addr, size_t len, int advice)
{
    uintptr_t start = (uintptr_t)addr;
    if (start % PAGE)
        return -EINVAL;
    if (user_writable(addr, len) < 0)
        return -ENOMEM;
    // Private memory then reads as zero, shared memory keeps what others see; MADV_FREE and the
    // hints promise nothing.
    if (advice == MADV_DONTNEED && !shm_is_window(start))
        give_back(start, start + ((len + PAGE - 1) & ~(PAGE - 1)));
    return 0;
}

long sys_physpages(int available)
{
    return (long)((available ? map_low - brk : boot_info->ram_end - boot_info->ram_start) / PAGE);
}

static int within(uintptr_t p, size_t n, uintptr_t start, uintptr_t end)
{
    return p >= start && p <= end && n <= end - p;
}

int user_writable(void *p, size_t n)
{
    uintptr_t a = (uintptr_t)p;
    if (n == 0) // nothing is touched: any address will do, NULL above all
        return 0;
    if (within(a, n, (uintptr_t)__data_start, heap_end) ||
        within(a, n, boot_info->stack_bottom, boot_info->stack_top) || shm_within(a, n))
        return 0;
    return -EFAULT;
}

int user_readable(const void *p, size_t n)
{
    uintptr_t a = (uintptr_t)p;
    if (n == 0)
        return 0;
    // Text, read-only data and data are adjacent, each rounded up to 2 MB by the linker script.
    if (within(a, n, PV_RAM_VA * 2, heap_end) ||
        within(a, n, boot_info->stack_bottom, boot_info->stack_top) || shm_within(a, n))
        return 0;
    return -EFAULT;
}

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

int tls_init(void)
{
    uintptr_t size = (uintptr_t)__tls_size, align = (uintptr_t)__tls_align;
    if (size == 0)
        return 0;
    // Variant II (psABI "Thread-Local Storage"): the block ends at the thread pointer, which points
    // at itself.
    align = align < 64 ? 64 : align;
    size = (size + align - 1) & ~(align - 1);
    long block = sys_sbrk((ptrdiff_t)(size + align + 64));
    if (block < 0)
        return -ENOMEM;
    uintptr_t tp = ((uintptr_t)block + size + align - 1) & ~(align - 1);
    memcpy((void *)(tp - size), __tls_start, (size_t)(__tls_file_end - __tls_start));
    *(uintptr_t *)tp = tp;
    arch_set_thread_pointer((void *)tp);
    return 0;
}
