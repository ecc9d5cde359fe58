// SPDX-License-Identifier: BSD-2-Clause
// Loading a program: fresh RAM, segments mapped from the image, arguments, boot_info.
// Neighbours: platform.c (page tables and stubs), image.c (who checked every offset used here).

#include "host/kvm/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/virtio/devices.h"
#include "host/kvm/platform.h"

// A first touch costs the guest a fault of some 30 us, the host a twentieth of that. KVM maps eight
// pages at a time when they are there, so what every program touches at once is made to be there.
#define POPULATE_DATA  (UINT64_C(64) << 10) // from the start of each writable segment
#define POPULATE_HEAP  (UINT64_C(32) << 10)
#define POPULATE_STACK (UINT64_C(16) << 10)

#define STACK_MAX (UINT64_C(8) << 20)

int load_args_pack(struct load_args *args, char *const argv[], char *const envp[])
{
    char *const *vectors[2] = {argv, envp};
    uint32_t counts[2] = {0, 0};
    *args = (struct load_args){0};
    for (int v = 0; v < 2; v++)
        for (uint32_t i = 0; vectors[v] && vectors[v][i]; i++, counts[v]++)
            args->len += strlen(vectors[v][i]) + 1;
    if (args->len > PV_ARG_MAX)
        return -E2BIG;
    args->strings = malloc(args->len + 1);
    if (!args->strings)
        return -ENOMEM;
    char *p = args->strings;
    for (int v = 0; v < 2; v++)
        for (uint32_t i = 0; i < counts[v]; i++)
            p = stpcpy(p, vectors[v][i]) + 1;
    args->argc = counts[0];
    args->envc = counts[1];
    return 0;
}

int load_args_valid(const struct load_args *args)
{
    uint64_t strings = 0;
    for (uint64_t i = 0; i < args->len; i++)
        strings += args->strings[i] == 0;
    return strings == (uint64_t)args->argc + args->envc &&
           (args->len == 0 || args->strings[args->len - 1] == 0);
}

