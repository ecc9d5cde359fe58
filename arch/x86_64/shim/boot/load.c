// SPDX-License-Identifier: BSD-2-Clause
// A program's memory as regions: text is the image itself, data is copied from it page by page,
// heap and stack are zeros. A program that is a file is copied at once. The layout is the
// monitor's: heap after the last segment, an unmapped 2 MB below the stack at the end of RAM.

#include "arch/x86_64/shim/boot/load.h"

#include "abi/x86.h"
#include "arch/x86_64/shim/errno.h"
#include "arch/x86_64/shim/boot/image.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/phys.h"
#include "arch/x86_64/shim/mem/regions.h"
#include "arch/x86_64/shim/mem/space.h"

#define STACK_MAX (UINT64_C(8) << 20)
#define RIGHTS_RW (PV_RIGHT_READ | PV_RIGHT_WRITE)

// End of the program's RAM; the same for every program that EXEC starts here.
static uint64_t ram_end;

struct layout {
    uint64_t heap, guard, stack;
};

struct pv_boot_info *load_boot_info(void)
{
    return phys(PV_BOOT_INFO_VA); // ring 3's own mapping is read-only, for ring 0 too
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) & ~(to - 1);
}

// Memory of the family: with a companion at `window_phys`, in 2 MB pages that all its VMs share;
// without one, pages like any other.
void load_init(uint64_t end, uint64_t window_phys, uint64_t window_size)
{
    const struct image_header *image = image_header();
    ram_end = end;
    load_boot_info()->flags |= trap_has_fsgsbase() ? 0 : PV_BOOT_SET_TP;
    load_boot_info()->window_size = window_size;
    load_boot_info()->image_size = image->total_size;
    regions_add(&(struct region){PV_IMAGE_VA, PV_IMAGE_VA + image->total_size, image_phys(), 0,
                                 REGION_DIRECT, PV_RIGHT_READ});
    regions_add(&(struct region){PV_WINDOW_VA, PV_WINDOW_VA + window_size, window_phys, 0,
                                 window_phys ? REGION_DIRECT : REGION_ZERO, RIGHTS_RW});
    // Mapped at once and by 2 MB pages: the window is touched all over, and by every member.
    if (!window_phys)
        return;
    for (uint64_t off = 0; off < window_size; off += X86_PAGE_2M)
        space_map_2m(PV_WINDOW_VA + off, (window_phys + off) | PTE_USER | X86_PTE_W | X86_PTE_NX);
}

// -ENOMEM: at least 2 MB of heap must fit in, and arguments may take up half of the stack.
static int layout(const struct image_program *p, const struct load_args *args, struct layout *l)
{
    const struct image_seg *last = &p->segs[p->seg_count - 1];
    uint64_t stack = min_u64(ram_end / 8, STACK_MAX);
    l->stack = (ram_end - stack) & ~(X86_PAGE_2M - 1);
    l->guard = l->stack - X86_PAGE_2M;
    l->heap = round_up(last->vaddr + last->memsz, X86_PAGE);
    return l->heap + X86_PAGE_2M <= l->guard && args->len <= stack / 2 ? 0 : -ENOMEM;
}

// NULL for a number that the image has no program of.
static const struct image_program *find_program(uint32_t program, const struct load_args *args)
{
    return program == PV_PROGRAM_FILE ? &args->file->program : image_program(program);
}

// As many strings as were announced, and the last one ended: place_args() walks them unchecked.
int64_t load_check(uint32_t program, const struct load_args *args)
{
    const struct image_program *p = find_program(program, args);
    struct layout l;
    uint64_t strings = 0;
    if (!p)
        return -ENOEXEC;
    for (uint64_t i = 0; i < args->len; i++)
        strings += args->strings[i] == 0;
    if (strings != (uint64_t)args->argc + args->envc || (args->len && args->strings[args->len - 1]))
        return -EINVAL;
    return layout(p, args, &l);
}

