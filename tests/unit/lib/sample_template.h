// SPDX-License-Identifier: BSD-2-Clause
// sample_template.h: a small good template of the sample image (sample.h), as a struct: for tests
// that damage it (test_template.c) and as the first input of its fuzzer.
#ifndef RAMET_TESTS_SAMPLE_TEMPLATE_H
#define RAMET_TESTS_SAMPLE_TEMPLATE_H

#include "abi/x86.h"
#include "host/kvm/load.h"
#include "host/process/stub/layout.h"
#include "host/template/template.h"
#include "tests/unit/lib/sample.h"

#define SAMPLE_MEM    (UINT64_C(16) << 20)
#define SAMPLE_WINDOW (UINT64_C(4) << 20)

// Header, extents, rights of all below the heap's end and of the stack; then one page of RAM, of
// the program's heap, and one of the window; then the list of pages: a part of the image's data,
// the heap's, two behind it, and the window's.
#define SAMPLE_TOUCHED 5u
struct sample_template {
    _Alignas(struct template_header) uint8_t tables[3 * X86_PAGE];
    uint8_t ram[X86_PAGE], window[X86_PAGE];
    uint64_t touched[SAMPLE_TOUCHED];
};
_Static_assert(sizeof(struct template_header) + 4 * sizeof(struct template_extent) <= 3 * X86_PAGE,
               "room for the tables");

static inline struct template_header *sample_header(struct sample_template *s)
{
    return (struct template_header *)s->tables;
}

static inline void sample_template(struct sample_template *s, const struct image *image)
{
    struct template_header *t = sample_header(s);
    const struct load_args none = {0};
    struct load_layout at;
    memset(s, 0, sizeof *s);
    load_layout(SAMPLE_MEM, image_program(image, 0), &none, &at);
    memcpy(t->magic, TEMPLATE_MAGIC, sizeof t->magic);
    t->version = TEMPLATE_VERSION;
    t->abi = PV_ABI_VERSION;
    strcpy(t->maker, "process");
    t->mem = SAMPLE_MEM;
    t->window_size = SAMPLE_WINDOW;
    t->max_procs = 8;
    t->image_size = image->size;
    t->image_hash = image_hash(image);
    t->nram = t->nwindow = 1;
    t->nrights = 2;
    t->heap_start = at.heap;
    t->stack_bottom = at.stack_bottom;
    strcpy(t->image, "/sample.img");
    t->extents[0] = (struct template_extent){
        .addr = at.heap, .len = X86_PAGE, .off = offsetof(struct sample_template, ram)};
    t->extents[1] = (struct template_extent){
        .addr = X86_PAGE, .len = X86_PAGE, .off = offsetof(struct sample_template, window)};
    t->extents[2] = (struct template_extent){.addr = PV_RAM_VA,
                                             .len = at.stack_bottom - X86_PAGE_2M - PV_RAM_VA,
                                             .off = PV_RIGHT_READ | PV_RIGHT_EXEC};
    t->extents[3] = (struct template_extent){.addr = at.stack_bottom,
                                             .len = SAMPLE_MEM - at.stack_bottom,
                                             .off = PV_RIGHT_READ | PV_RIGHT_WRITE};
    t->touched = (struct template_list){.off = offsetof(struct sample_template, touched),
                                        .n = SAMPLE_TOUCHED};
    const uint64_t touched[SAMPLE_TOUCHED] = {
        image_program(image, 0)->segs[0].vaddr & ~(X86_PAGE - 1), at.heap | TEMPLATE_WRITTEN,
        (at.heap + 2 * X86_PAGE) | TEMPLATE_WRITTEN, (at.heap + 3 * X86_PAGE) | TEMPLATE_WRITTEN,
        PV_WINDOW_VA + X86_PAGE};
    memcpy(s->touched, touched, sizeof touched);
    memset(s->ram, 0x33, sizeof s->ram);
    memset(s->window, 0x44, sizeof s->window);
}

// Whether a step of a picoprocess' start (host/process/resume.c) stays inside RAM, or what it is to
// touch inside the window, with rights that it may have.
static inline int sample_step_fits(const struct stub_step *s, uint64_t mem, uint64_t window)
{
    const uint64_t both = PV_RIGHT_WRITE | PV_RIGHT_EXEC;
    if (s->what == STEP_POPULATE && s->addr >= PV_WINDOW_VA)
        return s->addr - PV_WINDOW_VA <= window && s->len <= window - (s->addr - PV_WINDOW_VA);
    if ((s->what == STEP_MAP || s->what == STEP_PROTECT) &&
        (s->value > 7 || (s->value & both) == both))
        return 0;
    return s->what <= STEP_UNMAP && s->len > 0 && s->addr >= PV_RAM_VA && s->addr <= mem &&
           s->len <= mem - s->addr;
}

#endif