static int map_anonymous(const struct vm *vm, int rights)
{
    void *p = mmap(vm->ram + PV_PLATFORM_VA, vm->ram_size - PV_PLATFORM_VA, rights,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    return p == MAP_FAILED ? -errno : 0;
}

int load_reserve(const struct vm *vm)
{
    return map_anonymous(vm, PROT_NONE);
}

static void populate(const struct vm *vm, uint64_t start, uint64_t len)
{
    // Only a matter of speed: a host that cannot (Linux before 5.14) takes the faults later.
    start &= ~(X86_PAGE - 1);
    madvise(vm->ram + start, (len + X86_PAGE - 1) & ~(X86_PAGE - 1), MADV_POPULATE_WRITE);
}

static int map_segment(const struct vm *vm, int fd, const struct image_seg *s)
{
    uint64_t skew = s->vaddr % X86_PAGE;
    if (s->filesz) {
        void *p = mmap(vm->ram + s->vaddr - skew, s->filesz + skew, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_FIXED, fd, (off_t)(s->file_off - skew));
        if (p == MAP_FAILED)
            return -errno;
    }
    // What follows the file's bytes in their last page belongs to the file's next part: .bss wants
    // zeros.
    uint64_t end = s->vaddr + s->filesz, used = end % X86_PAGE;
    if (s->filesz && s->memsz > s->filesz && used)
        memset(vm->ram + end, 0, X86_PAGE - used);
    return 0;
}

// Strings at the top of the stack, the vectors below them: the layout any C program expects to be
// cheap.
static uint64_t place_args(const struct vm *vm, const struct load_args *args,
                           struct pv_boot_info *b)
{
    uint64_t strings = vm->ram_size - args->len;
    uint64_t vectors = (uint64_t)args->argc + args->envc + 2;
    uint64_t sp = (strings - vectors * 8) & ~UINT64_C(15);
    uint64_t *v = (uint64_t *)(vm->ram + sp);
    const char *p = args->strings;

    memcpy(vm->ram + strings, args->strings, args->len);
    b->argc = args->argc;
    b->argv = sp;
    b->envp = sp + (args->argc + 1) * UINT64_C(8);
    for (uint32_t i = 0; i < args->argc + args->envc; i++) {
        *v++ = strings + (uint64_t)(p - args->strings);
        if (i + 1 == args->argc)
            *v++ = 0;
        p += strlen(p) + 1;
    }
    if (args->argc == 0)
        *v++ = 0;
    *v = 0;
    return sp;
}

static void fill_boot_info(const struct vm *vm, const struct family *f, struct pv_boot_info *b)
{
    b->abi_version = PV_ABI_VERSION;
    b->size = sizeof *b;
    b->first = !f->booted;
    b->ram_start = PV_RAM_VA;
    b->ram_end = vm->ram_size;
    b->window_size = vm->window_size;
    b->image_size = vm->image_size;
    b->tsc_base = f->tsc_base;
    b->tsc_mult = f->tsc_mult;
    b->mono_base_ns = f->mono_base_ns;
    b->wall_base_ns = f->wall_base_ns;
    b->cpus = f->cpus;
    b->flags = family_boot_flags(f);
    memcpy(b->stdio, f->stdio, sizeof b->stdio);
    strcpy(b->hostname, "ramet");
    devices_describe(f, b);
}

// Where things lie in RAM: the program's segments, heap, guard, stack.
struct layout {
    uint64_t heap, stack_bottom;
};

static int plan(const struct vm *vm, const struct elf_program *elf, const struct load_args *args,
                struct layout *l)
{
    const struct image_seg *last = &elf->segs[elf->nsegs - 1];
    uint64_t stack = vm->ram_size / 8 < STACK_MAX ? vm->ram_size / 8 : STACK_MAX;

    l->stack_bottom = (vm->ram_size - stack) & ~(X86_PAGE_2M - 1);
    // A last segment that is not writable shares no 2 MB page with the heap.
    uint64_t align = (last->flags & IMAGE_SEG_W) ? X86_PAGE : X86_PAGE_2M;
    l->heap = (last->vaddr + last->memsz + align - 1) & ~(align - 1);
    int fits = l->heap + X86_PAGE_2M <= l->stack_bottom - X86_PAGE_2M && args->len <= stack / 2;
    return fits ? 0 : -ENOMEM;
}

int load_fits(const struct vm *vm, const struct family *f, uint32_t program,
              const struct load_args *args)
{
    struct layout layout;
    return plan(vm, image_program(f->image, program), args, &layout);
}

int load_identity(struct pv_boot_info *b, uint32_t slot)
{
    b->slot = slot;
    return getrandom(b->seed, sizeof b->seed, 0) == sizeof b->seed ? 0 : -EIO;
}

int load_image(const struct vm *vm, const struct family *f, uint32_t program)
{
    const struct elf_program *elf = image_program(f->image, program);
    int r = map_anonymous(vm, PROT_READ | PROT_WRITE);
    for (uint32_t i = 0; i < elf->nsegs && r == 0; i++)
        r = map_segment(vm, f->image->fd, &elf->segs[i]);
    return r;
}

// What the program is about to touch.
static void populate_program(const struct vm *vm, const struct elf_program *elf,
                             const struct layout *at)
{
    for (uint32_t i = 0; i < elf->nsegs; i++)
        if (elf->segs[i].flags & IMAGE_SEG_W)
            populate(vm, elf->segs[i].vaddr,
                     elf->segs[i].memsz < POPULATE_DATA ? elf->segs[i].memsz : POPULATE_DATA);
    populate(vm, at->heap, POPULATE_HEAP);
    // A program that fills more than the rest of its data's 2 MB gets huge pages: one touch each,
    // and fork(2) copies one entry for 512.
    uint64_t huge = (at->heap + X86_PAGE_2M - 1) & ~(X86_PAGE_2M - 1);
    madvise(vm->ram + huge, at->stack_bottom - X86_PAGE_2M - huge, MADV_HUGEPAGE);
    populate(vm, vm->ram_size - POPULATE_STACK, POPULATE_STACK);
}

int load_arguments(const struct vm *vm, uint32_t slot, const struct load_args *args,
                   struct kvm_regs *regs)
{
    struct pv_boot_info *b = platform_boot_info(vm);
    regs->rsp = place_args(vm, args, b);
    return load_identity(b, slot);
}

int load_program(struct vm *vm, const struct family *f, uint32_t slot, uint32_t program,
                 const struct load_args *args, struct kvm_regs *regs)
{
    const struct elf_program *elf = image_program(f->image, program);
    struct layout at;
    int r;

    if ((r = plan(vm, elf, args, &at)) < 0)
        return r;
    if ((r = load_image(vm, f, program)) < 0)
        return r;
    populate_program(vm, elf, &at);

    struct pv_boot_info *b = platform_boot_info(vm);
    // Touched here, so that it is there when its neighbours are mapped.
    platform_shared(vm)->masked = 0;
    platform_init(vm, elf, at.stack_bottom);
    vm->pool_used = 0;
    fill_boot_info(vm, f, b);
    b->program = program;
    b->heap_start = vm->heap_start = at.heap;
    b->heap_end = at.stack_bottom - X86_PAGE_2M;
    b->stack_bottom = vm->stack_bottom = at.stack_bottom;
    b->stack_top = vm->ram_size;
    *regs = (struct kvm_regs){
        .rip = elf->entry,
        .rdi = PV_BOOT_INFO_VA,
        .rflags = X86_RFLAGS_ONE | X86_RFLAGS_IF | X86_RFLAGS_IOPL,
    };
    return load_arguments(vm, slot, args, regs);
}
