// SPDX-License-Identifier: BSD-2-Clause
// Loading a program: fresh RAM, segments mapped from the image, arguments, boot_info.
// Neighbours: platform.c (page tables and stubs), image.c (who checked every offset used here).

#include "host/kvm/load.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/virtio/devices.h"
#include "host/family/member.h"
#include "host/kvm/platform.h"

// A first touch costs the guest a fault of some 30 us, the host a twentieth of that. KVM maps eight
// pages at a time when they are there, so what every program touches at once is made to be there.
#define POPULATE_DATA  (UINT64_C(64) << 10) // from the start of each writable segment
#define POPULATE_HEAP  (UINT64_C(32) << 10)
#define POPULATE_STACK (UINT64_C(16) << 10)

// Over whatever is there, in one call: the old RAM is gone, the new one reads as zero. NORESERVE:
// most of it is never touched.
static int map_anonymous(const struct vm *vm, int rights)
{
    void *p = mmap(vm->mem.ram + PV_PLATFORM_VA, vm->mem.ram_size - PV_PLATFORM_VA, rights,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    return p == MAP_FAILED ? -errno : 0;
}

// Only the addresses, so that nothing else is mapped into them.
int load_reserve(const struct vm *vm)
{
    return map_anonymous(vm, PROT_NONE);
}

static void populate(const struct vm *vm, uint64_t start, uint64_t len)
{
    // Only a matter of speed: a host that cannot (Linux before 5.14) takes the faults later.
    start &= ~(X86_PAGE - 1);
    madvise(vm->mem.ram + start, (len + X86_PAGE - 1) & ~(X86_PAGE - 1), MADV_POPULATE_WRITE);
}

// The offsets agree modulo a page (elf.c), so a segment that begins inside one is mapped with what
// is before it there: the file's bytes, readable by everybody who has the image.
static int map_segment(const struct vm *vm, int fd, const struct image_seg *s)
{
    uint64_t skew = s->vaddr % X86_PAGE;
    // What follows RAM is the image's and the window's mapping, then this process' own memory.
    if (s->vaddr > vm->mem.ram_size || s->memsz > vm->mem.ram_size - s->vaddr)
        return -ENOMEM;
    if (s->filesz) {
        // MAP_PRIVATE: pages that nobody writes are the host's page cache, shared by every VM that
        // runs the image.
        void *p = mmap(vm->mem.ram + s->vaddr - skew, s->filesz + skew, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_FIXED, fd, (off_t)(s->file_off - skew));
        if (p == MAP_FAILED)
            return -errno;
    }
    // What follows the file's bytes in their last page belongs to the file's next part: .bss wants
    // zeros.
    uint64_t end = s->vaddr + s->filesz, used = end % X86_PAGE;
    if (s->filesz && s->memsz > s->filesz && used)
        memset(vm->mem.ram + end, 0, X86_PAGE - used);
    return 0;
}

// A segment of a program that is a file. Its memory is zero, but for what lies in the file.
static int copy_segment(const struct vm *vm, const struct load_file *file,
                        const struct image_seg *s)
{
    if (s->vaddr > vm->mem.ram_size || s->memsz > vm->mem.ram_size - s->vaddr)
        return -ENOMEM;
    memcpy(vm->mem.ram + s->vaddr, file->bytes + s->file_off, s->filesz);
    return 0;
}

// Strings at the top of the stack, the vectors below them: the layout any C program expects to be
// cheap.
static uint64_t place_args(const struct vm *vm, const struct load_args *args,
                           struct pv_boot_info *b)
{
    uint64_t strings = vm->mem.ram_size - args->len;
    uint64_t vectors = (uint64_t)args->argc + args->envc + 2;
    uint64_t sp = (strings - vectors * 8) & ~UINT64_C(15);
    uint64_t *v = (uint64_t *)(vm->mem.ram + sp);
    const char *p = args->strings;

    memcpy(vm->mem.ram + strings, args->strings, args->len);
    b->argc = args->argc;
    b->argv = sp;
    b->envp = sp + (args->argc + 1) * UINT64_C(8);
    for (uint32_t i = 0; i < args->argc + args->envc; i++) {
        if (i == args->argc)
            *v++ = 0;
        *v++ = strings + (uint64_t)(p - args->strings);
        p += strlen(p) + 1;
    }
    if (args->envc == 0)
        *v++ = 0;
    *v = 0;
    return sp;
}

// What is the same for every member; member_identity() adds slot and seed.
static void fill_boot_info(const struct vm *vm, const struct family *f, struct pv_boot_info *b)
{
    b->abi_version = PV_ABI_VERSION;
    b->size = sizeof *b;
    b->first = !f->booted;
    b->ram_start = PV_RAM_VA;
    b->ram_end = vm->mem.ram_size;
    b->window_size = vm->mem.window_size;
    b->image_size = vm->mem.image_size;
    b->tsc_base = f->tsc_base;
    b->tsc_mult = f->tsc_mult;
    b->mono_base_ns = f->mono_base_ns;
    b->wall_base_ns = f->wall_base_ns;
    b->cpus = f->cpus;
    b->spin = f->spin;
    b->flags = family_boot_flags(f);
    memcpy(b->stdio, f->stdio, sizeof b->stdio);
    strcpy(b->hostname, "ramet");
    devices_describe(f, b);
}

// Touches next to no page: a program's text and data come from the host's page cache as it runs.
int load_image(const struct vm *vm, const struct family *f, uint32_t program)
{
    const struct elf_program *elf = image_program(f->image, program);
    int r = map_anonymous(vm, PROT_READ | PROT_WRITE);
    for (uint32_t i = 0; i < elf->nsegs && r == 0; i++)
        r = map_segment(vm, f->image->fd, &elf->segs[i]);
    return r;
}

static int load_file(const struct vm *vm, const struct load_file *file)
{
    int r = map_anonymous(vm, PROT_READ | PROT_WRITE);
    for (uint32_t i = 0; i < file->elf.nsegs && r == 0; i++)
        r = copy_segment(vm, file, &file->elf.segs[i]);
    return r;
}

// What the program is about to touch.
static void populate_program(const struct vm *vm, const struct elf_program *elf,
                             const struct load_layout *at)
{
    for (uint32_t i = 0; i < elf->nsegs; i++)
        if (elf->segs[i].flags & IMAGE_SEG_W)
            populate(vm, elf->segs[i].vaddr,
                     elf->segs[i].memsz < POPULATE_DATA ? elf->segs[i].memsz : POPULATE_DATA);
    populate(vm, at->heap, POPULATE_HEAP);
    // A program that fills more than the rest of its data's 2 MB gets huge pages: one touch each,
    // and fork(2) copies one entry for 512.
    uint64_t huge = (at->heap + X86_PAGE_2M - 1) & ~(X86_PAGE_2M - 1);
    madvise(vm->mem.ram + huge, at->stack_bottom - X86_PAGE_2M - huge, MADV_HUGEPAGE);
    populate(vm, vm->mem.ram_size - POPULATE_STACK, POPULATE_STACK);
}

// Apart from the rest, as a spare is given its arguments when its program is loaded already.
int load_arguments(const struct vm *vm, uint32_t slot, const struct load_args *args,
                   struct kvm_regs *regs)
{
    struct pv_boot_info *b = platform_boot_info(vm);
    regs->rsp = place_args(vm, args, b);
    return member_identity(b, slot);
}

// After a failure behind the first check there is no old program to go back to: the caller ends the
// member.
int load_program(struct vm *vm, const struct family *f, uint32_t slot, uint32_t program,
                 const struct load_args *args, struct kvm_regs *regs)
{
    const struct elf_program *elf = load_elf(f->image, program, args);
    struct load_layout at;
    int r;

    // Checked before RAM is touched: whoever called can still go on as it was.
    if ((r = load_layout(vm->mem.ram_size, elf, args, &at)) < 0)
        return r;
    r = program == PV_PROGRAM_FILE ? load_file(vm, args->file) : load_image(vm, f, program);
    if (r < 0)
        return r;
    populate_program(vm, elf, &at);

    struct pv_boot_info *b = platform_boot_info(vm);
    // Touched here, so that it is there when its neighbours are mapped.
    platform_shared(vm)->masked = 0;
    platform_init(vm, elf, at.stack_bottom);
    // The page tables of single pages belonged to the program that is gone.
    vm->pool_used = 0;
    fill_boot_info(vm, f, b);
    b->program = program;
    b->heap_start = vm->heap_start = at.heap;
    b->heap_end = at.stack_bottom - X86_PAGE_2M;
    b->stack_bottom = vm->stack_bottom = at.stack_bottom;
    b->stack_top = vm->mem.ram_size;
    *regs = (struct kvm_regs){
        .rip = elf->entry,
        .rdi = PV_BOOT_INFO_VA,
        .rflags = X86_RFLAGS_ONE | X86_RFLAGS_IF | X86_RFLAGS_IOPL,
    };
    return load_arguments(vm, slot, args, regs);
}
