// SPDX-License-Identifier: BSD-2-Clause
// PROTECT: every set of rights, single pages and large ranges, everywhere it works and where not.

#include "tests/pv/pv.h"

#define R  PV_RIGHT_READ
#define RW (PV_RIGHT_READ | PV_RIGHT_WRITE)
#define RX (PV_RIGHT_READ | PV_RIGHT_EXEC)

static uint8_t own[3 * 4096] __attribute__((aligned(4096))) = {1};
// Whether the page at `at`, which begins with a return instruction, may be used so and no other
// way.
static int is(uint64_t at, uint32_t rights)
{
    const uint32_t bit[] = {[READ] = R, [WRITE] = PV_RIGHT_WRITE, [FETCH] = PV_RIGHT_EXEC};
    for (enum access how = READ; how <= FETCH; how++)
        if (!((rights & bit[how]) ? allowed(how, at) : faults(how, at)))
            return 0;
    return 1;
}

// Three pages: the middle one changes, its neighbours do not. Ends with the rights it began with.
static void everywhere(const char *name, uint64_t at, uint32_t usual)
{
    static const uint32_t all[] = {0, R, RW, RX, 0, RX, R, 0, RW, R, RX, RW};
    const uint64_t page = at + X86_PAGE;
    test(name);
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        WANT_EQ(protect(page, X86_PAGE, all[i]), 0);
        WANT(is(page, all[i]));
        WANT(is(page - 8, usual) && is(page + X86_PAGE, usual));
    }
    WANT_EQ(protect(page, X86_PAGE, usual), 0);
    WANT(is(page, usual));
}

static void fill(uint64_t at, uint64_t len)
{
    memset((void *)at, 0xc3, len);
}

static void large(void)
{
    const uint64_t start = boot->heap_start + X86_PAGE, len = 2 * X86_PAGE_2M + X86_PAGE;
    test("protect large ranges");
    for (uint64_t at = start; at < start + len; at += 16 * X86_PAGE)
        *(uint8_t *)at = 0xc3;
    WANT_EQ(protect(start, len, R), 0);
    for (uint64_t at = start; at < start + len; at += 16 * X86_PAGE)
        WANT(is(at, R));
    WANT(is(start - 8, RW) && allowed(WRITE, start + len));
    WANT_EQ(protect(start + X86_PAGE_2M, X86_PAGE, 0), 0);
    WANT(is(start + X86_PAGE_2M, 0) && allowed(READ, start + X86_PAGE_2M + X86_PAGE));
    WANT_EQ(protect(start, len, RW), 0);
    for (uint64_t at = start; at < start + len; at += 16 * X86_PAGE)
        WANT(is(at, RW) && *(uint8_t *)at == 0xc3);
}

static void released(void)
{
    const uint64_t at = boot->heap_start + 8 * X86_PAGE;
    test("protect and release");
    fill(at, 2 * X86_PAGE);
    WANT_EQ(protect(at, X86_PAGE, 0), 0);
    WANT_EQ(protect(at + X86_PAGE, X86_PAGE, R), 0);
    WANT_EQ(release(at, 2 * X86_PAGE), 0);
    WANT(is(at, 0) && faults(WRITE, at + X86_PAGE));
    WANT(all_bytes((void *)(at + X86_PAGE), 0, X86_PAGE));
    WANT_EQ(protect(at, 2 * X86_PAGE, RW), 0);
    WANT(all_bytes((void *)at, 0, 2 * X86_PAGE));
}

static void text(void)
{
    uint8_t *p = text_pages;
    test("protect text");
    WANT(is((uintptr_t)p, RX));
    WANT_EQ(protect((uintptr_t)p, X86_PAGE, RW), 0);
    WANT(is((uintptr_t)p, RW));
    p[1] = 0x77;
    WANT_EQ(protect((uintptr_t)p, X86_PAGE, RX), 0);
    WANT(is((uintptr_t)p, RX));
    WANT_EQ(p[1], 0x77);
}

static void errors(void)
{
    const uint64_t at = boot->heap_start + 4 * X86_PAGE;
    test("protect errors");
    for (uint32_t rights = 0; rights < 8; rights++)
        if (rights && !(rights & R))
            WANT_EQ(protect(at, X86_PAGE, rights), -EINVAL);
    WANT_EQ(protect(at, X86_PAGE, RW | RX), -EACCES);
    WANT_EQ(protect(at, X86_PAGE, R | 8), -EINVAL);
    WANT_EQ(protect(at + 8, X86_PAGE, R), -EINVAL);
    WANT_EQ(protect(at, X86_PAGE + 8, R), -EINVAL);
    WANT_EQ(protect(at, UINT64_MAX - 4095, R), -EINVAL);
    const uint64_t wrong[] = {0,
                              PV_PLATFORM_VA,
                              PV_CALL_VA,
                              PV_SHARED_VA,
                              PV_BOOT_INFO_VA,
                              PV_DMA_VA,
                              PV_RAM_VA, // before the program's first segment
                              boot->stack_bottom - X86_PAGE,
                              boot->ram_end,
                              PV_IMAGE_VA,
                              PV_WINDOW_VA,
                              INT64_MAX - 4095,
                              UINT64_MAX - 4095};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        WANT_EQ(protect(wrong[i], X86_PAGE, R), -EINVAL);
    WANT_EQ(protect(boot->heap_end - X86_PAGE, 2 * X86_PAGE, R), -EINVAL);
    WANT(allowed(WRITE, boot->heap_end - 1) && allowed(WRITE, at));
}

void rights_checks(void)
{
    uint64_t heap = boot->heap_start + 16 * X86_PAGE, stack = boot->stack_bottom;
    fill(heap, 3 * X86_PAGE);
    fill(stack, 3 * X86_PAGE);
    fill((uintptr_t)own, sizeof own);
    everywhere("protect heap", heap, RW);
    everywhere("protect stack", stack, RW);
    everywhere("protect data", (uintptr_t)own, RW);
    large();
    released();
    text();
    errors();
}
