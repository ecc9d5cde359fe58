// SPDX-License-Identifier: BSD-2-Clause
// test_guest.c: the one door from guest addresses to host memory. Every range that is not wholly
// inside one area is refused, above all those whose end overflows. Links host/call/guest.c.
#include <errno.h>
#include <stdlib.h>

#include "abi/pv.h"
#include "host/call/guest.h"
#include "tests/unit/lib/check.h"

#define RAM_END     (PV_RAM_VA + 0x10000u)
#define WINDOW_SIZE 0x2000u
#define IMAGE_SIZE  0x1000u
#define ALL         (GUEST_RAM | GUEST_WINDOW | GUEST_IMAGE)

static uint8_t ram[RAM_END - PV_RAM_VA], window[WINDOW_SIZE], image[IMAGE_SIZE];

static struct guest_memory mem = {
    .ram_size = RAM_END,
    .window = window,
    .window_size = WINDOW_SIZE,
    .image = image,
    .image_size = IMAGE_SIZE,
};

static void *at(uint64_t addr, uint64_t len, unsigned areas)
{
    // Guest-physical 0 is where RAM would begin if it went all the way down.
    mem.ram = (uint8_t *)((uintptr_t)ram - PV_RAM_VA);
    return guest_ptr(&mem, (struct gaddr){addr}, len, areas);
}

struct area {
    uint64_t start, size;
    uint8_t *host;
    unsigned bit;
};

static const struct area areas[] = {
    {PV_RAM_VA, sizeof ram, ram, GUEST_RAM},
    {PV_WINDOW_VA, WINDOW_SIZE, window, GUEST_WINDOW},
    {PV_IMAGE_VA, IMAGE_SIZE, image, GUEST_IMAGE},
};

static void test_inside(void)
{
    for (unsigned i = 0; i < 3; i++) {
        const struct area *a = &areas[i];
        CHECK(at(a->start, 1, a->bit) == a->host);
        CHECK(at(a->start, a->size, a->bit) == a->host);
        CHECK(at(a->start + a->size - 1, 1, a->bit) == a->host + a->size - 1);
        CHECK(at(a->start + 8, 8, ALL) == a->host + 8);
        CHECK(at(a->start + a->size, 0, a->bit) == a->host + a->size);
    }
}

static void test_outside(void)
{
    for (unsigned i = 0; i < 3; i++) {
        const struct area *a = &areas[i];
        CHECK(!at(a->start - 1, 1, a->bit));
        CHECK(!at(a->start - 1, 2, a->bit));
        CHECK(!at(a->start, a->size + 1, a->bit));
        CHECK(!at(a->start + a->size, 1, a->bit));
        CHECK(!at(a->start + a->size - 1, 2, a->bit));
        CHECK(!at(a->start + a->size + 1, 0, a->bit));
        CHECK(!at(a->start, 1, ALL & ~a->bit));
    }
}

static void test_overflow(void)
{
    for (unsigned i = 0; i < 3; i++) {
        const struct area *a = &areas[i];
        CHECK(!at(a->start, UINT64_MAX, ALL));
        CHECK(!at(a->start + 1, UINT64_MAX, ALL));
        CHECK(!at(a->start + 8, UINT64_MAX - 7, ALL));
        CHECK(!at(a->start, UINT64_MAX - a->start + 1, ALL));
        CHECK(!at(UINT64_MAX, a->start + 2, ALL));
    }
    CHECK(!at(UINT64_MAX, 1, ALL));
    CHECK(!at(UINT64_MAX, 2, ALL));
    CHECK(!at(0, 1, ALL));
    CHECK(!at(PV_BOOT_INFO_VA, 8, ALL)); // the platform's pages are nobody's to hand over
}

static void test_copies(void)
{
    uint64_t in = 0x1122334455667788, out = 0;
    CHECK_EQ(guest_write(&mem, (struct gaddr){PV_RAM_VA + 3}, &in, sizeof in), 0);
    CHECK_EQ(guest_read(&mem, (struct gaddr){PV_RAM_VA + 3}, &out, sizeof out), 0);
    CHECK_EQ(out, in);
    CHECK_EQ(guest_read(&mem, (struct gaddr){PV_WINDOW_VA}, &out, sizeof out), 0);
    CHECK_EQ(out, 0);
    // Results go to private RAM only, and what lies in the image is never an argument.
    CHECK_EQ(guest_write(&mem, (struct gaddr){PV_WINDOW_VA}, &in, sizeof in), -EFAULT);
    CHECK_EQ(guest_write(&mem, (struct gaddr){PV_IMAGE_VA}, &in, sizeof in), -EFAULT);
    CHECK_EQ(guest_read(&mem, (struct gaddr){PV_IMAGE_VA}, &out, sizeof out), -EFAULT);
    CHECK_EQ(guest_read(&mem, (struct gaddr){RAM_END - 4}, &out, sizeof out), -EFAULT);
    CHECK_EQ(guest_write(&mem, (struct gaddr){RAM_END - 4}, &in, sizeof in), -EFAULT);
    CHECK_EQ(ram[sizeof ram - 1], 0);
}

int main(void)
{
    RUN(test_inside);
    RUN(test_outside);
    RUN(test_overflow);
    RUN(test_copies);
    return check_done("guest");
}
