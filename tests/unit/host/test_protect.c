// SPDX-License-Identifier: BSD-2-Clause
// test_protect.c: rights of single pages in the guest's page tables: 2 MB entries split and joined
// again, what is refused, when KVM has to forget, text that a program makes its own. Links
// host/kvm/protect.c and platform.c; the tables are read here as a processor would.
#include <errno.h>
#include <stdlib.h>

#include "abi/x86.h"
#include "host/kvm/platform.h"
#include "host/kvm/protect.h"
#include "tests/unit/lib/check.h"

#define MB    (UINT64_C(1) << 20)
#define RAM   (128 * MB)
#define TEXT  (4 * MB)
#define DATA  (6 * MB)
#define HEAP  (7 * MB)
#define CACHE (RAM + 2 * MB) // guest-physical; nothing else of the arena is needed
#define STACK (120 * MB)
#define GUARD (STACK - X86_PAGE_2M)

#define R  PV_RIGHT_READ
#define RW (PV_RIGHT_READ | PV_RIGHT_WRITE)
#define RX (PV_RIGHT_READ | PV_RIGHT_EXEC)

static const struct elf_program program = {
    .nsegs = 2,
    .segs = {{.vaddr = TEXT, .filesz = MB - 7, .memsz = MB - 7, .flags = IMAGE_SEG_R | IMAGE_SEG_X},
             {.vaddr = DATA, .filesz = 100, .memsz = MB, .flags = IMAGE_SEG_R | IMAGE_SEG_W}}};
static struct vm vm;

static void fresh(void)
{
    static uint8_t *ram;
    free(ram);
    ram = calloc(1, 2 * MB); // the tables; no test touches the memory they map
    vm = (struct vm){.mem = {.ram = ram,
                             .ram_size = RAM,
                             .image = ram + RAM,
                             .image_size = 2 * MB,
                             .window = ram + RAM + 4 * MB,
                             .window_size = 4 * MB},
                     .text = ram + CACHE,
                     .heap_start = HEAP,
                     .stack_bottom = STACK};
    platform_init(&vm, &program, STACK);
}

// The address and rights of the page at va; rights 0 when it is not there.
static uint32_t walk(uint64_t va, uint64_t *pa)
{
    uint64_t table = PLATFORM_TABLES_VA(vm.tables), entry = 0;
    uint32_t rights = RW | RX;
    for (unsigned shift = 39;; shift -= 9) {
        entry = *(const uint64_t *)(vm.mem.ram + table + (va >> shift & 511) * 8);
        if (!(entry & X86_PTE_P) || !(entry & X86_PTE_U))
            return 0;
        rights &= ~((entry & X86_PTE_W) ? 0 : PV_RIGHT_WRITE);
        rights &= ~((entry & X86_PTE_NX) ? PV_RIGHT_EXEC : 0);
        table = entry & X86_PTE_ADDR;
        if (shift == 12 || (entry & X86_PTE_PS)) {
            uint64_t inside = (UINT64_C(1) << shift) - 1;
            // Preset, or each first touch has KVM write to the table.
            CHECK((entry & (X86_PTE_A | X86_PTE_D)) == (X86_PTE_A | X86_PTE_D));
            *pa = (table & ~inside) | (va & inside);
            return rights;
        }
    }
}

static void expect(uint64_t start, uint64_t end, uint32_t rights)
{
    for (uint64_t va = start; va < end; va += X86_PAGE) {
        uint64_t pa = va;
        if (!CHECK_EQ(walk(va, &pa), rights) || !CHECK_EQ(pa, va))
            return;
        CHECK_EQ(protect_writable(&vm, va, X86_PAGE), (rights & PV_RIGHT_WRITE) != 0);
    }
}

static int protect(uint64_t addr, uint64_t len, uint32_t rights)
{
    return protect_pages(&vm, &program, addr, len, rights);
}

static void test_one_page(void)
{
    static const uint32_t all[] = {0, R, RX, RW};
    const uint64_t at = HEAP + 5 * X86_PAGE;
    fresh();
    for (unsigned i = 0; i < 4; i++) {
        CHECK(protect(at, X86_PAGE, all[i]) >= 0);
        expect(at, at + X86_PAGE, all[i]);
        expect(DATA, at, RW);
        expect(at + X86_PAGE, 10 * MB, RW);
        CHECK_EQ(vm.pool_used, all[i] == RW ? 0 : 1); // alike again: one entry again
    }
    expect(TEXT, TEXT + MB, RX);
}

