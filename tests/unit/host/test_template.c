// SPDX-License-Identifier: BSD-2-Clause
// test_template.c: what is believed of a template file. A good one is opened and loaded; one that
// is damaged or was made with care to harm is refused before anything of it is mapped. And the file
// that a template is saved to, and the list of pages it gets. Links host/template/, host/kvm/load.c
// and what they need.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/family/hugemem.h"
#include "host/family/supervisor.h"
#include "host/kvm/monitor.h"
#include "host/kvm/platform.h"
#include "host/template/rehearse.h"
#include "tests/unit/lib/template_file.h"

#define BEHIND (UINT64_C(1) << 30) // address space after RAM that no template may reach

static int image_file = -1;
static uint8_t *window;

void supervisor_end_signals(sigset_t *set)
{
    sigemptyset(set);
}

void member_die(struct member *m, uint32_t status, const char *why)
{
    (void)m, (void)status, (void)why;
    abort();
}

int supervisor_run(struct family *f, uint32_t program, char *const argv[])
{
    (void)f, (void)program, (void)argv;
    abort();
}

void upcall_limit(struct monitor *m, unsigned us)
{
    (void)m, (void)us;
    abort();
}

int monitor_cover(struct monitor *m)
{
    (void)m;
    abort();
}

// An image file of the sample, as it is now.
static void write_image(void)
{
    image_close(&image);
    CHECK_EQ(image_parse(&image, (const uint8_t *)&sample, sizeof sample, err, sizeof err), 0);
    CHECK_EQ(pwrite(image_file, &sample, sizeof sample, 0), sizeof sample);
    image.fd = dup(image_file);
}

static int load(struct vm *vm)
{
    struct kvm_regs regs;
    struct family family = {
        .opt = &opt, .image = &image, .template = opened, .template_fd = file, .tsc_mult = 5};
    vm->mem.ram_size = opt.mem;
    vm->mem.ram = hugemem_reserve(opt.mem + BEHIND);
    vm->mem.window = window;
    vm->mem.window_size = opt.window_size;
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

static int is_there(const uint8_t *page)
{
    uint8_t vec = 0;
    return mincore((void *)(uintptr_t)page, X86_PAGE, &vec) == 0 && (vec & 1);
}

// What the list names is there before the program runs, and nothing beside it.
static void test_touched_is_there(void)
{
    const uint64_t heap = sample_header(&good)->heap_start;
    struct vm vm = {0};
    CHECK_EQ(madvise(window, SAMPLE_WINDOW, MADV_REMOVE), 0);
    CHECK_EQ(open_it(&good, sizeof good), 0);
    CHECK_EQ(opened->touched.n, SAMPLE_TOUCHED);
    CHECK(!memcmp(template_touched(opened), good.touched, sizeof good.touched));
    CHECK_EQ(load(&vm), 0);
    CHECK(is_there(vm.mem.ram + heap) && is_there(window + X86_PAGE));
    CHECK(!is_there(vm.mem.ram + heap + X86_PAGE) && !is_there(window));
    CHECK(is_there(vm.mem.ram + heap + 2 * X86_PAGE) && is_there(vm.mem.ram + heap + 3 * X86_PAGE));
    CHECK(!is_there(vm.mem.ram + heap + 4 * X86_PAGE));
    CHECK_EQ(vm.mem.ram[heap], 0x33);
    munmap(vm.mem.ram, opt.mem + BEHIND);
    // Nor need there be any.
    bad = good;
    sample_header(&bad)->touched = (struct template_list){0};
    CHECK_EQ(open_it(&bad, sizeof bad), 0);
    CHECK_EQ(load(&vm), 0);
    CHECK(!is_there(vm.mem.ram + heap + 2 * X86_PAGE));
    munmap(vm.mem.ram, opt.mem + BEHIND);
}

// Only pages of RAM and window, ascending; and a list that is in the file.
static void test_touched(void)
{
    const uint64_t heap = sample_header(&good)->heap_start;
    const uint64_t wrong[] = {0,
                              PV_PLATFORM_VA - X86_PAGE,
                              SAMPLE_MEM,
                              SAMPLE_MEM | TEMPLATE_WRITTEN,
                              PV_WINDOW_VA - X86_PAGE,
                              PV_WINDOW_VA + SAMPLE_WINDOW,
                              UINT64_MAX & ~(X86_PAGE - 1),
                              UINT64_MAX,
                              PV_WINDOW_VA + X86_PAGE + 2,
                              heap,
                              (heap + 3 * X86_PAGE) | TEMPLATE_WRITTEN};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bad = good;
        bad.touched[SAMPLE_TOUCHED - 1] = wrong[i];
        CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    }
    const struct template_list lists[] = {
        {.off = sizeof good, .n = 1},
        {.off = sizeof good - 8, .n = 2},
        {.off = UINT64_MAX - 7, .n = 1},
        {.off = offsetof(struct sample_template, touched), .n = SAMPLE_TOUCHED + 1},
        {.off = 0, .n = TEMPLATE_TOUCHED + 1},
        {.off = 0, .n = UINT32_MAX},
    };
    for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        bad = good;
        sample_header(&bad)->touched = lists[i];
        CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    }
}

// ---- a rehearsal ----

static uint32_t find_pages(const struct vm *vm, int pagemap, struct rehearse_list *list,
                           uint32_t max)
{
    list->n = 0;
    list->max = max;
    rehearse_find(pagemap, (uintptr_t)vm->mem.ram + PV_PLATFORM_VA, SAMPLE_MEM - PV_PLATFORM_VA,
                  PV_PLATFORM_VA, list);
    rehearse_find(pagemap, (uintptr_t)vm->mem.window, SAMPLE_WINDOW, PV_WINDOW_VA, list);
    return list->n;
}

