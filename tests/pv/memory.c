// SPDX-License-Identifier: BSD-2-Clause
// The memory map: what is where, what may be done with it, what faults; RELEASE.

#include "tests/pv/pv.h"

static uint8_t data[16] = {0xc3}; // a return instruction

static void segments(void)
{
    test("map text is not writable");
    WANT(allowed(READ, (uintptr_t)text_pages) && allowed(FETCH, (uintptr_t)text_pages));
    WANT(faults(WRITE, (uintptr_t)text_pages));
    WANT(exception_seen.frame.error & X86_PF_PRESENT);

    test("map data, heap, stack and window are not executable");
    uint8_t *heap = (uint8_t *)boot->heap_start, local[16] = {0xc3};
    uint8_t *shared_memory = (uint8_t *)&notes()->big;
    heap[0] = shared_memory[0] = 0xc3;
    uint8_t *const places[] = {data, heap, local, shared_memory};
    for (unsigned i = 0; i < 4; i++) {
        WANT(allowed(READ, (uintptr_t)places[i]) && allowed(WRITE, (uintptr_t)places[i]));
        WANT(faults(FETCH, (uintptr_t)places[i]));
    }
    heap[0] = 0;
    notes()->big = 0;

    test("map image is read-only");
    WANT(allowed(READ, PV_IMAGE_VA) && allowed(READ, PV_IMAGE_VA + boot->image_size - 1));
    WANT(faults(WRITE, PV_IMAGE_VA));
    WANT(faults(FETCH, PV_IMAGE_VA));

    test("map ends of memory");
    WANT(allowed(WRITE, boot->heap_end - 1));
    WANT(allowed(WRITE, boot->stack_bottom) && allowed(WRITE, boot->stack_top - 1));
    WANT(allowed(WRITE, PV_WINDOW_VA + boot->window_size - 1));
    WANT(faults(READ, PV_WINDOW_VA + boot->window_size));
}

static void nothing(void)
{
    static const uint64_t low[] = {0, 8, 4096, 65536, PV_PLATFORM_VA - 1};
    test("map nothing at NULL");
    for (unsigned i = 0; i < sizeof low / sizeof low[0]; i++) {
        WANT(faults(READ, low[i]));
        WANT(faults(WRITE, low[i]));
        WANT(faults(FETCH, low[i]));
    }

    test("map guard below the stack");
    WANT(faults(READ, boot->stack_bottom - 1));
    WANT(faults(WRITE, boot->stack_bottom - 8));
    WANT(faults(WRITE, boot->stack_bottom - X86_PAGE));
}

static void platform(void)
{
    test("map call page");
    WANT(allowed(READ, PV_CALL_VA));
    WANT(faults(WRITE, PV_CALL_VA));

    test("map shared page");
    WANT(allowed(WRITE, (uintptr_t)&shared->reserved));
    WANT(faults(FETCH, (uintptr_t)&shared->reserved));

    // Whether it can be written is the implementer's affair.
    test("map boot_info is not executable");
    WANT(faults(FETCH, (uintptr_t)&boot->heap_start));

    // Page tables above all: whatever the implementer keeps there is no business of ring 3.
    test("map the implementer's pages");
    for (uint64_t at = PV_PLATFORM_VA; at < PV_DMA_VA; at += X86_PAGE) {
        if (at == PV_CALL_VA || at == PV_SHARED_VA || at == PV_BOOT_INFO_VA)
            continue;
        WANT(faults(READ, at));
        WANT(faults(WRITE, at));
        WANT(faults(FETCH, at));
    }

    test("map memory for devices");
    if (boot->dma_phys) {
        WANT(all_bytes((const void *)(uintptr_t)PV_DMA_VA, 0, PV_DMA_SIZE));
        WANT(allowed(WRITE, PV_DMA_VA) && allowed(WRITE, PV_DMA_VA + PV_DMA_SIZE - 1));
        WANT(faults(FETCH, PV_DMA_VA));
    } else {
        WANT_EQ(boot->ndevices, 0);
    }
}

static void release_checks(void)
{
    const uint64_t at = boot->heap_start + 16 * X86_PAGE, len = 3 * X86_PAGE_2M;
    uint8_t *p = (uint8_t *)at;

    test("release reads back zeros");
    memset(p - X86_PAGE, 0x11, 4 * X86_PAGE);
    WANT_EQ(release(at, X86_PAGE), 0);
    WANT(all_bytes(p, 0, X86_PAGE));
    WANT(all_bytes(p - X86_PAGE, 0x11, X86_PAGE) && all_bytes(p + X86_PAGE, 0x11, X86_PAGE));
    p[7] = 1;
    WANT_EQ(release(at, X86_PAGE), 0);
    WANT(all_bytes(p, 0, X86_PAGE));
    for (uint64_t off = 0; off < len; off += 8192)
        p[off] = 0x22;
    WANT_EQ(release(at, len), 0);
    for (uint64_t off = 0; off < len; off += 8192)
        WANT_EQ(p[off], 0);
    uint8_t *stack = (uint8_t *)boot->stack_bottom + X86_PAGE;
    memset(stack, 0x33, X86_PAGE);
    WANT_EQ(release((uintptr_t)stack, X86_PAGE), 0);
    WANT(all_bytes(stack, 0, X86_PAGE));

    test("release of what is not heap or stack");
    WANT_EQ(release(at + 1, X86_PAGE), -EINVAL);
    WANT_EQ(release(at, X86_PAGE - 1), -EINVAL);
    const uint64_t wrong[] = {0,
                              PV_PLATFORM_VA,
                              PV_CALL_VA,
                              PV_SHARED_VA,
                              (uintptr_t)data & ~(X86_PAGE - 1),
                              (uintptr_t)text_pages & ~(X86_PAGE - 1),
                              boot->heap_end, // the guard
                              boot->stack_bottom - X86_PAGE,
                              boot->ram_end,
                              PV_IMAGE_VA,
                              PV_WINDOW_VA,
                              INT64_MAX - 4095,
                              UINT64_MAX - 4095};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        WANT_EQ(release(wrong[i], X86_PAGE), -EINVAL);
    WANT_EQ(release(at, UINT64_MAX - 4095), -EINVAL);
    WANT_EQ(release(boot->stack_top - X86_PAGE, 2 * X86_PAGE), -EINVAL);
    WANT_EQ(release(boot->heap_end - X86_PAGE, 2 * X86_PAGE), -EINVAL);
    WANT_EQ(release(boot->heap_end - X86_PAGE, boot->stack_top - boot->heap_end), -EINVAL);
    WANT_EQ(data[0], 0xc3);
}

void memory_checks(void)
{
    segments();
    nothing();
    platform();
    release_checks();
}
