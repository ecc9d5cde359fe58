// SPDX-License-Identifier: BSD-2-Clause
// A program's memory: segments from the image or from a file's bytes, heap, stack, arguments.
// The layout is load_layout()'s of host/image/args.c; tests/pv sees that they agree.

#include <sys/mman.h>

#include "arch/x86_64/shim/boot/elf.h"
#include "host/process/stub/stub.h"

#define STACK_MAX (UINT64_C(8) << 20)
#define STACK_OF  8u // at most this part of RAM
// What a program writes before it has done anything.
#define DATA_HOT  (4 * PAGE)
#define STACK_HOT PAGE

static const struct image_program *image_program(uint32_t number)
{
    const struct image_header *h = (const struct image_header *)PV_IMAGE_VA;
    if (number >= h->program_count)
        return NULL;
    return (const struct image_program *)(PV_IMAGE_VA + h->programs_off) + number;
}

// The segments, from the image's table or from the file's own headers.
static int describe(struct stub_start *start)
{
    struct image_program file;
    const struct image_program *p = &file;
    if (start->program != PV_PROGRAM_FILE)
        p = image_program(start->program);
    else if (elf_describe((const uint8_t *)STUB_FILE_VA, start->file_len, &file) < 0)
        p = NULL;
    if (!p || p->seg_count < 1 || p->seg_count > IMAGE_MAX_SEGS)
        return -ENOEXEC;
    start->nsegs = p->seg_count;
    start->entry = p->entry;
    memcpy(start->segs, p->segs, sizeof start->segs);
    return 0;
}

int load_plan(struct stub_start *start)
{
    const uint64_t ram_end = BOOT_PAGE->ram_end;
    const uint64_t stack = ram_end / STACK_OF < STACK_MAX ? ram_end / STACK_OF : STACK_MAX;
    if (describe(start) < 0)
        return -ENOEXEC;
    const struct image_seg *last = &start->segs[start->nsegs - 1];
    // A last segment that is not writable shares no 2 MB page with the heap.
    const uint64_t align = (last->flags & IMAGE_SEG_W) ? PAGE : PAGE_2M;
    start->stack_bottom = (ram_end - stack) & ~(PAGE_2M - 1);
    start->heap = (last->vaddr + last->memsz + align - 1) & ~(align - 1);
    return start->heap + PAGE_2M <= start->stack_bottom - PAGE_2M && start->strings_len <= stack / 2
               ? 0
               : -ENOMEM;
}

static int failed(long r)
{
    return r < 0 && r > -4096;
}

static int map_zero(uint64_t at, uint64_t end, int rights)
{
    return at < end &&
           failed(sys6(SYS_mmap, at, end - at, (uint64_t)rights,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, UINT64_MAX, 0));
}

static int rights_of(const struct image_seg *s)
{
    return PROT_READ | ((s->flags & IMAGE_SEG_W) ? PROT_WRITE : 0) |
           ((s->flags & IMAGE_SEG_X) ? PROT_EXEC : 0);
}

static uint64_t page_up(uint64_t at)
{
    return (at + PAGE - 1) & ~(PAGE - 1);
}

// From the image file. Behind the file's bytes, in their last page, is the file's next part: .bss
// wants zeros.
static int map_segment(const struct image_seg *s)
{
    const uint64_t skew = s->vaddr % PAGE, end = s->vaddr + s->filesz;
    const int rights = rights_of(s);
    if (s->filesz &&
        failed(sys6(SYS_mmap, s->vaddr - skew, s->filesz + skew, (uint64_t)rights,
                    MAP_PRIVATE | MAP_FIXED, (uint64_t)STATE->image_fd, s->file_off - skew)))
        return -ENOMEM;
    if (map_zero(s->filesz ? page_up(end) : s->vaddr - skew, page_up(s->vaddr + s->memsz), rights))
        return -ENOMEM;
    if (!(rights & PROT_WRITE))
        return 0;
    populate(s->vaddr, s->memsz < DATA_HOT ? s->memsz : DATA_HOT, MADV_POPULATE_WRITE);
    if (s->filesz && s->memsz > s->filesz && end % PAGE)
        memset((void *)end, 0, PAGE - end % PAGE);
    return 0;
}

static int copy_segment(const struct image_seg *s)
{
    const uint64_t start = s->vaddr & ~(PAGE - 1), end = page_up(s->vaddr + s->memsz);
    if (map_zero(start, end, PROT_READ | PROT_WRITE))
        return -ENOMEM;
    memcpy((void *)s->vaddr, (const void *)(STUB_FILE_VA + s->file_off), s->filesz);
    return sys3(SYS_mprotect, start, end - start, (uint64_t)rights_of(s)) < 0 ? -ENOMEM : 0;
}

// Strings at the top of the stack, the vectors below them.
static uint64_t place_args(const struct stub_start *start, struct pv_boot_info *b)
{
    const uint64_t strings = b->ram_end - start->strings_len;
    const uint64_t vectors = (uint64_t)start->argc + start->envc + 2;
    const uint64_t sp = (strings - vectors * 8) & ~UINT64_C(15);
    uint64_t *v = (uint64_t *)sp;
    const char *p = (const char *)strings;

    memcpy((void *)strings, (const void *)start->strings, start->strings_len);
    b->argc = start->argc;
    b->argv = sp;
    b->envp = sp + (start->argc + 1) * UINT64_C(8);
    for (uint32_t i = 0; i < start->argc + start->envc; i++) {
        if (i == start->argc)
            *v++ = 0;
        *v++ = (uint64_t)p;
        while (*p++)
            ;
    }
    if (start->envc == 0)
        *v++ = 0;
    *v = 0;
    return sp;
}

uint64_t load_program(const struct stub_start *start)
{
    struct pv_boot_info *b = BOOT_PAGE;
    const uint64_t ram_end = b->ram_end, heap_end = start->stack_bottom - PAGE_2M;
    int r = 0;

    sys2(SYS_munmap, PV_RAM_VA, ram_end - PV_RAM_VA);
    for (uint32_t i = text_map(start) == 0; i < start->nsegs && r == 0; i++)
        r = start->program == PV_PROGRAM_FILE ? copy_segment(&start->segs[i])
                                              : map_segment(&start->segs[i]);
    if (r < 0 || map_zero(start->heap, heap_end, PROT_READ | PROT_WRITE) ||
        map_zero(start->stack_bottom, ram_end, PROT_READ | PROT_WRITE))
        return 0;
    STATE->nsegs = start->nsegs;
    memcpy(STATE->segs, start->segs, sizeof STATE->segs);
    populate_text();
    populate(ram_end - STACK_HOT, STACK_HOT, MADV_POPULATE_WRITE);
    b->program = start->program;
    b->heap_start = start->heap;
    b->heap_end = heap_end;
    b->stack_bottom = start->stack_bottom;
    b->stack_top = ram_end;
    return place_args(start, b);
}