// What a process has touched is found, with what it has written told from what it has only read,
// and no more than there is room for.
static void test_find(void)
{
    struct rehearse_list list = rehearse_list();
    struct vm vm = {.mem = {.ram_size = SAMPLE_MEM, .window_size = SAMPLE_WINDOW}};
    const int pagemap = open("/proc/self/pagemap", O_RDONLY);
    vm.mem.ram = mmap(NULL, SAMPLE_MEM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(vm.mem.ram, SAMPLE_MEM, MADV_NOHUGEPAGE);
    vm.mem.window =
        mmap(NULL, SAMPLE_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(mmap(vm.mem.ram + PV_RAM_VA, X86_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
               file, 0) == vm.mem.ram + PV_RAM_VA);
    CHECK_EQ(find_pages(&vm, pagemap, &list, 8), 0);
    vm.mem.ram[0] = 1; // the guest has no memory there
    vm.mem.ram[PV_SHARED_VA] = 1;
    CHECK(*(volatile uint8_t *)(vm.mem.ram + PV_RAM_VA) == 'R');
    vm.mem.ram[SAMPLE_MEM - 1] = 1;
    vm.mem.window[SAMPLE_WINDOW - 1] = 1;
    const uint64_t found[] = {PV_SHARED_VA | TEMPLATE_WRITTEN, PV_RAM_VA,
                              (SAMPLE_MEM - X86_PAGE) | TEMPLATE_WRITTEN,
                              PV_WINDOW_VA + SAMPLE_WINDOW - X86_PAGE};
    CHECK_EQ(find_pages(&vm, pagemap, &list, 8), 4);
    CHECK(!memcmp(list.pages, found, sizeof found));
    CHECK_EQ(find_pages(&vm, pagemap, &list, 3), 3);
    CHECK_EQ(find_pages(&vm, -1, &list, 8), 0); // a host that does not tell
    munmap(vm.mem.ram, SAMPLE_MEM);
    munmap(vm.mem.window, SAMPLE_WINDOW);
    close(pagemap);
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
    memset(sample_header(&bad)->maker, 'x', sizeof sample_header(&bad)->maker);
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    bad = good;
    strcpy(sample_header(&bad)->maker, "\033");
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    bad = good;
    sample_header(&bad)->fs_base = UINT64_C(1) << 47;
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

// ---- the file it is saved to ----

static unsigned count_files(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *p = popen(command, "r");
    unsigned n = 99;
    CHECK(p && fscanf(p, "%u", &n) == 1);
    if (p)
        pclose(p);
    return n;
}

// Nobody else can read it, no link is followed, and of one that was not completed nothing is left.
static void test_output(void)
{
    char folder[] = "/tmp/ramet-test-XXXXXX", name[64], other[64], link_new[64];
    struct family_shared *shared = calloc(1, sizeof *shared);
    struct stat st;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(name, sizeof name, "%s/t", folder);
    snprintf(other, sizeof other, "%s/precious", folder);
    snprintf(link_new, sizeof link_new, "%s/t.new", folder);
    CHECK_EQ(symlink(other, name), 0);
    CHECK_EQ(symlink(other, link_new), 0);
    struct options save = {.until = "x", .output = name, .image = "/"};
    struct family f = {.opt = &save, .image = &image, .shared = shared, .template_fd = -1};
    const mode_t mask = umask(0);
    CHECK_EQ(template_prepare(&f, err, sizeof err), 0);
    umask(mask);
    CHECK(fstat(f.template_fd, &st) == 0 && (st.st_mode & 07777) == 0600);
    CHECK_EQ(count_files(folder), 3);
    shared->first_status = 256; // the program failed
    CHECK_EQ(template_finish(&f, 1), 1);
    close(f.template_fd);
    CHECK_EQ(count_files(folder), 2);
    CHECK_EQ(template_prepare(&f, err, sizeof err), 0);
    shared->saved = 1;
    CHECK_EQ(template_finish(&f, 0), 0);
    CHECK(lstat(name, &st) == 0 && S_ISREG(st.st_mode)); // not through the link
    CHECK(stat(other, &st) < 0);
    close(f.template_fd);
    // Where it cannot be, and for an image that has gone.
    CHECK_EQ(unlink(name), 0);
    save.image = "/nonexistent";
    CHECK_EQ(template_prepare(&f, err, sizeof err), -ENOENT);
    save.output = "/nonexistent/t";
    save.image = "/";
    CHECK_EQ(template_prepare(&f, err, sizeof err), -ENOENT);
    CHECK(strstr(err, "/nonexistent/t: ") != NULL);
    CHECK_EQ(count_files(folder), 1);
    CHECK_EQ(unlink(link_new), 0);
    CHECK_EQ(rmdir(folder), 0);
    free(shared);
}

int main(void)
{
    template_file_make();
    image_file = memfd_create("image", 0);
    write_image();
    sample_template(&good, &image);
    window = mmap(NULL, SAMPLE_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    RUN(test_good);
    RUN(test_program_beyond_ram);
    RUN(test_touched_is_there);
    RUN(test_touched);
    RUN(test_find);
    RUN(test_heap_and_stack);
    RUN(test_extents);
    RUN(test_header);
    RUN(test_output);
    free(opened);
    image_close(&image);
    return check_done("template");
}
