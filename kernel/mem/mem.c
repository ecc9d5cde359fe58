// SPDX-License-Identifier: BSD-2-Clause
// Private memory: the break grows up from the end of the program, mappings grow down from the end
// of the heap.
//
//     heap_start ... brk ->              <- mapped pages ... heap_end | guard | stack
//
// All of it is mapped by 2 MB pages from the start and zero until touched; memory that is given up
// goes back to the host when there is enough of it to pay for the call, and is cleared here when
// not: what nobody holds is zero. Then its rights are taken away, so that a stray access faults;
// that is a call more, and one again when the pages are handed out anew, so it is done only as
// often as it cannot hurt (may_take()). The bookkeeping here is exact all the same: system calls
// refuse what is not mapped. Neighbours: protect.c (rights of pages), libc-glue (sbrk, mmap),
// abi/pv.h (RELEASE, PROTECT), docs/memory-map.md.

#include "kernel/mem/mem.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/mman.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/file/fd.h"
#include "kernel/mem/shared.h"
#include "kernel/proc/proc.h"
#include "kernel/sys.h"

#define PAGE UINT64_C(4096)
// An exit to the host costs as much as clearing this much memory.
#define RELEASE_MIN (UINT64_C(256) * 1024)
#define HOT_HEAP    (UINT64_C(16) * 1024) // of the heap, that a fork's two sides are taken to write
// Rights are taken from unmapped pages so many times in a row, then once in this time.
#define TAKE_BURST    16u
#define TAKE_EVERY_NS UINT64_C(20000000)
// The highest address a mapping may end at, as on Linux; beyond is no program's memory.
#define USER_END  ((UINT64_C(1) << 47) - PAGE)
#define MAX_PAGES (PV_RAM_MAX / PAGE)

extern uint8_t __data_start[], __kernel_start[], __kernel_end[], __hot_end[], __text_end[];
extern uint8_t __tls_start[], __tls_file_end[];
// Absolute symbols: the addresses are the values. Weak, or the compiler takes none for 0.
extern uint8_t __tls_size[] __attribute__((weak)), __tls_align[] __attribute__((weak));

static uintptr_t heap_start, heap_end, brk, map_low;
// A bit per heap page that a mapping holds, from bit 0, the page below heap_end, downwards.
static uint64_t mapped[MAX_PAGES / 64] COLD("mem_mapped");
static uint64_t mapped_pages; // of them

void mem_init(void)
{
    heap_start = brk = boot_info->heap_start;
    heap_end = map_low = boot_info->heap_end;
}

void mem_hot(struct pv_range hot[3])
{
    hot[0] = (struct pv_range){(uintptr_t)__data_start, (uint64_t)(__hot_end - __data_start)};
    hot[1] = (struct pv_range){heap_start, min_u64(brk - heap_start, HOT_HEAP)};
    hot[2] = (struct pv_range){(uintptr_t)__kernel_start, (size_t)(__kernel_end - __kernel_start)};
}

void mem_give_back(uintptr_t start, uintptr_t end)
{
    uintptr_t first = (start + PAGE - 1) & ~(PAGE - 1), last = end & ~(PAGE - 1);
    if (first >= last || last - first < RELEASE_MIN ||
        pv_release((void *)first, last - first) < 0) {
        memset((void *)start, 0, end - start);
        return;
    }
    // The host takes whole pages; what sticks out on either side is cleared here.
    memset((void *)start, 0, first - start);
    memset((void *)last, 0, end - last);
}

// Whether rights may be taken once more: `burst` times without a pause. A call costs up to 80 us,
// the loss of KVM's shadow half a millisecond: this keeps the whole below 3 % of the time.
static int may_take(uint32_t burst)
{
    static uint64_t due;
    uint64_t now = pv_mono_ns();
    due = due > now ? due : now;
    if (due + TAKE_EVERY_NS > now + burst * TAKE_EVERY_NS)
        return 0;
    due += TAKE_EVERY_NS;
    return 1;
}