// KVM has to forget what was present and is now different, or hangs on another table.
static void test_stale(void)
{
    const uint64_t at = 8 * MB;
    fresh();
    CHECK_EQ(protect(at, X86_PAGE, RW), 0); // nothing changes
    CHECK_EQ(vm.pool_used, 0);
    CHECK_EQ(protect(at, 2 * X86_PAGE, 0), 1);
    CHECK_EQ(protect(at, X86_PAGE, R), 0); // was not present
    CHECK_EQ(protect(at, X86_PAGE, R), 0);
    CHECK_EQ(protect(at, X86_PAGE, RW), 1);
    CHECK_EQ(protect(at + X86_PAGE, X86_PAGE, RW), 1); // the table goes away
    CHECK_EQ(protect(at, 2 * MB, 0), 1);
    CHECK_EQ(protect(at, 2 * MB, RX), 0);
    CHECK_EQ(protect(at, 2 * MB, RX), 0);
    CHECK_EQ(vm.pool_used, 0);
}

static void test_large(void)
{
    fresh();
    CHECK_EQ(protect(HEAP, 10 * MB + X86_PAGE, R), 1);
    CHECK_EQ(vm.pool_used, 3); // both ends
    expect(DATA, HEAP, RW);
    expect(HEAP, HEAP + 10 * MB + X86_PAGE, R);
    expect(HEAP + 10 * MB + X86_PAGE, GUARD, RW);
    CHECK_EQ(protect(9 * MB, X86_PAGE, 0), 1);
    CHECK_EQ(vm.pool_used, 7);
    CHECK_EQ(protect(8 * MB, 2 * MB, R), 1);
    CHECK_EQ(vm.pool_used, 3);
    CHECK_EQ(protect(DATA, GUARD - DATA, RW), 1);
    CHECK_EQ(vm.pool_used, 0);
    expect(DATA, GUARD, RW);
    CHECK_EQ(protect(STACK, RAM - STACK, R), 1);
    expect(STACK, RAM, R);
}

static void test_refused(void)
{
    static const uint64_t wrong[][2] = {
        {0, X86_PAGE},
        {PV_PLATFORM_VA, X86_PAGE},
        {PLATFORM_POOL_VA, X86_PAGE},
        {PV_RAM_VA, X86_PAGE},            // before the first segment
        {TEXT - X86_PAGE, 2 * X86_PAGE},  // begins there
        {TEXT + MB, X86_PAGE},            // mapped with the text, but none of it
        {TEXT, 2 * MB},                   // so this goes too far
        {GUARD - X86_PAGE, 2 * X86_PAGE}, // into the guard
        {GUARD, X86_PAGE},
        {STACK - X86_PAGE, X86_PAGE},
        {RAM, X86_PAGE},
        {RAM - X86_PAGE, 2 * X86_PAGE},
        {HEAP + 1, X86_PAGE},
        {HEAP, 1},
        {HEAP, UINT64_MAX - 4095},
        {UINT64_MAX - 4095, 2 * X86_PAGE},
        {PV_IMAGE_VA, X86_PAGE},
        {PV_WINDOW_VA, X86_PAGE},
    };
    fresh();
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (!CHECK_EQ(protect(wrong[i][0], wrong[i][1], R), -EINVAL))
            fprintf(stderr, "    range %u\n", i);
    CHECK_EQ(protect(HEAP, X86_PAGE, PV_RIGHT_WRITE), -EINVAL);
    CHECK_EQ(protect(HEAP, X86_PAGE, PV_RIGHT_EXEC), -EINVAL);
    CHECK_EQ(protect(HEAP, X86_PAGE, 8 | R), -EINVAL);
    CHECK_EQ(protect(HEAP, X86_PAGE, RW | RX), -EACCES);
    CHECK_EQ(vm.pool_used, 0);
    expect(DATA, GUARD, RW);
}

