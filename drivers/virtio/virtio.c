// SPDX-License-Identifier: BSD-2-Clause
// Starting and failing a virtio device, whatever its type and transport (virtio 1.2, 2 and 3.1).
//
// Neighbours: virtio.h (layers), virtqueue.c, mmio.c and pci.c.

#include "drivers/virtio/virtio.h"
#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/dev/driver.h"
#include "kernel/lib.h"
#include "kernel/pv.h"

#define RESET_NS     UINT64_C(1000000000) // a reset that takes longer is none
#define CONFIG_TRIES 8                    // while the configuration changes under the reader

// 2.1.1: bits are added one after the other and never taken back but by a reset.
static void add_status(const struct virtio_device *d, uint8_t bits)
{
    d->transport->set_status(d, d->transport->status(d) | bits);
}

// 2.4.2: the device is reset when its status reads 0.
static int reset(const struct virtio_device *d)
{
    uint64_t end = pv_mono_ns() + RESET_NS;
    d->transport->set_status(d, 0);
    while (d->transport->status(d) != 0) {
        if (pv_mono_ns() >= end)
            return -EIO;
        arch_pause();
    }
    return 0;
}

// 3.1.1, steps 4 to 6.
static int agree(struct virtio_device *d, uint64_t wanted)
{
    const struct virtio_transport *t = d->transport;
    uint64_t offered = t->features(d, 0) | (uint64_t)t->features(d, 1) << 32;
    if (!(offered & VIRTIO_F_VERSION_1))
        return -EIO; // a legacy device: other layouts
    d->features = offered & (wanted | VIRTIO_F_VERSION_1);
    t->set_features(d, 0, (uint32_t)d->features);
    t->set_features(d, 1, (uint32_t)(d->features >> 32));
    add_status(d, VIRTIO_STATUS_FEATURES_OK);
    // Step 6: read back, since the device refuses a set of features by not keeping the bit.
    return (t->status(d) & VIRTIO_STATUS_FEATURES_OK) ? 0 : -EIO;
}

// Steps 1 to 6 of 3.1.1; queues and virtio_ready() are the driver's. -ENXIO: there is no such
// device, which is no failure of one.
int virtio_start(struct virtio_device *d, uint32_t type, uint32_t unit, uint64_t wanted)
{
    const struct pv_device *pv = device_find(type, unit);
    if (!pv || !boot_info->dma_phys)
        return -ENXIO;
    if (pv->transport != PV_TRANSPORT_MMIO && pv->transport != PV_TRANSPORT_PCI)
        return -ENXIO;
    d->transport = pv->transport == PV_TRANSPORT_PCI ? &virtio_pci : &virtio_mmio;
    d->pv = pv;
    d->failed = 0;
    if (d->transport->identify(d) < 0) {
        d->failed = 1; // and is left alone: it is something else
        return -EIO;
    }
    if (reset(d) < 0)
        return virtio_fail(d);
    add_status(d, VIRTIO_STATUS_ACKNOWLEDGE);
    add_status(d, VIRTIO_STATUS_DRIVER);
    return agree(d, wanted) < 0 ? virtio_fail(d) : 0;
}

void virtio_ready(struct virtio_device *d)
{
    add_status(d, VIRTIO_STATUS_DRIVER_OK);
}

// For good, until the next attach. Always -EIO, so that a caller can return it.
int virtio_fail(struct virtio_device *d)
{
    // Not FAILED (2.1): a reset also makes it stop using memory that others go on using.
    if (!d->failed) {
        d->failed = 1;
        reset(d);
    }
    return -EIO;
}

int virtio_check(struct virtio_device *d)
{
    if (d->failed)
        return -EIO;
    uint8_t status = d->transport->status(d);
    // Without DRIVER_OK it has forgotten us; all ones is what a device that is gone reads as.
    if ((status & VIRTIO_STATUS_DRIVER_OK) &&
        !(status & (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED)))
        return 0;
    return virtio_fail(d);
}

void virtio_event(struct virtio_device *d)
{
    if (virtio_works(d) && (d->transport->interrupt(d) & VIRTIO_INTERRUPT_CONFIG))
        virtio_check(d);
}

// BYTES is a multiple of 4. 0 or -EIO; what is in TO after a failure means nothing.
int virtio_config(struct virtio_device *d, void *to, uint32_t bytes)
{
    // On PCI it is a capability of its own, which a device need not have.
    if (d->pv->transport == PV_TRANSPORT_PCI && !d->pv->regs[PV_REGS_CONFIG])
        return virtio_fail(d);
    for (int i = 0; i < CONFIG_TRIES; i++) {
        // 4.2.2.2, 4.1.4.3: if the generation has changed meanwhile, words of two configurations
        // may be mixed.
        uint8_t before = d->transport->generation(d);
        for (uint32_t off = 0; off < bytes; off += 4) {
            uint32_t word = d->transport->config32(d, off);
            memcpy((uint8_t *)to + off, &word, sizeof word);
        }
        if (d->transport->generation(d) == before)
            return 0;
    }
    return virtio_fail(d);
}