// Pages that nobody holds any more and that are zero: from now on an access is SIGSEGV. If the host
// has no table for that they stay accessible, and zero.
static void take_rights(uintptr_t start, uintptr_t end, uint32_t burst)
{
    if (start < end && may_take(burst))
        (void)rights_set(start, end, PROT_NONE);
}

static uintptr_t page_up(uintptr_t a)
{
    return (a + PAGE - 1) & ~(PAGE - 1);
}

// Linux counts as data what is private and may be written; here all that is private but text, stack
// and what is the kernel's counts.
int mem_limits_allow(uint64_t more, int private)
{
    const struct k_rlimit *limits = proc_self->rlimits;
    uint64_t fixed = (uint64_t)((__kernel_start - __data_start) + (__hot_end - __kernel_end));
    uint64_t data = fixed + (brk - heap_start) + mapped_pages * PAGE;
    uint64_t rest = (uint64_t)(__text_end - (uint8_t *)TEXT_START) + boot_info->stack_top -
                    boot_info->stack_bottom + shm_pages() * PAGE;
    if (private && data + more > limits[RLIMIT_DATA].cur)
        return 0;
    return data + rest + more <= limits[RLIMIT_AS].cur;
}

static long grow_break(size_t increment)
{
    uintptr_t old = brk;
    // A page stays free between the two, so that running over the break is noticed soon.
    if (increment > map_low - brk || map_low - brk - increment < PAGE ||
        (increment && !mem_limits_allow(increment, 1)))
        return -ENOMEM;
    long r = rights_reset(page_up(old), page_up(old + increment));
    if (r < 0)
        return r;
    brk += increment;
    return (long)old;
}

static long shrink_break(size_t decrement)
{
    uintptr_t old = brk, new = old - decrement;
    if (decrement > brk - heap_start)
        return -EINVAL;
    // The page that stays in use in part is cleared in part.
    long r = rights_reset(new & ~(PAGE - 1), page_up(old));
    if (r < 0)
        return r;
    brk = new;
    mem_give_back(new, old);
    // malloc() moves the break to and fro: no burst.
    take_rights(page_up(new), page_up(old), 1);
    return (long)old;
}

long sys_sbrk(ptrdiff_t increment)
{
    sys_enter(); // a handler that allocates must not find half a change
    long r = increment < 0 ? shrink_break(-(size_t)increment) : grow_break((size_t)increment);
    sys_leave(&r);
    return r;
}

static int page_mapped(uint64_t page)
{
    return mapped[page / 64] >> (page % 64) & 1;
}

static void set_pages(uint64_t first, uint64_t n, int on)
{
    for (uint64_t p = first; p < first + n; p++) {
        uint64_t bit = UINT64_C(1) << (p % 64);
        mapped_pages += (uint64_t)on - (uint64_t)page_mapped(p);
        mapped[p / 64] = on ? mapped[p / 64] | bit : mapped[p / 64] & ~bit;
    }
}

// First fit from the top. Returns the lowest address of n free pages, or 0.
static uintptr_t find_pages(uint64_t n)
{
    uint64_t limit = (heap_end - brk) / PAGE, run = 0;
    // From the top downwards: mappings stay together, and the break keeps its room. The last page
    // above the break stays free (grow_break()).
    for (uint64_t p = 0; p + 1 < limit; p++) {
        run = page_mapped(p) ? 0 : run + 1;
        if (run == n)
            return heap_end - (p + 1) * PAGE;
    }
    return 0;
}

static uint64_t heap_page(uintptr_t start, uint64_t n)
{
    return (heap_end - start) / PAGE - n;
}

// A private mapping is a copy made now. POSIX leaves it open whether later changes of the file are
// seen.
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
    long r = -ENOMEM;
    sys_enter(); // a handler that maps as well must not see half an entry
    if (pages <= UINT64_MAX / PAGE && mem_limits_allow(pages * PAGE, 0))
        r = anonymous ? shm_map(pages, prot) : shm_map_fd(fd, pages, off, prot);
    sys_leave(&r);
    return r;
}

