// SPDX-License-Identifier: BSD-2-Clause
// disk_guest.h: a guest of the monitor's block device that writes registers and rings by hand, for
// the device's unit tests. One queue of 8 entries, in DMA memory between two pages that fault.
#ifndef RAMET_TESTS_DISK_GUEST_H
#define RAMET_TESTS_DISK_GUEST_H

#include <sys/mman.h>
#include <unistd.h>

#include "host/virtio/disk.h"
#include "tests/unit/lib/check.h"

#define DMA_PHYS UINT64_C(0x140000)
#define DMA_SIZE 0x80000u
#define SECTORS  64u

// Where the guest puts things, as offsets in DMA memory.
#define DESC   0x0u
#define AVAIL  0x800u
#define USED   0xc00u
#define HEAD   0x1000u
#define STATUS 0x1800u
#define DATA   0x2000u

static uint8_t *dma; // between two pages that fault
static struct disk disk = {.fd = -1};
static struct virtio_mmio v;
static uint16_t offered;

static inline void set(uint32_t off, uint32_t value)
{
    virtio_mmio_write(&v, off, 4, value);
}

static inline uint32_t get(uint32_t off)
{
    return (uint32_t)virtio_mmio_read(&v, off, 4);
}

static inline void set64(uint32_t off, uint64_t value)
{
    set(off, (uint32_t)value);
    set(off + 4, (uint32_t)(value >> 32));
}

static inline void place_queue(uint32_t num, uint64_t desc, uint64_t avail, uint64_t used)
{
    set(VIRTIO_MMIO_QUEUE_SEL, 0);
    set(VIRTIO_MMIO_QUEUE_NUM, num);
    set64(VIRTIO_MMIO_QUEUE_DESC_LOW, desc);
    set64(VIRTIO_MMIO_QUEUE_DRIVER_LOW, avail);
    set64(VIRTIO_MMIO_QUEUE_DEVICE_LOW, used);
    set(VIRTIO_MMIO_QUEUE_READY, 1);
}

static inline void features(uint64_t wanted)
{
    for (uint32_t word = 0; word < 2; word++) {
        set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
        set(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(wanted >> 32 * word));
    }
}

static inline void set_up(void)
{
    if (!dma) {
        dma = mmap(NULL, DMA_SIZE + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        dma += 4096;
        mprotect(dma, DMA_SIZE, PROT_READ | PROT_WRITE);
    }
    memset(dma, 0, DMA_SIZE);
    if (disk.fd >= 0)
        close(disk.fd);
    disk = (struct disk){.fd = memfd_create("disk", 0), .sectors = SECTORS};
    CHECK_EQ(ftruncate(disk.fd, SECTORS * 512), 0);
    v = (struct virtio_mmio){.class = &virtio_blk,
                             .device = &disk,
                             .dma_phys = DMA_PHYS,
                             .dma_size = DMA_SIZE,
                             .dma = dma};
    offered = 0;
    set(VIRTIO_MMIO_STATUS, 0);
    set(VIRTIO_MMIO_STATUS, 3);
    features(VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_FLUSH);
    set(VIRTIO_MMIO_STATUS, 0xb);
    place_queue(8, DMA_PHYS + DESC, DMA_PHYS + AVAIL, DMA_PHYS + USED);
    set(VIRTIO_MMIO_STATUS, 0xf);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 0xf);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 1);
}

static inline struct virtq_desc *desc(unsigned i)
{
    return (struct virtq_desc *)(dma + DESC) + i;
}

static inline struct virtq_used *used(void)
{
    return (struct virtq_used *)(dma + USED);
}

// Offers chain `head` and notifies. What that said about an interrupt.
static inline int offer(uint16_t head)
{
    struct virtq_avail *avail = (struct virtq_avail *)(dma + AVAIL);
    avail->ring[offered++ % 8] = head;
    avail->idx = offered;
    return virtio_mmio_notify(&v);
}

// A request of three descriptors.
static inline void prepare(uint32_t type, uint64_t sector, uint32_t bytes)
{
    struct virtio_blk_req head = {.type = type, .sector = sector};
    int in = type == VIRTIO_BLK_T_IN;
    memcpy(dma + HEAD, &head, sizeof head);
    dma[STATUS] = 0xff;
    *desc(0) = (struct virtq_desc){DMA_PHYS + HEAD, 16, VIRTQ_DESC_F_NEXT, 1};
    *desc(1) = (struct virtq_desc){DMA_PHYS + DATA, bytes,
                                   VIRTQ_DESC_F_NEXT | (in ? VIRTQ_DESC_F_WRITE : 0), 2};
    *desc(2) = (struct virtq_desc){DMA_PHYS + STATUS, 1, VIRTQ_DESC_F_WRITE, 0};
}

static inline int request(uint32_t type, uint64_t sector, uint32_t bytes)
{
    prepare(type, sector, bytes);
    offer(0);
    return dma[STATUS];
}

#endif
