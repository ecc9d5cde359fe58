// SPDX-License-Identifier: BSD-2-Clause
// A picoprocess that goes on from a template: what is believed of the file beyond what every back
// end believes (host/template/open.c), and how the member's memory is made from it.
//
// RAM lies where this program does, so it is made when this program is gone: here its steps are
// planned, each inside RAM, and the stub takes them before it is confined (stub/template.c).

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/x86.h"
#include "host/process/process.h"
#include "host/template/template.h"

// A mapping costs at every later fork(2): smaller ones are read.
#define MAP_MIN    (UINT64_C(1) << 20)
#define PLATFORM   (PV_BOOT_INFO_VA + X86_PAGE)
#define READ_WRITE ((uint32_t)(PROT_READ | PROT_WRITE))

// The vector registers a program may have found and counts on, and whether it sets its thread
// pointer by itself.
uint64_t process_features(const struct family *f)
{
    const uint32_t flags = process_of(f)->stub_flags & (STUB_FSGSBASE | STUB_AVX);
    uint32_t low = 0, high = 0;
    if (flags & STUB_AVX)
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32 | low) << 8 | flags;
}

// Below RAM there are the two pages that are the program's, and nothing else of the file's.
static int extents_fit(const struct template_header *t)
{
    for (uint32_t i = 0; i < t->nram; i++) {
        const struct template_extent *e = &t->extents[i];
        if (e->addr < PV_RAM_VA && (e->addr < PV_SHARED_VA || e->addr + e->len > PLATFORM))
            return 0;
    }
    return 1;
}

int resume_check(const struct family *f, char *err, size_t errlen)
{
    const char *why = NULL;
    if (!extents_fit(f->template))
        why = "damaged";
    else if (f->template->features != process_features(f))
        why = "made on a machine with other vector registers";
    if (why)
        snprintf(err, errlen, "%s: %s", f->opt->template, why);
    return why ? -EINVAL : 0;
}

// ---- the plan ----

struct plan {
    struct stub_step *steps;
    uint32_t n, max;
};

static void plan_step(struct plan *p, struct stub_step step)
{
    if (p->n < p->max)
        p->steps[p->n] = step;
    p->n++;
}

static void plan_map(struct plan *p, uint64_t at, uint64_t len, int fd, uint64_t off)
{
    plan_step(
        p,
        (struct stub_step){
            .what = STEP_MAP, .addr = at, .len = len, .fd = fd, .off = off, .value = READ_WRITE});
}

// What follows the file's bytes in their last page belongs to the file's next part.
static int plan_segment(struct plan *p, const struct family *f, const struct image_seg *s)
{
    const uint64_t skew = s->vaddr % X86_PAGE, end = s->vaddr + s->filesz;
    if (s->vaddr < PV_RAM_VA || s->vaddr > f->opt->mem || s->memsz > f->opt->mem - s->vaddr ||
        s->filesz > s->memsz)
        return -ENOMEM;
    if (!s->filesz)
        return 0;
    plan_map(p, s->vaddr - skew, s->filesz + skew, f->image->fd, s->file_off - skew);
    if (s->memsz > s->filesz && end % X86_PAGE)
        plan_step(p, (struct stub_step){
                         .what = STEP_ZERO, .addr = end, .len = X86_PAGE - end % X86_PAGE});
    return 0;
}

static void plan_extent(struct plan *p, const struct family *f, const struct template_extent *e)
{
    if (e->addr < PV_RAM_VA)
        return; // resume_platform()
    if (e->len >= MAP_MIN || f->rehearsal)
        plan_map(p, e->addr, e->len, f->template_fd, e->off);
    else
        plan_step(p, (struct stub_step){.what = STEP_READ,
                                        .addr = e->addr,
                                        .len = e->len,
                                        .fd = f->template_fd,
                                        .off = e->off});
}

// The pages it will write, or only read, first: one call a piece.
static void plan_touched(struct plan *p, const struct template_header *t)
{
    const uint64_t *page = template_touched(t);
    for (uint32_t i = 0, n; i < t->touched.n; i += n) {
        n = 1;
        if ((page[i] & ~TEMPLATE_WRITTEN) < PV_RAM_VA)
            continue;
        while (i + n < t->touched.n && page[i + n] == page[i] + n * X86_PAGE)
            n++;
        plan_step(p,
                  (struct stub_step){.what = STEP_POPULATE,
                                     .addr = page[i] & ~TEMPLATE_WRITTEN,
                                     .len = n * X86_PAGE,
                                     .value = (page[i] & TEMPLATE_WRITTEN) ? MADV_POPULATE_WRITE
                                                                           : MADV_POPULATE_READ});
    }
}

