// SPDX-License-Identifier: BSD-2-Clause
// Starting from a template. See template.h.
//
// Large pieces of RAM are mapped from the file and copied as they are written, small ones are read:
// each mapping would cost at every later fork(2).

#include "host/template/template.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/clock.h"
#include "host/family/member.h"
#include "host/kvm/load.h"
#include "host/kvm/platform.h"

#define MAP_MIN    (UINT64_C(1) << 20)
#define USER_FLAGS UINT64_C(0x240dd5) // CF PF AF ZF SF TF DF OF AC ID: what a program may set

#define MEM_MIN (UINT64_C(16) << 20)

// Whole pages inside [low, high) in ascending order, and inside the file.
static int check_extents(const struct template_extent *e, uint32_t n, uint64_t low, uint64_t high,
                         uint64_t file_size)
{
    for (uint32_t i = 0; i < n; low = e[i].addr + e[i].len, i++)
        if (e[i].addr % X86_PAGE || e[i].len % X86_PAGE || e[i].off % X86_PAGE || !e[i].len ||
            e[i].addr < low || e[i].addr > high || e[i].len > high - e[i].addr ||
            e[i].off > file_size || e[i].len > file_size - e[i].off)
            return 0;
    return 1;
}

// What is wrong with its header, or NULL.
static const char *check(const struct template_header *t, ssize_t n)
{
    if (n < (ssize_t)sizeof t->magic || memcmp(t->magic, TEMPLATE_MAGIC, sizeof t->magic))
        return "not a template";
    if (n != sizeof *t)
        return "truncated";
    if (t->version != TEMPLATE_VERSION || t->abi != PV_ABI_VERSION)
        return "made by another version of ramet";
    if (t->mem % X86_PAGE_2M || t->mem < MEM_MIN || t->mem > PV_RAM_MAX ||
        t->window_size % X86_PAGE_2M || t->window_size < WINDOW_MIN_SIZE ||
        t->window_size > PV_WINDOW_MAX || t->max_procs < 1 || t->max_procs > PV_MAX_SLOTS ||
        t->tables > 1 || (t->pool_used >> PLATFORM_POOL_TABLES) || t->nram > TEMPLATE_EXTENTS ||
        t->nwindow > TEMPLATE_EXTENTS - t->nram || !memchr(t->image, 0, sizeof t->image) ||
        t->image[0] != '/')
        return "damaged";
    return NULL;
}

static int read_all(int fd, void *to, uint64_t len, uint64_t off)
{
    uint8_t *p = to;
    while (len) {
        ssize_t n = pread(fd, p, len, (off_t)off);
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        p += n, off += (uint64_t)n, len -= (uint64_t)n;
    }
    return 0;
}

static const char *read_extents(int fd, struct template_header *t)
{
    const off_t size = lseek(fd, 0, SEEK_END);
    const uint64_t n = (uint64_t)t->nram + t->nwindow;
    if (size < 0 || read_all(fd, t->extents, n * sizeof t->extents[0], sizeof *t) < 0 ||
        !check_extents(t->extents, t->nram, PV_PLATFORM_VA, t->mem, (uint64_t)size) ||
        !check_extents(t->extents + t->nram, t->nwindow, 0, t->window_size, (uint64_t)size))
        return "damaged or truncated";
    return NULL;
}

// All of its tables, checked; NULL with *why.
static struct template_header *read_tables(int fd, const char **why)
{
    struct template_header h, *t;
    ssize_t n = pread(fd, &h, sizeof h, 0);
    *why = n < 0 ? strerror(errno) : check(&h, n);
    if (*why)
        return NULL;
    t = malloc(sizeof h + ((uint64_t)h.nram + h.nwindow) * sizeof t->extents[0]);
    if (!t) {
        *why = strerror(ENOMEM);
        return NULL;
    }
    *t = h;
    *why = read_extents(fd, t);
    if (!*why)
        return t;
    free(t);
    return NULL;
}

