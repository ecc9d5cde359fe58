// SPDX-License-Identifier: BSD-2-Clause
// virtio devices from the driver's side: finding, starting and failing one, its queues, DMA memory.
//
// Layers: a driver (blk.c, console.c, rng.c) uses virtio.c and virtqueue.c; those use a transport
// (mmio.c, pci.c) through its table; a queue is notified by a paravirtual call, whatever the
// transport. The numbers are in abi/virtio.h. A device is not believed: it
// can write all of PV_DMA_VA at any time, so what the driver must rely on is kept elsewhere, and
// what it reads from there is copied once and checked.
#ifndef DRIVERS_VIRTIO_VIRTIO_H
#define DRIVERS_VIRTIO_VIRTIO_H

#include <stdint.h>
#include "abi/pv.h"
#include "abi/virtio.h"

struct virtq;
struct virtio_device;

// How registers are reached (virtio 1.2, 4). Nothing here sleeps.
struct virtio_transport {
    int (*identify)(const struct virtio_device *d); // is it there, and modern? 0 or -EIO
    uint8_t (*status)(const struct virtio_device *d);
    void (*set_status)(const struct virtio_device *d, uint8_t status);
    // 32 bits of the features: word 0 or 1.
    uint32_t (*features)(const struct virtio_device *d, uint32_t word);
    void (*set_features)(const struct virtio_device *d, uint32_t word, uint32_t bits);
    uint32_t (*queue_max)(const struct virtio_device *d, uint32_t index); // 0: no such queue
    // Tells the device where the rings of q are. 0 or -EIO.
    int (*queue_enable)(const struct virtio_device *d, struct virtq *q);
    uint8_t (*generation)(const struct virtio_device *d); // of the configuration (2.5.1)
    uint32_t (*config32)(const struct virtio_device *d, uint32_t off); // a multiple of 4
    // Answers an interrupt. What it may have been for: VIRTIO_INTERRUPT_*.
    uint32_t (*interrupt)(const struct virtio_device *d);
};
extern const struct virtio_transport virtio_mmio, virtio_pci;

struct virtio_device {
    const struct virtio_transport *transport;
    const struct pv_device *pv; // where its registers are; NULL: never started
    uint64_t features;          // agreed on
    int failed;                 // has been given up: -EIO for all, until it is started again
};

// --- virtio.c ---
// Begins with the device number `unit` of a type (3.1.1): reset, then features: VIRTIO_F_VERSION_1
// and what it has of `wanted`. virtq_start() for each queue and virtio_ready() must follow.
// 0, -ENXIO: there is no such device, -EIO.
int virtio_start(struct virtio_device *d, uint32_t type, uint32_t unit, uint64_t wanted);
void virtio_ready(struct virtio_device *d);
// Whether it works.
static inline int virtio_works(const struct virtio_device *d)
{
    return d->pv && !d->failed;
}
// Gives the device up and makes it let go of its queues. Returns -EIO.
int virtio_fail(struct virtio_device *d);
// Asks the device whether it needs a reset (2.1.2); one that does has failed. 0 or -EIO.
int virtio_check(struct virtio_device *d);
// For driver.event: answers an interrupt.
void virtio_event(struct virtio_device *d);
// A consistent copy of the configuration (2.5.1), whole words. 0 or -EIO.
int virtio_config(struct virtio_device *d, void *to, uint32_t bytes);

// --- dma.c ---
// Zeroed memory that devices reach, for ever: a driver that starts again uses what it has. NULL: no
// more.
void *dma_alloc(uint32_t bytes, uint32_t align);
// The device's address of it.
uint64_t dma_phys(const void *p);
// The buffer of block requests, made when first asked for and shared by all disks. NULL: no memory.
#define DMA_BLOCK_BUFFER (128u * 1024u)
void *dma_block_buffer(void);

// --- virtqueue.c ---
#define VIRTQ_MAX 64u // entries we use of a queue, at most

struct virtq {
    struct virtio_device *device;
    uint16_t index, size;
    // In DMA memory.
    struct virtq_desc *desc;
    struct virtq_avail *avail;
    struct virtq_used *used;
    // Ours alone.
    uint16_t room;    // entries in all rings above
    uint16_t free;    // first free descriptor
    uint16_t nfree;   // how many there are
    uint16_t pending; // chains the device has
    uint16_t next_avail, next_used;
    struct virtq_slot {    // by descriptor
        uint16_t next;     // in its chain, or of the free ones
        uint16_t count;    // descriptors of the chain that begins here; 0: none does
        uint32_t writable; // bytes the device may write into that chain
    } slot[VIRTQ_MAX];
};

struct virtq_buffer {
    void *at; // in DMA memory
    uint32_t len;
    int written; // by the device
};
#define VIRTQ_BUFFERS 4u // of one chain, at most

// Queue `index` of a device between virtio_start() and virtio_ready(), with up to `size` entries.
// Rings are allocated the first time. 0 or -EIO.
int virtq_start(struct virtq *q, struct virtio_device *d, uint32_t index, uint32_t size);
// Offers buffers, those the device reads first (2.7.4.2). The chain's number, or -EAGAIN: no room.
int virtq_add(struct virtq *q, const struct virtq_buffer *buffers, uint32_t n);
// Tells the device, unless it has said it need not be told. One that cannot be told has failed.
void virtq_kick(struct virtq *q);
// A chain the device is done with, and how much it wrote. -EAGAIN: none, -EIO: it has failed.
int virtq_take(struct virtq *q, uint32_t *len);
// Whether virtq_take() would find one.
int virtq_used(const struct virtq *q);
// Whether the device shall interrupt when it is done with something. A driver that turns it on
// looks once more afterwards.
void virtq_interrupts(struct virtq *q, int on);
// Waits until the device is done with something: a spin without interrupts, then asleep. 0, -EIO:
// it did not come, -ERESTART: SIGKILL is pending, the device still has the buffers.
int virtq_wait(struct virtq *q);

#endif
