// SPDX-License-Identifier: BSD-2-Clause
// test_load.c: loading the sample image's program into RAM: segments with their rights in the
// page tables, zeroed .bss, boot_info, arguments where a C program looks for them, fresh RAM at
// every exec. Links host/kvm/load.c, platform.c, textcache.c, image.c, host/image/check.c, elf.c
// and vm.c.
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/family/hugemem.h"
#include "host/kvm/load.h"
#include "host/kvm/platform.h"
#include "tests/unit/lib/check.h"
#include "tests/unit/lib/sample.h"

#define MB (UINT64_C(1) << 20)

static struct options opt = {.mem = 32 * MB};
static struct image image;
static struct family family = {.opt = &opt, .image = &image, .cpus = 3, .tsc_mult = 5};
static struct vm vm = {.mem = {.window_size = 4 * MB, .image_size = sizeof(struct sample_image)}};

static void set_up(void)
{
    static struct sample_image sample;
    char err[160] = "";
    sample_image(&sample);
    memset(sample.elf.text, 0x90, sizeof sample.elf.text);
    // All of the data page: what lies behind the segment's bytes in the file must not be seen.
    memset(sample.elf.data, 0x55, sizeof sample.elf.data);
    CHECK_EQ(image_parse(&image, (const uint8_t *)&sample, sizeof sample, err, sizeof err), 0);
    CHECK_STR(err, "");
    image.fd = memfd_create("image", 0);
    CHECK_EQ(pwrite(image.fd, &sample, sizeof sample, 0), sizeof sample);
    // One arena, as family.c lays it out.
    vm.mem.ram = hugemem_reserve(opt.mem + vm.mem.window_size + 2 * MB);
    CHECK(vm.mem.ram != NULL);
    vm.mem.ram_size = opt.mem;
    vm.mem.window = vm.mem.ram + vm.mem.ram_size;
    vm.mem.image = vm.mem.window + vm.mem.window_size;
}

static int load(const struct load_args *args, struct kvm_regs *regs)
{
    return load_program(&vm, &family, 4, 0, args, regs);
}

static void pack(struct load_args *args)
{
    static char *const argv[] = {"/bin/sh", "-c", "", "a b", NULL};
    static char *const envp[] = {"A=1", "B=", NULL};
    CHECK_EQ(load_args_pack(args, argv, envp), 0);
}

// The entry that decides about the page at va, or 0.
static uint64_t entry_of(uint64_t va)
{
    uint64_t table = PLATFORM_TABLES_VA(vm.tables), entry = 0;
    for (unsigned shift = 39; shift >= 12; shift -= 9) {
        entry = *(const uint64_t *)(vm.mem.ram + table + (va >> shift & 511) * 8);
        if (!(entry & X86_PTE_P) || (entry & X86_PTE_PS))
            break;
        table = entry & X86_PTE_ADDR;
    }
    return (entry & X86_PTE_P) ? entry : 0;
}

static void test_args_pack(void)
{
    struct load_args args;
    pack(&args);
    CHECK_EQ(args.argc, 4);
    CHECK_EQ(args.envc, 2);
    CHECK_EQ(args.len, sizeof "/bin/sh\0-c\0\0a b\0A=1\0B=");
    CHECK(!memcmp(args.strings, "/bin/sh\0-c\0\0a b\0A=1\0B=", args.len));
    CHECK(load_args_valid(&args));
    free(args.strings);
    CHECK_EQ(load_args_pack(&args, (char *const[]){NULL}, NULL), 0);
    CHECK_EQ(args.len, 0);
    CHECK(load_args_valid(&args));
    free(args.strings);
    char *big = malloc(PV_ARG_MAX + 1);
    memset(big, 'x', PV_ARG_MAX);
    big[PV_ARG_MAX] = 0;
    CHECK_EQ(load_args_pack(&args, (char *const[]){big, NULL}, NULL), -E2BIG);
    big[PV_ARG_MAX - 1] = 0;
    CHECK_EQ(load_args_pack(&args, (char *const[]){big, NULL}, NULL), 0);
    free(args.strings);
    free(big);
}

static void test_args_valid(void)
{
    CHECK(load_args_valid(&(struct load_args){"a\0b", 4, 1, 1, NULL}));
    CHECK(load_args_valid(&(struct load_args){"\0", 2, 2, 0, NULL}));
    CHECK(!load_args_valid(&(struct load_args){"a\0b", 3, 1, 1, NULL})); // no end
    CHECK(!load_args_valid(&(struct load_args){"a\0b", 4, 1, 0, NULL})); // one too many
    CHECK(!load_args_valid(&(struct load_args){"a\0b", 4, 2, 1, NULL})); // one missing
    CHECK(!load_args_valid(&(struct load_args){"a\0b", 4, UINT32_MAX, 3, NULL}));
    CHECK(!load_args_valid(&(struct load_args){"", 0, 1, 0, NULL}));
}

