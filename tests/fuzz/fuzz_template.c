// SPDX-License-Identifier: BSD-2-Clause
// fuzz_template.c: libFuzzer over template files and the image they belong to, both made by whoever
// likes to. What is accepted is loaded: nothing may be mapped or written but the RAM of the VM,
// whatever the two files say.
//
// Real: host/template/open.c, load.c, host/process/resume.c, host/kvm/load.c, image.c, family.c.
// Faked, by the linker's
// --wrap: mmap(), which demands that fixed mappings stay inside RAM; what is around RAM cannot be
// touched; and madvise(), which may be told of RAM and window only.
// An input is a sample image followed by a template (tests/unit/lib/sample_template.h).
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/family/hugemem.h"
#include "host/process/process.h"
#include "tests/unit/lib/sample_template.h"

#define ROOM (UINT64_C(9) << 30) // the largest RAM, and what a program may address behind it

struct input {
    struct sample_image image;
    struct sample_template template;
};

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void *__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off);
int __real_madvise(void *at, size_t len, int advice);
int __wrap_madvise(void *at, size_t len, int advice);

static struct vm vm;
static int image_file = -1, template_file = -1;

static void require(bool promise)
{
    if (!promise)
        abort();
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
    if (vm.mem.ram && (flags & MAP_FIXED)) {
        const uint64_t start = (uint64_t)((uint8_t *)at - vm.mem.ram);
        require((uint8_t *)at >= vm.mem.ram + PV_PLATFORM_VA && start <= vm.mem.ram_size);
        require(len <= vm.mem.ram_size - start && !(prot & PROT_EXEC));
    }
    return __real_mmap(at, len, prot, flags, fd, off);
}

// Whether [at, at + len) is in [start, start + size).
static bool is_inside(const void *at, size_t len, const uint8_t *start, uint64_t size)
{
    const uint64_t off = (uint64_t)((const uint8_t *)at - start);
    return (const uint8_t *)at >= start && off <= size && len <= size - off;
}

int __wrap_madvise(void *at, size_t len, int advice)
{
    const bool in_ram =
        is_inside(at, len, vm.mem.ram + PV_PLATFORM_VA, vm.mem.ram_size - PV_PLATFORM_VA);
    if (vm.mem.window)
        require(in_ram || is_inside(at, len, vm.mem.window, vm.mem.window_size));
    return __real_madvise(at, len, advice);
}

// The tables are what is changed: of the image one time in two, of the template the other: header,
// extents, or the list of pages.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static struct input in;
    if (max_size < sizeof in)
        return 0;
    if (size != sizeof in) {
        struct image image;
        char err[160];
        sample_image(&in.image);
        require(image_parse(&image, (uint8_t *)&in.image, sizeof in.image, err, sizeof err) == 0);
        sample_template(&in.template, &image);
        image_close(&image);
        memcpy(data, &in, sizeof in);
    }
    struct input *to = (struct input *)data;
    uint8_t *part = seed % 2 ? (uint8_t *)&to->image.t.program : (uint8_t *)&to->template;
    const size_t len = seed % 2 ? sizeof to->image.t.program
                       : seed % 4
                           ? offsetof(struct template_header, image)
                           : sizeof(struct template_header) + 4 * sizeof(struct template_extent);
    if (seed % 8 == 4)
        LLVMFuzzerMutate((uint8_t *)to->template.touched, sizeof to->template.touched,
                         sizeof to->template.touched);
    else
        LLVMFuzzerMutate(part, len, len);
    return sizeof in;
}

// What an attacker has right in any case, and where a program can be made to reach beyond RAM.
static void complete(struct input *in, const struct image *image)
{
    struct template_header *t = sample_header(&in->template);
    const struct load_args none = {0};
    struct load_layout at;
    memcpy(t->magic, TEMPLATE_MAGIC, sizeof t->magic);
    t->version = TEMPLATE_VERSION;
    t->abi = PV_ABI_VERSION;
    t->image_size = image->size;
    t->image_hash = image_hash(image);
    t->image[0] = '/';
    t->image[sizeof t->image - 1] = 0;
    if (t->fcw % 2 && load_layout(t->mem, image_program(image, 0), &none, &at) <= 0) {
        t->heap_start = at.heap;
        t->stack_bottom = at.stack_bottom;
    }
}

// What a picoprocess would do with it.
static void plan(struct family *family)
{
    static struct stub_step steps[STUB_STEPS_MAX];
    static struct process_family own;
    struct pv_boot_info b = {0};
    struct pv_shared shared;
    char err[512];
    family->own = &own;
    if (resume_check(family, err, sizeof err) < 0)
        return;
    const int n = resume_plan(family, steps, STUB_STEPS_MAX);
    for (int i = 0; i < n; i++)
        require(sample_step_fits(&steps[i], family->opt->mem, family->opt->window_size));
    if (resume_platform(family, &shared, &b) == 0)
        require(b.stack_top == family->opt->mem && b.heap_end <= b.stack_bottom);
}

static void load(const struct image *image)
{
    char path[64], err[512];
    struct template_header *t;
    struct kvm_regs regs;
    int fd;
    snprintf(path, sizeof path, "/proc/self/fd/%d", template_file);
    struct options opt = {.template = path};
    if (template_open(&opt, &t, &fd, err, sizeof err) < 0)
        return;
    struct family family = {
        .opt = &opt, .image = (struct image *)image, .template = t, .template_fd = fd};
    if (template_check_image(t, image, err, sizeof err) == 0) {
        plan(&family);
        vm.mem.ram_size = opt.mem;
        vm.mem.window_size = opt.window_size;
        if (template_load_ram(&vm, &family, 1, &regs) == 0)
            require(vm.heap_start < vm.stack_bottom && vm.stack_bottom < vm.mem.ram_size &&
                    vm.tables <= 1 && (regs.rflags & 0x3000) == 0x3000);
        vm.mem.ram_size = ROOM;
        require(__real_mmap(vm.mem.ram, ROOM, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
                            0) == vm.mem.ram);
    }
    close(fd);
    free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct input in;
    struct image image;
    char err[160];
    if (size != sizeof in)
        return 0;
    if (image_file < 0) {
        image_file = memfd_create("image", 0);
        template_file = memfd_create("template", 0);
        vm.mem.ram = hugemem_reserve(ROOM);
        vm.mem.window = hugemem_reserve(PV_WINDOW_MAX);
        require(vm.mem.ram != NULL && vm.mem.window != NULL);
    }
    memcpy(&in, data, sizeof in);
    require(pwrite(image_file, &in.image, sizeof in.image, 0) == sizeof in.image);
    if (image_parse(&image, (uint8_t *)&in.image, sizeof in.image, err, sizeof err) < 0)
        return 0;
    image.fd = dup(image_file);
    complete(&in, &image);
    require(pwrite(template_file, &in.template, sizeof in.template, 0) == sizeof in.template);
    load(&image);
    image_close(&image);
    return 0;
}