// Without a table for both ends neither is touched.
static void test_no_table(void)
{
    fresh();
    for (unsigned i = 0; i + 1 < PLATFORM_POOL_TABLES; i++)
        CHECK_EQ(protect((8 + 2 * i) * MB, X86_PAGE, R), 1);
    const uint64_t at = (8 + 2 * PLATFORM_POOL_TABLES) * MB;
    CHECK_EQ(protect(at - X86_PAGE, 2 * X86_PAGE, R), -ENOMEM);
    expect(at - X86_PAGE, at + X86_PAGE, RW);
    CHECK_EQ(protect(at, X86_PAGE, R), 1);
    CHECK_EQ(protect(at + 2 * MB, X86_PAGE, R), -ENOMEM);
    CHECK_EQ(protect(8 * MB, X86_PAGE, RW), 1);
    CHECK_EQ(protect(at + 2 * MB, X86_PAGE, R), 1);
}

static void test_writable(void)
{
    fresh();
    CHECK(protect_writable(&vm, GUARD - 100, 100));
    CHECK(!protect_writable(&vm, GUARD - 100, 101));
    CHECK(!protect_writable(&vm, STACK - 8, 16));
    CHECK(!protect_writable(&vm, TEXT, 1));
    CHECK_EQ(protect(HEAP, X86_PAGE, R), 1);
    CHECK(!protect_writable(&vm, HEAP - 100, 200));
    CHECK(!protect_writable(&vm, HEAP + X86_PAGE - 1, 2));
    CHECK(protect_writable(&vm, HEAP + X86_PAGE, 1));
}

static void share_text(void)
{
    struct textcache_plan plan;
    textcache_plan(&program, &plan);
    platform_map_text(&vm, &plan, 0);
}

static void expect_text(uint64_t base, uint32_t rights, uint32_t first_page)
{
    uint64_t pa = 0;
    CHECK_EQ(walk(TEXT, &pa), first_page);
    CHECK_EQ(pa, base);
    CHECK_EQ(walk(TEXT + X86_PAGE, &pa), rights);
    CHECK_EQ(pa, base + X86_PAGE);
}

// Text from the cache: other rights leave it there, the right to write does not, and what was
// written is not covered by the cache again, in a clone for instance.
static void test_text(void)
{
    fresh();
    share_text();
    expect_text(CACHE, RX, RX);
    CHECK_EQ(protect(TEXT, X86_PAGE, R), 1);
    expect_text(CACHE, RX, R);
    share_text();
    expect_text(CACHE, RX, R);
    CHECK_EQ(protect(TEXT, X86_PAGE, RW), 1);
    expect_text(TEXT, RX, RW);
    CHECK_EQ(protect(TEXT, X86_PAGE, RX), 1);
    CHECK_EQ(vm.pool_used, 0);
    share_text();
    expect_text(TEXT, RX, RX);
    // The next program starts from its image.
    fresh();
    share_text();
    expect_text(CACHE, RX, RX);
}

// Tables from a template's file can be anything: nothing outside the pool is read or written.
static void test_foreign_tables(void)
{
    static const uint64_t strange[] = {0,
                                       0x1000,
                                       PLATFORM_POOL_VA - X86_PAGE,
                                       PLATFORM_POOL_VA + PLATFORM_POOL_TABLES * X86_PAGE,
                                       PV_WINDOW_VA,
                                       X86_PTE_ADDR};
    fresh();
    uint64_t *entry = (uint64_t *)(vm.mem.ram + PLATFORM_TABLES_VA(0) + PLATFORM_PD_RAM) + 4;
    vm.pool_used = UINT32_MAX;
    CHECK_EQ(protect(8 * MB, X86_PAGE, R), -ENOMEM);
    vm.pool_used = UINT32_MAX << PLATFORM_POOL_TABLES;
    for (unsigned i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        *entry = strange[i] | PLATFORM_PTE_TABLE;
        CHECK(protect_writable(&vm, 8 * MB, 16));
        CHECK(protect(8 * MB, X86_PAGE, R) >= 0);
        CHECK(protect(8 * MB, X86_PAGE, RW) >= 0);
        CHECK(protect(8 * MB, 2 * MB, R) >= 0);
    }
}

int main(void)
{
    RUN(test_one_page);
    RUN(test_stale);
    RUN(test_large);
    RUN(test_refused);
    RUN(test_no_table);
    RUN(test_writable);
    RUN(test_text);
    RUN(test_foreign_tables);
    return check_done("protect");
}