static void test_segments(void)
{
    const struct elf_program *p = image_program(&image, 0);
    struct kvm_regs regs;
    struct load_args args;
    pack(&args);
    CHECK_EQ(load(&args, &regs), 0);
    CHECK_EQ(regs.rip, p->entry);
    CHECK_EQ(regs.rdi, PV_BOOT_INFO_VA);
    CHECK_EQ(vm.mem.ram[p->segs[1].vaddr], 0x90);
    const uint8_t *data = vm.mem.ram + p->segs[2].vaddr;
    CHECK_EQ(data[p->segs[2].filesz - 1], 0x55);
    for (uint64_t i = p->segs[2].filesz; i < p->segs[2].memsz; i++)
        if (!CHECK_EQ(data[i], 0))
            break;
    free(args.strings);
}

static void test_boot_info(void)
{
    struct kvm_regs regs;
    struct load_args args;
    pack(&args);
    family.booted = 0;
    CHECK_EQ(load(&args, &regs), 0);
    const struct pv_boot_info *b = platform_boot_info(&vm);
    uint8_t seed[sizeof b->seed];
    memcpy(seed, b->seed, sizeof seed);
    CHECK_EQ(b->abi_version, PV_ABI_VERSION);
    CHECK_EQ(b->slot, 4);
    CHECK_EQ(b->first, 1);
    CHECK_EQ(b->ram_end, opt.mem);
    CHECK_EQ(b->stack_top, opt.mem);
    CHECK(b->heap_start < b->heap_end && b->heap_end < b->stack_bottom);
    CHECK_EQ(b->cpus, 3);
    family.booted = 1;
    CHECK_EQ(load(&args, &regs), 0);
    CHECK_EQ(b->first, 0);
    CHECK(memcmp(seed, b->seed, sizeof seed)); // each program has entropy of its own
    free(args.strings);
}

static void test_arguments(void)
{
    static const char *const want[] = {"/bin/sh", "-c", "", "a b", NULL, "A=1", "B=", NULL};
    struct kvm_regs regs;
    struct load_args args;
    pack(&args);
    CHECK_EQ(load(&args, &regs), 0);
    const struct pv_boot_info *b = platform_boot_info(&vm);
    const uint64_t *v = (const uint64_t *)(vm.mem.ram + b->argv);
    CHECK_EQ(b->argc, 4);
    CHECK_EQ(b->envp, b->argv + 5 * 8);
    CHECK(regs.rsp % 16 == 0 && regs.rsp <= b->argv && regs.rsp > b->stack_bottom);
    for (unsigned i = 0; i < 8; i++) {
        if (want[i])
            CHECK_STR((const char *)vm.mem.ram + v[i], want[i]);
        else
            CHECK_EQ(v[i], 0);
    }
    free(args.strings);
}

static void test_rights(void)
{
    const struct elf_program *p = image_program(&image, 0);
    const struct pv_boot_info *b = platform_boot_info(&vm);
    const uint64_t user = X86_PTE_U, write = X86_PTE_W;
    uint64_t heap = entry_of(b->heap_start), stack = entry_of(b->stack_top - 1);
    CHECK_EQ(entry_of(0), 0);
    CHECK_EQ(entry_of(PV_PLATFORM_VA - 1), 0);
    CHECK_EQ(entry_of(b->stack_bottom - 1), 0); // the guard
    CHECK_EQ(entry_of(b->heap_end), 0);
    CHECK((heap & user) && (heap & write) && (heap & X86_PTE_NX));
    CHECK((stack & user) && (stack & write) && (stack & X86_PTE_NX));
    CHECK((entry_of(PV_CALL_VA) & (user | write | X86_PTE_NX)) == user);
    CHECK((entry_of(PV_SHARED_VA) & (user | write)) == (user | write));
    CHECK((entry_of(PV_BOOT_INFO_VA) & (user | write)) == user);
    CHECK((entry_of(PV_IMAGE_VA) & (user | write | X86_PTE_NX)) == (user | X86_PTE_NX));
    CHECK((entry_of(PV_WINDOW_VA) & (user | write | X86_PTE_NX)) == (user | write | X86_PTE_NX));
    CHECK_EQ(entry_of(PV_WINDOW_VA + vm.mem.window_size), 0);
    for (uint64_t va = PV_PLATFORM_VA; va < PV_DMA_VA; va += X86_PAGE)
        if (va < PV_CALL_VA || va > PV_BOOT_INFO_VA)
            CHECK_EQ(entry_of(va) & user, 0);
    // The sample's three segments share 2 MB, which no linker script of ours does: the last one
    // wins.
    CHECK((entry_of(p->segs[2].vaddr) & (user | write)) == (user | write));
}

