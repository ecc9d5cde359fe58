// SPDX-License-Identifier: BSD-2-Clause
// A virtio device behind the MMIO transport (virtio 1.2, 4.2), as the guest's accesses drive it.
//
// Everything happens in the notification itself: it returns when the requests are done, so a driver
// that looks at the used ring right after it finds them there, and no interrupt is needed. It is a
// call (PV_CALL_NOTIFY); QueueNotify is not looked at. State is plain memory of the monitor:
// fork(2) clones it with the guest's. Nothing here knows of monitors or KVM. Neighbours: devices.c
// (the VM's side), blk.c (what is behind).
//
// The guest is hostile. Rings and buffers must lie in DMA memory, checked once where they become
// known to us; ring entries are copied once; what makes no sense stops the device (NEEDS_RESET)
// until the guest resets it.
#ifndef HOST_VIRTIO_MMIO_H
#define HOST_VIRTIO_MMIO_H

#include <stdint.h>
#include <sys/uio.h>

#include "abi/virtio.h"

#define VIRTIO_QUEUE_SIZE 64u // entries of a queue, at most

// A request: buffers in guest memory, checked. The device may change the vectors as it goes.
struct virtio_request {
    struct iovec in[VIRTIO_QUEUE_SIZE], out[VIRTIO_QUEUE_SIZE]; // in: the device reads
    uint32_t nin, nout;
    uint64_t features; // the guest agreed to
};

// What is behind the transport: one queue.
struct virtio_class {
    uint32_t id; // VIRTIO_ID_*
    uint64_t (*features)(const void *device);
    // Byte `off` of the configuration; 0 where there is none.
    uint8_t (*config)(const void *device, uint32_t off);
    // Carries a request out. Bytes written to out[], or -errno: it is no request at all.
    int64_t (*serve)(const void *device, struct virtio_request *r);
};

struct virtio_queue {
    uint32_t num, ready;
    uint64_t desc, driver, device; // guest-physical; inside DMA memory once `ready`
    uint16_t next_avail, next_used;
};

struct virtio_mmio {
    const struct virtio_class *class;
    const void *device;
    // DMA memory: where the guest has it and where we have it.
    uint64_t dma_phys, dma_size;
    uint8_t *dma;
    // What a reset clears.
    uint32_t status;
    uint32_t features_sel, driver_features_sel, queue_sel;
    uint64_t driver_features;
    uint32_t interrupt; // VIRTIO_INTERRUPT_*
    struct virtio_queue queue;
};

void virtio_mmio_reset(struct virtio_mmio *v);
// Whether `state`, which comes from elsewhere, is one that this device could be in.
int virtio_mmio_fits(const struct virtio_mmio *v, const struct virtio_mmio *state);
// One access of `len` bytes at offset `off` of the register page. Reads of what is not there are 0,
// writes do nothing.
uint64_t virtio_mmio_read(const struct virtio_mmio *v, uint32_t off, uint32_t len);
void virtio_mmio_write(struct virtio_mmio *v, uint32_t off, uint32_t len, uint64_t value);
// Does what is in the queue. 1 if the guest shall be interrupted.
int virtio_mmio_notify(struct virtio_mmio *v);

#endif