// Clears those pages of [start, end) that a mapping holds; the others are zero.
static long clear_mapped(uintptr_t start, uintptr_t end)
{
    long r = 0;
    for (uintptr_t a = start; r == 0 && a < end;) {
        uintptr_t from = a;
        while (a < end && page_mapped((heap_end - a) / PAGE - 1))
            a += PAGE;
        if (a > from)
            r = mem_discard(from, a);
        while (a < end && !page_mapped((heap_end - a) / PAGE - 1))
            a += PAGE;
    }
    return r;
}

// Empties [at, at + n pages) for a mapping that asks for that place: what was there is gone.
static long clear_fixed(uintptr_t at, uint64_t n)
{
    if (at % PAGE)
        return -EINVAL;
    if (at < page_up(brk) + PAGE || at > heap_end || n > (heap_end - at) / PAGE)
        return -ENOMEM; // the program itself, or none of our memory
    return clear_mapped(at, at + n * PAGE);
}

// Whole pages of the heap above the break.
static long unmap_private(uintptr_t start, uintptr_t end)
{
    start = start > map_low ? start : map_low;
    end = end < heap_end ? end : heap_end;
    if (start >= end)
        return 0; // nothing was ever mapped there
    // Cleared while the pages are still the program's: whoever gets them next relies on zeros.
    long r = clear_mapped(start, end);
    if (r < 0)
        return r;
    uint64_t n = (end - start) / PAGE;
    set_pages(heap_page(start, n), n, 0);
    take_rights(start, end, TAKE_BURST);
    // The lowest mapping may be gone: its room is the break's again.
    while (map_low < heap_end && !page_mapped((heap_end - map_low) / PAGE - 1))
        map_low += PAGE;
    return 0;
}

// Whether a private mapping can be made of the descriptor: it takes a copy of the bytes.
static long may_copy(int fd)
{
    const struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return -EBADF;
    if ((f->flags & O_ACCMODE) == O_WRONLY)
        return -EACCES;
    return f->kind == FILE_DIR || !file_ops(f)->pread ? -ENODEV : 0;
}

// Pages that are the new mapping's already: rights, contents.
static long fill_private(uintptr_t at, size_t len, int prot, int flags, int fd, int64_t off)
{
    uintptr_t end = at + page_count(len) * PAGE;
    long r = 0;
    if (!(flags & MAP_ANONYMOUS)) {
        r = rights_reset(at, end); // to be written first, if only by us
        if (r == 0)
            r = map_file(at, len, fd, off);
    }
    return r < 0 ? r : rights_set(at, end, prot);
}

static long map_private(uintptr_t at, size_t len, int prot, int flags, int fd, int64_t off)
{
    uint64_t n = page_count(len);
    long r = flags & MAP_ANONYMOUS ? 0 : may_copy(fd);
    if (r < 0)
        return r;
    if (n > (heap_end - heap_start) / PAGE || !mem_limits_allow(n * PAGE, 1))
        return -ENOMEM;
    if (flags & MAP_FIXED)
        r = clear_fixed(at, n);
    else if (!(at = find_pages(n))) // where the caller would like it is a hint we need not take
        r = -ENOMEM;
    if (r < 0)
        return r;
    // Before the contents: reading the file checks that its buffer is the program's memory.
    set_pages(heap_page(at, n), n, 1);
    map_low = at < map_low ? at : map_low;
    r = fill_private(at, len, prot, flags, fd, off);
    if (r < 0)
        unmap_private(at, at + n * PAGE);
    return r < 0 ? r : (long)at;
}

