// SPDX-License-Identifier: BSD-2-Clause
// The MMIO transport (virtio 1.2, 4.2): one block of 32-bit registers.
//
// On the monitor every access is an exit, so a device is looked at when it is first used, and a
// request costs one: the notification.

#include "drivers/virtio/virtio.h"
#include "kernel/api/errno.h"

static volatile uint32_t *reg(const struct virtio_device *d, uint32_t off)
{
    return (volatile uint32_t *)(uintptr_t)(d->pv->regs[PV_REGS_COMMON] + off);
}

static int mmio_identify(const struct virtio_device *d)
{
    return *reg(d, VIRTIO_MMIO_MAGIC) == VIRTIO_MMIO_MAGIC_VALUE &&
                   *reg(d, VIRTIO_MMIO_VERSION) == VIRTIO_MMIO_VERSION_MODERN &&
                   *reg(d, VIRTIO_MMIO_DEVICE_ID) == d->pv->type
               ? 0
               : -EIO;
}

static uint8_t mmio_status(const struct virtio_device *d)
{
    return (uint8_t)*reg(d, VIRTIO_MMIO_STATUS);
}

static void mmio_set_status(const struct virtio_device *d, uint8_t value)
{
    *reg(d, VIRTIO_MMIO_STATUS) = value;
}

static uint32_t mmio_features(const struct virtio_device *d, uint32_t word)
{
    // 4.2.2.1: 32 bits at a time, chosen by the other register; volatile keeps the order.
    *reg(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL) = word;
    return *reg(d, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void mmio_set_features(const struct virtio_device *d, uint32_t word, uint32_t bits)
{
    *reg(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL) = word;
    *reg(d, VIRTIO_MMIO_DRIVER_FEATURES) = bits;
}

static uint32_t mmio_queue_max(const struct virtio_device *d, uint32_t index)
{
    *reg(d, VIRTIO_MMIO_QUEUE_SEL) = index;
    return *reg(d, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void mmio_set_address(const struct virtio_device *d, uint32_t low, const void *p)
{
    uint64_t at = dma_phys(p);
    *reg(d, low) = (uint32_t)at;
    *reg(d, low + 4) = (uint32_t)(at >> 32);
}

// 4.2.3.2
static int mmio_queue_enable(const struct virtio_device *d, struct virtq *q)
{
    *reg(d, VIRTIO_MMIO_QUEUE_SEL) = q->index;
    if (*reg(d, VIRTIO_MMIO_QUEUE_READY) != 0)
        return -EIO; // in use: the reset was none
    *reg(d, VIRTIO_MMIO_QUEUE_NUM) = q->size;
    mmio_set_address(d, VIRTIO_MMIO_QUEUE_DESC_LOW, q->desc);
    mmio_set_address(d, VIRTIO_MMIO_QUEUE_DRIVER_LOW, q->avail);
    mmio_set_address(d, VIRTIO_MMIO_QUEUE_DEVICE_LOW, q->used);
    // Last: with this the device may look at the rings.
    *reg(d, VIRTIO_MMIO_QUEUE_READY) = 1;
    return 0;
}

static uint8_t mmio_generation(const struct virtio_device *d)
{
    return (uint8_t)*reg(d, VIRTIO_MMIO_CONFIG_GENERATION);
}

static uint32_t mmio_config32(const struct virtio_device *d, uint32_t off)
{
    return *reg(d, VIRTIO_MMIO_CONFIG + off);
}

static uint32_t mmio_interrupt(const struct virtio_device *d)
{
    uint32_t why = *reg(d, VIRTIO_MMIO_INTERRUPT_STATUS);
    // Only what was read is acknowledged: an interrupt that came since keeps its bit.
    if (why)
        *reg(d, VIRTIO_MMIO_INTERRUPT_ACK) = why;
    return why;
}

const struct virtio_transport virtio_mmio = {
    .identify = mmio_identify,
    .status = mmio_status,
    .set_status = mmio_set_status,
    .features = mmio_features,
    .set_features = mmio_set_features,
    .queue_max = mmio_queue_max,
    .queue_enable = mmio_queue_enable,
    .generation = mmio_generation,
    .config32 = mmio_config32,
    .interrupt = mmio_interrupt,
};
