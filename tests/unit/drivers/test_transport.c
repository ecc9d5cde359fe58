// SPDX-License-Identifier: BSD-2-Clause
// The two transports over registers that are memory: what is written where, with the numbers of
// virtio 1.2, tables in 4.2.2 and 4.1.4.3.
#include "tests/unit/lib/check.h"

#include <stdlib.h>

#include "drivers/virtio/virtio.h"
#include "kernel/api/errno.h"

static _Alignas(8) uint8_t regs[4096], bar[4096];
static struct pv_device pv;
static struct virtio_device d = {.pv = &pv};
static struct virtq q = {
    .index = 3, .size = 16, .desc = (void *)0x100, .avail = (void *)0x200, .used = (void *)0x300};

// dma.c is not linked: addresses are what they are, high enough to have two halves.
#define HIGH UINT64_C(0x1200000000)

uint64_t dma_phys(const void *p)
{
    return HIGH + (uintptr_t)p;
}

static uint32_t at32(const uint8_t *base, uint32_t off)
{
    uint32_t v;
    memcpy(&v, base + off, 4);
    return v;
}

static void put32(uint8_t *base, uint32_t off, uint32_t v)
{
    memcpy(base + off, &v, 4);
}

static void test_mmio(void)
{
    const struct virtio_transport *t = &virtio_mmio;
    memset(regs, 0, sizeof regs);
    pv = (struct pv_device){.type = 2, .regs = {(uintptr_t)regs}};
    CHECK_EQ(t->identify(&d), -EIO);
    put32(regs, 0, 0x74726976), put32(regs, 4, 1), put32(regs, 8, 2);
    CHECK_EQ(t->identify(&d), -EIO); // legacy
    put32(regs, 4, 2), put32(regs, 8, 0);
    CHECK_EQ(t->identify(&d), -EIO); // an empty place
    put32(regs, 8, 2);
    CHECK_EQ(t->identify(&d), 0);
    t->set_status(&d, 0x0f);
    CHECK_EQ(at32(regs, 0x70), 0x0f);
    CHECK_EQ(t->status(&d), 0x0f);
    put32(regs, 0x10, 0x201);
    CHECK_EQ(t->features(&d, 1), 0x201);
    CHECK_EQ(at32(regs, 0x14), 1);
    t->set_features(&d, 1, 0x77);
    CHECK_EQ(at32(regs, 0x24), 1);
    CHECK_EQ(at32(regs, 0x20), 0x77);
    put32(regs, 0x34, 64);
    CHECK_EQ(t->queue_max(&d, 5), 64);
    CHECK_EQ(at32(regs, 0x30), 5);
    CHECK_EQ(t->queue_enable(&d, &q), 0);
    static const uint32_t want[][2] = {{0x30, 3},     {0x38, 16},    {0x44, 1},
                                       {0x80, 0x100}, {0x84, 0x12},  {0x90, 0x200},
                                       {0x94, 0x12},  {0xa0, 0x300}, {0xa4, 0x12}};
    for (unsigned i = 0; i < sizeof want / sizeof want[0]; i++)
        CHECK_EQ(at32(regs, want[i][0]), want[i][1]);
    CHECK_EQ(t->queue_enable(&d, &q), -EIO); // it is in use
    put32(regs, 0xfc, 9), put32(regs, 0x114, 0xabcd);
    CHECK_EQ(t->generation(&d), 9);
    CHECK_EQ(t->config32(&d, 0x14), 0xabcd);
    CHECK_EQ(t->interrupt(&d), 0);
    CHECK_EQ(at32(regs, 0x64), 0);
    put32(regs, 0x60, 3);
    CHECK_EQ(t->interrupt(&d), 3);
    CHECK_EQ(at32(regs, 0x64), 3);
}

static void test_pci(void)
{
    const struct virtio_transport *t = &virtio_pci;
    memset(regs, 0, sizeof regs);
    pv = (struct pv_device){.type = 2, .regs = {[PV_REGS_CONFIG] = (uintptr_t)bar + 2048}};
    CHECK_EQ(t->identify(&d), -EIO);
    pv.regs[PV_REGS_COMMON] = (uintptr_t)regs;
    CHECK_EQ(t->identify(&d), 0);
    t->set_status(&d, 0x0f);
    CHECK_EQ(regs[20], 0x0f);
    CHECK_EQ(t->status(&d), 0x0f);
    put32(regs, 4, 0x201);
    CHECK_EQ(t->features(&d, 1), 0x201);
    CHECK_EQ(at32(regs, 0), 1);
    t->set_features(&d, 1, 0x77);
    CHECK_EQ(at32(regs, 8), 1);
    CHECK_EQ(at32(regs, 12), 0x77);
    regs[18] = 4, regs[24] = 128;
    CHECK_EQ(t->queue_max(&d, 4), 0);
    CHECK_EQ(t->queue_max(&d, 3), 128);
    CHECK_EQ(regs[22], 3);
    memset(regs + 16, 0xff, 2), memset(regs + 26, 0xff, 2), regs[30] = 7;
    CHECK_EQ(t->queue_enable(&d, &q), 0);
    CHECK_EQ(regs[16] | regs[17], 0); // entry 0, not "no vector"
    CHECK_EQ(regs[26] | regs[27], 0);
    CHECK_EQ(regs[24], 16);
    CHECK_EQ(regs[28], 1);
    static const uint32_t want[][2] = {{32, 0x100}, {36, 0x12},  {40, 0x200},
                                       {44, 0x12},  {48, 0x300}, {52, 0x12}};
    for (unsigned i = 0; i < sizeof want / sizeof want[0]; i++)
        CHECK_EQ(at32(regs, want[i][0]), want[i][1]);
    regs[21] = 9, put32(bar, 2048 + 0x14, 0xabcd);
    CHECK_EQ(t->generation(&d), 9);
    CHECK_EQ(t->config32(&d, 0x14), 0xabcd);
    CHECK(t->interrupt(&d) & VIRTIO_INTERRUPT_CONFIG);
}

int main(void)
{
    RUN(test_mmio);
    RUN(test_pci);
    return check_done("transport");
}
