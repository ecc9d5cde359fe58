// SPDX-License-Identifier: BSD-2-Clause
// Notifications (virtio 1.2, 2.3). Whether a device has a queue, and where that one's register is,
// the device says; it is asked once for each queue, and believed only within what is mapped.
// Neighbours: pci.c (finds the registers), virtio_mmio.c (all of a device's are in one block).

#include "arch/x86_64/shim/device/notify.h"

#include "abi/virtio.h"
#include "arch/x86_64/shim/errno.h"
#include "arch/x86_64/shim/io.h"

static struct notify_region regions[PV_MAX_DEVICES]; // of those on PCI

// By device and queue: where to store to. NULL: not asked yet.
static volatile void *registers[PV_MAX_DEVICES][PV_MAX_QUEUES];

void notify_add(uint32_t index, const struct notify_region *region)
{
    regions[index] = *region;
}

static volatile uint8_t *common(const struct pv_device *d, uint64_t offset)
{
    return (volatile uint8_t *)d->regs[PV_REGS_COMMON] + offset;
}

// 4.1.4.4.1: where the device may be told of a queue. NULL: there is none, or nowhere in reach.
static volatile void *find_pci(const struct pv_device *d, const struct notify_region *r,
                               uint32_t queue)
{
    if (queue >= mmio_read16(common(d, offsetof(struct virtio_pci_common, num_queues))))
        return NULL;
    mmio_write16(common(d, offsetof(struct virtio_pci_common, queue_select)), (uint16_t)queue);
    // 16 by 32 bits: no overflow.
    uint64_t offset =
        (uint64_t)mmio_read16(common(d, offsetof(struct virtio_pci_common, queue_notify_off))) *
        r->multiplier;
    return offset + sizeof(uint16_t) <= r->len ? r->at + offset : NULL;
}

// 4.2.2.
static volatile void *find_mmio(const struct pv_device *d, uint32_t queue)
{
    mmio_write32(common(d, VIRTIO_MMIO_QUEUE_SEL), queue);
    return mmio_read32(common(d, VIRTIO_MMIO_QUEUE_NUM_MAX)) ? common(d, VIRTIO_MMIO_QUEUE_NOTIFY)
                                                             : NULL;
}

int64_t notify_queue(const struct pv_device *devices, uint32_t n, const struct pv_notify *c)
{
    if (c->device >= n)
        return -ENODEV;
    if (c->queue >= PV_MAX_QUEUES)
        return -EINVAL;
    const struct pv_device *d = &devices[c->device];
    // Asked once: the place does not change, and the device must not be able to move it later.
    volatile void **reg = &registers[c->device][c->queue];
    if (!*reg)
        *reg = d->transport == PV_TRANSPORT_PCI ? find_pci(d, &regions[c->device], c->queue)
                                                : find_mmio(d, c->queue);
    if (!*reg)
        return -EINVAL;
    if (d->transport == PV_TRANSPORT_PCI)
        mmio_write16(*reg, (uint16_t)c->queue);
    else
        mmio_write32(*reg, c->queue);
    return 0;
}