long sys_mmap(void *addr, size_t len, int prot, int flags, int fd, int64_t off)
{
    if (len == 0 || off % (int64_t)PAGE ||
        ((flags & MAP_SHARED) != 0) == ((flags & MAP_PRIVATE) != 0))
        return -EINVAL;
    if (flags & MAP_SHARED) {
        // The window has its own idea of where things lie. Refused rather than pretended.
        if ((flags & MAP_FIXED) || (prot & PROT_EXEC))
            return -ENODEV;
        if (prot & PROT_WRITE) // what may be written may be read, on this processor
            prot |= PROT_READ;
        return map_shared(page_count(len), prot, fd, off, flags & MAP_ANONYMOUS);
    }
    if ((prot & PROT_WRITE) && (prot & PROT_EXEC))
        return -EACCES;
    sys_enter();
    long r = map_private((uintptr_t)addr, len, prot, flags, fd, off);
    sys_leave(&r);
    return r;
}

static int meets(uintptr_t start, uintptr_t end, uintptr_t first, uintptr_t last)
{
    return start < last && end > first;
}

static long unmap_all(uintptr_t start, uintptr_t end)
{
    uintptr_t window = (uintptr_t)window_base, window_end = window + boot_info->window_size;
    // The program itself stays: it could not run on.
    if (meets(start, end, TEXT_START, page_up(brk)) ||
        meets(start, end, boot_info->stack_bottom, boot_info->stack_top))
        return -EINVAL;
    // A range may reach from private memory into the window; each part is unmapped by its own
    // rules, and holes are no error (XSH munmap()).
    long r = unmap_private(start, end);
    start = start > window ? start : window;
    end = end < window_end ? end : window_end;
    return r == 0 && start < end ? shm_unmap(start, (end - start) / PAGE) : r;
}

long sys_munmap(void *addr, size_t len)
{
    uintptr_t start = (uintptr_t)addr;
    uint64_t n = page_count(len);
    if (len == 0 || start % PAGE || start > USER_END || n > (USER_END - start) / PAGE)
        return -EINVAL;
    sys_enter();
    long r = unmap_all(start, start + n * PAGE);
    sys_leave(&r);
    return r;
}

// The end of what the program has mapped from `a` on, or 0 if that is nothing.
static uintptr_t mapped_end(uintptr_t a)
{
    const uintptr_t text_end = page_up((uintptr_t)__text_end);
    const uintptr_t brk_end = page_up(brk);
    if (a >= TEXT_START && a < text_end)
        return text_end;
    if (a >= (uintptr_t)__data_start && a < brk_end)
        return brk_end;
    if (a >= map_low && a < heap_end)
        return page_mapped((heap_end - a - 1) / PAGE) ? (a & ~(PAGE - 1)) + PAGE : 0;
    return a >= boot_info->stack_bottom && a < boot_info->stack_top ? boot_info->stack_top : 0;
}

int mem_is_mapped(uintptr_t start, uintptr_t end)
{
    while (start && start < end)
        start = mapped_end(start);
    return start != 0;
}

long sys_physpages(int available)
{
    return (long)((available ? map_low - brk : boot_info->ram_end - boot_info->ram_start) / PAGE);
}

int tls_init(void)
{
    uintptr_t size = (uintptr_t)__tls_size, align = (uintptr_t)__tls_align;
    if (size == 0)
        return 0;
    // Variant II (psABI): the block, rounded up as the linker does, ends at the pointer to itself.
    size = (size + align - 1) & ~(align - 1);
    align = align < 64 ? 64 : align;
    long block = sys_sbrk((ptrdiff_t)(size + align + 64));
    if (block < 0)
        return -ENOMEM;
    uintptr_t tp = ((uintptr_t)block + size + align - 1) & ~(align - 1);
    // Only .tdata has bytes; .tbss behind it is zero, as all fresh memory is.
    memcpy((void *)(tp - size), __tls_start, (size_t)(__tls_file_end - __tls_start));
    *(uintptr_t *)tp = tp;
    thread_set_pointer((void *)tp);
    return 0;
}
