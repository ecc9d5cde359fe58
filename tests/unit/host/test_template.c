// SPDX-License-Identifier: BSD-2-Clause
// test_template.c: what is believed of a template file. A good one is opened and loaded; one that
// is damaged or was made with care to harm is refused before anything of it is mapped. Links
// host/template/load.c, host/kvm/load.c and what they need.
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/family/hugemem.h"
#include "host/kvm/platform.h"
#include "tests/unit/lib/check.h"
#include "tests/unit/lib/sample_template.h"

#define BEHIND (UINT64_C(1) << 30) // address space after RAM that no template may reach

static struct sample_image sample;
static struct sample_template good, bad;
static struct image image;
static struct options opt;
static struct template_header *opened;
static char err[512];
static char path[64];
static int file = -1, image_file = -1;

// An image file of the sample, as it is now.
static void write_image(void)
{
    image_close(&image);
    CHECK_EQ(image_parse(&image, (const uint8_t *)&sample, sizeof sample, err, sizeof err), 0);
    CHECK_EQ(pwrite(image_file, &sample, sizeof sample, 0), sizeof sample);
    image.fd = dup(image_file);
}

static int open_it(const struct sample_template *t, size_t size)
{
    int fd = -1;
    CHECK_EQ(ftruncate(file, 0), 0);
    CHECK_EQ(pwrite(file, t, size, 0), size);
    free(opened);
    opened = NULL;
    opt = (struct options){.template = path};
    int r = template_open(&opt, &opened, &fd, err, sizeof err);
    if (r == 0)
        close(fd);
    return r == 0 ? template_check_image(opened, &image, err, sizeof err) : r;
}

static int load(struct vm *vm)
{
    struct kvm_regs regs;
    struct family family = {
        .opt = &opt, .image = &image, .template = opened, .template_fd = file, .tsc_mult = 5};
    vm->mem.ram_size = opt.mem;
    vm->mem.ram = hugemem_reserve(opt.mem + BEHIND);
    return template_load_ram(vm, &family, 1, &regs);
}

static void test_good(void)
{
    struct vm vm = {0};
    CHECK_EQ(open_it(&good, sizeof good), 0);
    CHECK_EQ(opt.mem, SAMPLE_MEM);
    CHECK_EQ(load(&vm), 0);
    CHECK_EQ(vm.heap_start, sample_header(&good)->heap_start);
    CHECK_EQ(vm.mem.ram[vm.heap_start], 0x33);
    CHECK_EQ(platform_boot_info(&vm)->slot, 1);
    munmap(vm.mem.ram, opt.mem + BEHIND);
}

// A program that is linked to the end of the addresses a program may use, in RAM that ends long
// before: its bytes would be mapped over whatever the host process has behind the guest's memory.
static void test_program_beyond_ram(void)
{
    struct image_seg *data = &sample.t.program.segs[2];
    const uint64_t vaddr = data->vaddr;
    struct vm vm = {0};
    data->vaddr = IMAGE_VADDR_MAX - 4 * IMAGE_PAGE;
    sample.t.program.tls = (struct image_tls){0};
    write_image();
    bad = good;
    sample_header(&bad)->image_hash = image_hash(&image);
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    CHECK(strstr(err, "damaged") != NULL);
    // Nor does the loader itself map what is not inside.
    CHECK_EQ(load(&vm), -ENOMEM);
    uint8_t vec;
    CHECK(vm.mem.ram && mincore(vm.mem.ram + data->vaddr, IMAGE_PAGE, &vec) == 0 && !(vec & 1));
    munmap(vm.mem.ram, opt.mem + BEHIND);
    sample_image(&sample);
    CHECK_EQ(data->vaddr, vaddr);
    write_image();
    sample_header(&good)->image_hash = image_hash(&image);
}

// Heap and stack are where a cold start has them: RELEASE and PROTECT go by them.
static void test_heap_and_stack(void)
{
    const uint64_t wrong[] = {0, PV_RAM_VA, SAMPLE_MEM, SAMPLE_MEM + 1, UINT64_MAX};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bad = good;
        sample_header(&bad)->heap_start = wrong[i];
        CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
        bad = good;
        sample_header(&bad)->stack_bottom = wrong[i];
        CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    }
}

static void test_extents(void)
{
    const struct template_extent *e = sample_header(&good)->extents;
    const struct template_extent wrong[] = {
        {0, X86_PAGE, e->off},                         // below RAM
        {SAMPLE_MEM, X86_PAGE, e->off},                // behind it
        {SAMPLE_MEM - X86_PAGE, 2 * X86_PAGE, e->off}, // over its end
        {e->addr, UINT64_MAX & ~(X86_PAGE - 1), e->off},
        {e->addr + 1, X86_PAGE, e->off},
        {e->addr, 0, e->off},
        {e->addr, X86_PAGE, sizeof good},
        {e->addr, X86_PAGE, UINT64_MAX & ~(X86_PAGE - 1)},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bad = good;
        sample_header(&bad)->extents[0] = wrong[i];
        CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    }
    bad = good;
    sample_header(&bad)->extents[1].addr = SAMPLE_WINDOW;
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    bad = good;
    sample_header(&bad)->nram = 0; // both are the window's: not ascending
    sample_header(&bad)->nwindow = 2;
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
}

static void test_header(void)
{
    for (size_t size = 0; size < sizeof good; size += 500)
        CHECK_EQ(open_it(&good, size), -EINVAL);
    bad = good;
    sample_header(&bad)->program = 1;
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    bad = good;
    sample_header(&bad)->image_hash++;
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    bad = good;
    sample_header(&bad)->mem = UINT64_C(1) << 40;
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    bad = good;
    sample_header(&bad)->pool_used = UINT32_MAX;
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    bad = good;
    memset(sample_header(&bad)->image, 'x', sizeof sample_header(&bad)->image);
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
}

int main(void)
{
    file = memfd_create("template", 0);
    image_file = memfd_create("image", 0);
    image.fd = -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    sample_image(&sample);
    write_image();
    sample_template(&good, &image);
    RUN(test_good);
    RUN(test_program_beyond_ram);
    RUN(test_heap_and_stack);
    RUN(test_extents);
    RUN(test_header);
    free(opened);
    image_close(&image);
    return check_done("template");
}