static void plan_hole(struct plan *p, uint64_t from, uint64_t to)
{
    if (from < to)
        plan_step(p, (struct stub_step){.what = STEP_UNMAP, .addr = from, .len = to - from});
}

// Last: all of RAM could be written until now. What is in no piece of the list is not mapped.
static void plan_rights(struct plan *p, const struct template_header *t)
{
    const struct template_extent *e = template_rights(t);
    uint64_t at = PV_RAM_VA;
    for (uint32_t i = 0; i < t->nrights; at = e[i].addr + e[i].len, i++) {
        plan_hole(p, at, e[i].addr);
        if (e[i].off != READ_WRITE)
            plan_step(p, (struct stub_step){.what = STEP_PROTECT,
                                            .addr = e[i].addr,
                                            .len = e[i].len,
                                            .value = (uint32_t)e[i].off});
    }
    plan_hole(p, at, t->mem);
}

int resume_plan(const struct family *f, struct stub_step *steps, uint32_t max)
{
    const struct template_header *t = f->template;
    const struct elf_program *elf = image_program(f->image, t->program);
    struct plan p = {.steps = steps, .max = max};
    plan_map(&p, PV_RAM_VA, t->mem - PV_RAM_VA, -1, 0);
    for (uint32_t i = 0; i < elf->nsegs; i++)
        if (plan_segment(&p, f, &elf->segs[i]) < 0)
            return -ENOMEM;
    for (uint32_t i = 0; i < t->nram; i++)
        plan_extent(&p, f, &t->extents[i]);
    plan_touched(&p, t);
    plan_rights(&p, t);
    return p.n <= max ? (int)p.n : -E2BIG;
}

// ---- what is not in RAM ----

int resume_platform(const struct family *f, struct pv_shared *shared, struct pv_boot_info *b)
{
    const struct template_header *t = f->template;
    uint8_t pages[2 * X86_PAGE] = {0};
    struct pv_boot_info saved;
    for (uint32_t i = 0; i < t->nram && t->extents[i].addr < PV_RAM_VA; i++) {
        const struct template_extent *e = &t->extents[i];
        const int r =
            template_read(f->template_fd, pages + (e->addr - PV_SHARED_VA), e->len, e->off);
        if (r < 0)
            return r;
    }
    memcpy(shared, pages, sizeof *shared);
    memcpy(&saved, pages + X86_PAGE, sizeof saved);
    // Of what the guest was told only what concerns nobody else; all else is as it is here.
    b->argc = saved.argc;
    b->argv = saved.argv;
    b->envp = saved.envp;
    b->program = t->program;
    b->heap_start = t->heap_start;
    b->heap_end = t->stack_bottom - X86_PAGE_2M;
    b->stack_bottom = t->stack_bottom;
    b->stack_top = t->mem;
    return 0;
}

void resume_state(const struct family *f, struct stub_state *s)
{
    const struct template_header *t = f->template;
    const struct elf_program *elf = image_program(f->image, t->program);
    const struct kvm_regs *r = &t->regs;
    s->flags |= STUB_RESUMES | (f->ready ? STUB_WAITS : 0);
    s->saving = f->rehearsal ? SAVE_BEFORE : SAVE_NOT;
    s->text_tries = UINT32_MAX; // it may have changed its text
    s->nsegs = elf->nsegs;
    memcpy(s->segs, elf->segs, sizeof s->segs);
    s->saved = (struct stub_saved){
        .regs = {.rbx = r->rbx,
                 .r12 = r->r12,
                 .r13 = r->r13,
                 .r14 = r->r14,
                 .r15 = r->r15,
                 .rbp = r->rbp,
                 .r10 = r->r10,
                 .r9 = r->r9,
                 .r8 = r->r8,
                 .rdx = r->rdx,
                 .rsi = r->rsi,
                 .rdi = r->rdi},
        .rsp = r->rsp,
        .fs_base = t->fs_base,
        .gs_base = t->gs_base,
        .timer_deadline = t->timer_deadline,
        .mxcsr = t->mxcsr,
        .fcw = t->fcw,
    };
}