int template_open(struct options *opt, struct template_header **to, int *fd, char *err,
                  size_t errlen)
{
    const char *why;
    // Not blocking: a FIFO would.
    *fd = open(opt->template, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return family_fail(err, errlen, opt->template);
    struct template_header *t = read_tables(*fd, &why);
    if (!t) {
        snprintf(err, errlen, "%s: %s", opt->template, why);
        close(*fd);
        return -EINVAL;
    }
    opt->image = t->image;
    opt->mem = t->mem;
    opt->window_size = t->window_size;
    opt->max_procs = t->max_procs;
    *to = t;
    return 0;
}

int template_check_image(const struct template_header *t, const struct image *image, char *err,
                         size_t errlen)
{
    const struct elf_program *elf = image_program(image, t->program);
    const struct load_args none = {0};
    struct load_layout at;
    if (t->image_size != image->size || t->image_hash != image_hash(image) || !elf) {
        snprintf(err, errlen, "%s: not the image the template was made from", t->image);
        return -EINVAL;
    }
    if (load_layout(t->mem, elf, &none, &at) == 0 && t->heap_start == at.heap &&
        t->stack_bottom == at.stack_bottom)
        return 0;
    snprintf(err, errlen, "a damaged template: the program is laid out otherwise in its memory");
    return -EINVAL;
}

int template_load_window(struct family *f)
{
    const struct template_header *t = f->template;
    for (uint32_t i = 0; i < t->nwindow; i++) {
        const struct template_extent *e = &t->extents[t->nram + i];
        int r = read_all(f->template_fd, f->window + e->addr, e->len, e->off);
        if (r < 0)
            return r;
    }
    return 0;
}

static int load_extent(const struct vm *vm, int fd, const struct template_extent *e)
{
    if (e->len < MAP_MIN)
        return read_all(fd, vm->mem.ram + e->addr, e->len, e->off);
    void *p = mmap(vm->mem.ram + e->addr, e->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
                   fd, (off_t)e->off);
    return p == MAP_FAILED ? -errno : 0;
}

// The clock goes on from where it was; the wall clock is today's.
int template_renew(const struct vm *vm, const struct family *f, uint32_t slot)
{
    struct pv_boot_info *b = platform_boot_info(vm);
    b->flags = family_boot_flags(f);
    b->cpus = f->cpus;
    b->spin = f->spin;
    b->tsc_base = f->tsc_base;
    b->tsc_mult = f->tsc_mult;
    b->mono_base_ns = f->mono_base_ns;
    b->wall_base_ns = clock_ns(CLOCK_REALTIME) - (family_now(f) - f->mono_base_ns);
    // Its random numbers must not be those of the template's other children.
    __atomic_fetch_or(&platform_shared(vm)->pending, PV_EVENT_RESUMED, __ATOMIC_SEQ_CST);
    return member_identity(b, slot);
}

int template_load_ram(struct vm *vm, const struct family *f, uint32_t slot, struct kvm_regs *regs)
{
    const struct template_header *t = f->template;
    int r = load_image(vm, f, t->program);
    for (uint32_t i = 0; r == 0 && i < t->nram; i++)
        r = load_extent(vm, f->template_fd, &t->extents[i]);
    if (r == 0)
        r = template_renew(vm, f, slot);
    if (r < 0)
        return r;
    vm->heap_start = t->heap_start;
    vm->stack_bottom = t->stack_bottom;
    vm->tables = t->tables;
    vm->pool_used = t->pool_used;
    *regs = t->regs;
    regs->rflags = (t->regs.rflags & USER_FLAGS) | X86_RFLAGS_ONE | X86_RFLAGS_IF | X86_RFLAGS_IOPL;
    return 0;
}

void template_load_segments(const struct vm *vm, const struct template_header *t)
{
    vm->run->s.regs.sregs.fs.base = t->fs_base;
    vm->run->s.regs.sregs.gs.base = t->gs_base;
    vm->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
}

int template_load_fpu(const struct vm *vm, const struct template_header *t)
{
    const uint32_t mxcsr_bits = 0xffff;
    if (t->fcw == VM_FCW && t->mxcsr == VM_MXCSR)
        return 0; // as a new vCPU has them
    struct kvm_fpu fpu = {.fcw = t->fcw, .mxcsr = t->mxcsr & mxcsr_bits};
    return ioctl(vm->vcpu_fd, KVM_SET_FPU, &fpu) < 0 ? -errno : 0;
}