// `file`: where the segment's bytes are, which are copied now; NULL: the image has them.
static void add_segment(const struct image_seg *s, const struct program_file *file)
{
    uint64_t skew = s->vaddr % X86_PAGE, end = round_up(s->vaddr + s->memsz, X86_PAGE);
    struct region r = {
        .start = s->vaddr - skew,
        .end = end,
        .source = image_phys() + s->file_off - skew,
        .source_end = s->vaddr + s->filesz,
        .kind = REGION_COPY,
        .rights = PV_RIGHT_READ | ((s->flags & IMAGE_SEG_W) ? PV_RIGHT_WRITE : 0) |
                  ((s->flags & IMAGE_SEG_X) ? PV_RIGHT_EXEC : 0),
    };
    // What nobody writes and ends with its file's bytes needs no copy.
    if (!file && !(s->flags & IMAGE_SEG_W) && s->memsz == s->filesz)
        r.kind = REGION_DIRECT;
    if (file)
        r.source = r.source_end = 0; // zeros, into which the bytes are copied
    regions_add(&r);
    if (file)
        regions_fill(s->vaddr, file->bytes + s->file_off, s->filesz);
}

// Strings at the top of the stack, the vectors below them. Returns the stack pointer.
static uint64_t place_args(const struct load_args *args, struct pv_boot_info *b)
{
    uint64_t strings = ram_end - args->len, vectors = (uint64_t)args->argc + args->envc + 2;
    uint64_t sp = (strings - vectors * 8) & ~UINT64_C(15);
    uint64_t *v = (uint64_t *)sp;
    const char *p = args->strings;

    // Stores to ring 3's memory, which make its pages by faults. The address is aligned to 16 bytes
    // as the psABI wants it (3.4.1).
    memcpy((void *)strings, args->strings, args->len);
    b->argc = args->argc;
    b->argv = sp;
    b->envp = sp + (args->argc + 1) * UINT64_C(8);
    for (uint32_t i = 0; i <= args->argc + args->envc; i++) {
        if (i == args->argc)
            *v++ = 0;
        if (i == args->argc + args->envc)
            break;
        *v++ = strings + (uint64_t)(p - args->strings);
        p += strlen(p) + 1;
    }
    *v = 0;
    return sp;
}

// ARGS must not lie in the old program's memory, which goes first: call.c has a buffer for them.
void load_program(uint32_t program, const struct load_args *args, struct frame *f)
{
    const struct program_file *file = program == PV_PROGRAM_FILE ? args->file : NULL;
    const struct image_program *p = find_program(program, args);
    struct pv_boot_info *b = load_boot_info();
    struct layout l;

    // Cannot fail: load_check() has tried it with the same arguments.
    layout(p, args, &l);
    regions_drop(PV_IMAGE_VA);
    struct region heap = {l.heap, l.guard, 0, 0, REGION_ZERO, RIGHTS_RW};
    struct region stack = {l.stack, ram_end, 0, 0, REGION_ZERO, RIGHTS_RW};
    for (uint32_t i = 0; i < p->seg_count; i++)
        add_segment(&p->segs[i], file);
    regions_add(&heap);
    regions_add(&stack);

    // No events of the old program, no upcalls until the new kernel asks for them.
    memset(trap_shared(), 0, sizeof *trap_shared());
    b->abi_version = PV_ABI_VERSION;
    b->size = sizeof *b;
    b->ram_start = PV_RAM_VA;
    b->ram_end = ram_end;
    b->heap_start = l.heap;
    b->heap_end = l.guard;
    b->stack_bottom = l.stack;
    b->stack_top = ram_end;
    b->program = program;
    memset(f, 0, sizeof *f);
    f->rip = p->entry;
    f->rsp = place_args(args, b);
    f->rdi = PV_BOOT_INFO_VA;
    f->cs = X86_SEL_USER_CODE;
    f->ss = X86_SEL_USER_DATA;
    f->rflags = X86_RFLAGS_ONE | X86_RFLAGS_IF;
    // Registers of the old program must not reach the new one: it may run for somebody else.
    fpu_reset();
    wrmsr(MSR_FS_BASE, 0);
    wrmsr(MSR_GS_BASE, 0);
}
