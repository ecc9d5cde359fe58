// SPDX-License-Identifier: BSD-2-Clause
// The PCI transport (virtio 1.2, 4.1). The implementer has found the capabilities (4.1.4), mapped
// what they point to, at regs[], and set MSI-X entry 0 up as PV_EVENT_DEVICE.
//
// Each field is accessed with its own width, 64-bit ones as two halves (4.1.3.1).

#include "drivers/virtio/virtio.h"
#include "kernel/api/errno.h"

#define MSIX_ENTRY 0 // for the configuration and every queue

static volatile struct virtio_pci_common *common(const struct virtio_device *d)
{
    return (volatile struct virtio_pci_common *)(uintptr_t)d->pv->regs[PV_REGS_COMMON];
}

// What it is the implementer has found out by its ids; here only whether there are registers.
static int pci_identify(const struct virtio_device *d)
{
    return d->pv->regs[PV_REGS_COMMON] ? 0 : -EIO;
}

static uint8_t pci_status(const struct virtio_device *d)
{
    return common(d)->device_status;
}

static void pci_set_status(const struct virtio_device *d, uint8_t value)
{
    common(d)->device_status = value;
}

// Selecting and reading are two accesses; nobody else uses the device, so nobody comes in between.
static uint32_t pci_features(const struct virtio_device *d, uint32_t word)
{
    common(d)->device_feature_select = word;
    return common(d)->device_feature;
}

static void pci_set_features(const struct virtio_device *d, uint32_t word, uint32_t bits)
{
    common(d)->driver_feature_select = word;
    common(d)->driver_feature = bits;
}

// 0 for a queue that the device does not have; else the most it can take (4.1.5.1.3), to be
// lowered.
static uint32_t pci_queue_max(const struct virtio_device *d, uint32_t index)
{
    if (index >= common(d)->num_queues)
        return 0;
    common(d)->queue_select = (uint16_t)index;
    return common(d)->queue_size;
}

static void pci_set_address(volatile uint64_t *field, const void *p)
{
    volatile uint32_t *half = (volatile uint32_t *)field;
    uint64_t at = dma_phys(p);
    half[0] = (uint32_t)at;
    half[1] = (uint32_t)(at >> 32);
}

// A vector that could not be set reads as VIRTIO_MSI_NO_VECTOR (4.1.5.1.2.2).
static int set_vector(volatile uint16_t *field)
{
    *field = MSIX_ENTRY;
    return *field == MSIX_ENTRY ? 0 : -EIO;
}

// 4.1.5.1.3
static int pci_queue_enable(const struct virtio_device *d, struct virtq *q)
{
    volatile struct virtio_pci_common *c = common(d);
    // Once would do; a reset forgets it, and this is what comes after each.
    if (set_vector(&c->config_msix_vector) < 0)
        return -EIO;
    c->queue_select = q->index;
    c->queue_size = q->size;
    if (set_vector(&c->queue_msix_vector) < 0)
        return -EIO;
    pci_set_address(&c->queue_desc, q->desc);
    pci_set_address(&c->queue_driver, q->avail);
    pci_set_address(&c->queue_device, q->used);
    // Last, and never back to 0 but by a reset (4.1.4.3.2).
    c->queue_enable = 1;
    return 0;
}

// Eight bits that may wrap: a change is seen unless there were 256 of them in between.
static uint8_t pci_generation(const struct virtio_device *d)
{
    return common(d)->config_generation;
}

// OFF is a multiple of 4. The capability may be shorter than the structure read, which then shows
// what lies behind it in the page: features say which fields mean anything.
static uint32_t pci_config32(const struct virtio_device *d, uint32_t off)
{
    return *(volatile uint32_t *)(uintptr_t)(d->pv->regs[PV_REGS_CONFIG] + off);
}

static uint32_t pci_interrupt(const struct virtio_device *d)
{
    // MSI-X needs no answer and does not say why it came.
    (void)d;
    return VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG;
}

const struct virtio_transport virtio_pci = {
    .identify = pci_identify,
    .status = pci_status,
    .set_status = pci_set_status,
    .features = pci_features,
    .set_features = pci_set_features,
    .queue_max = pci_queue_max,
    .queue_enable = pci_queue_enable,
    .generation = pci_generation,
    .config32 = pci_config32,
    .interrupt = pci_interrupt,
};