static void test_exec_starts_afresh(void)
{
    const struct pv_boot_info *b = platform_boot_info(&vm);
    const uint64_t places[] = {b->heap_start + MB, b->stack_top - MB,
                               image_program(&image, 0)->segs[2].vaddr + 2048};
    struct kvm_regs regs;
    struct load_args none = {.strings = (char[1]){0}};
    for (unsigned i = 0; i < 3; i++)
        vm.mem.ram[places[i]] = 0xee;
    CHECK_EQ(load(&none, &regs), 0);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(vm.mem.ram[places[i]], 0);
    CHECK_EQ(b->argc, 0);
    const uint64_t *v = (const uint64_t *)(vm.mem.ram + b->argv);
    CHECK(v[0] == 0 && v[1] == 0);
    struct load_args only_env = {.strings = (char[]){"A=1"}, .len = 4, .envc = 1};
    CHECK_EQ(load(&only_env, &regs), 0);
    v = (const uint64_t *)(vm.mem.ram + b->argv);
    CHECK(b->envp == b->argv + 8 && v[0] == 0 && v[2] == 0);
    CHECK(v[1] && !strcmp((const char *)vm.mem.ram + v[1], "A=1"));
}

static void test_no_room(void)
{
    struct kvm_regs regs;
    struct load_args none = {.strings = (char[1]){0}};
    struct load_layout at;
    const struct elf_program *elf = image_program(&image, 0);
    CHECK_EQ(load_layout(vm.mem.ram_size, elf, &none, &at), 0);
    CHECK_EQ(at.heap, vm.heap_start);
    uint8_t *place = vm.mem.ram + vm.heap_start;
    *place = 0xee;
    vm.mem.ram_size = 6 * MB;
    CHECK_EQ(load_layout(vm.mem.ram_size, elf, &none, &at), -ENOMEM);
    CHECK_EQ(load(&none, &regs), -ENOMEM);
    CHECK_EQ(*place, 0xee); // the caller of an exec that cannot be is as it was
    vm.mem.ram_size = opt.mem;
}

// What the guest may release or protect is where the host's own note says, not where boot_info
// does; each program has all tables for it.
static void test_noted(void)
{
    struct kvm_regs regs;
    struct load_args none = {.strings = (char[1]){0}};
    vm.pool_used = 5;
    CHECK_EQ(load(&none, &regs), 0);
    CHECK_EQ(vm.heap_start, platform_boot_info(&vm)->heap_start);
    CHECK_EQ(vm.stack_bottom, platform_boot_info(&vm)->stack_bottom);
    CHECK_EQ(vm.pool_used, 0);
}

// A child that got no RAM: nothing else is mapped into the hole, and a program can be loaded.
static void test_reserve(void)
{
    struct kvm_regs regs;
    struct load_args none = {.strings = (char[1]){0}};
    const uint64_t size = opt.mem - PV_PLATFORM_VA;
    CHECK_EQ(munmap(vm.mem.ram + PV_PLATFORM_VA, size), 0);
    CHECK_EQ(load_reserve(&vm), 0);
    void *other = mmap(vm.mem.ram + PV_RAM_VA, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(other < (void *)vm.mem.ram || other >= (void *)(vm.mem.ram + opt.mem));
    CHECK_EQ(load(&none, &regs), 0);
    munmap(other, 4096);
}

static void test_text_plan(void)
{
    struct elf_program p = {.nsegs = 2,
                            .segs = {{.vaddr = 2 * MB, .filesz = MB, .memsz = MB, .flags = 5},
                                     {.vaddr = 4 * MB, .filesz = MB, .memsz = MB, .flags = 6}}};
    struct textcache_plan plan;
    textcache_plan(&p, &plan);
    CHECK_EQ(plan.pages, 1);
    CHECK_EQ(plan.n, 1);
    CHECK_EQ(plan.unit[0].va, 2 * MB);
    // Data in the same 2 MB as text would be mapped from the cache with it.
    p.segs[1].vaddr = 3 * MB;
    textcache_plan(&p, &plan);
    CHECK_EQ(plan.pages, 0);
    p.segs[1].vaddr = 2 * MB + MB + 4096;
    p.segs[1].memsz = 8 * MB;
    textcache_plan(&p, &plan);
    CHECK_EQ(plan.pages, 0);
}

int main(void)
{
    set_up();
    RUN(test_args_pack);
    RUN(test_args_valid);
    RUN(test_segments);
    RUN(test_boot_info);
    RUN(test_arguments);
    RUN(test_rights);
    RUN(test_exec_starts_afresh);
    RUN(test_no_room);
    RUN(test_noted);
    RUN(test_reserve);
    RUN(test_text_plan);
    return check_done("load");
}
