// SPDX-License-Identifier: BSD-2-Clause
// fuzz_virtio.c: libFuzzer over the monitor's block device: a guest that owns its DMA memory
// accesses registers in any order and width. The device may touch nothing but that memory, which
// lies between pages that fault, and the disk, which must keep its size; every access ends.
//
// Real: host/virtio/mmio.c, host/virtio/blk.c. An input begins with rings that make sense more
// often than chance would have it. `make fuzz-virtio` builds and runs it.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/virtio/disk.h"

#define DMA_PHYS UINT64_C(0x140000)
#define DMA_SIZE 0x8000u
#define SECTORS  32u
#define ACCESSES 256 // per input

static struct disk disk;
static uint8_t *dma;
static struct virtio_mmio v;

static void require(bool promise)
{
    if (!promise)
        abort();
}

struct input {
    const uint8_t *data;
    size_t left;
};

static void take(struct input *in, void *to, size_t len)
{
    size_t n = len < in->left ? len : in->left;
    memset(to, 0, len);
    memcpy(to, in->data, n);
    in->data += n;
    in->left -= n;
}

static void set_up(void)
{
    dma = mmap(NULL, DMA_SIZE + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(dma != MAP_FAILED);
    dma += 4096;
    require(mprotect(dma, DMA_SIZE, PROT_READ | PROT_WRITE) == 0);
    disk = (struct disk){.fd = memfd_create("disk", 0), .sectors = SECTORS};
    require(disk.fd >= 0);
}

static void set(uint32_t off, uint32_t value)
{
    virtio_mmio_write(&v, off, 4, value);
}

// A device in use: rings at the beginning of DMA memory, in a queue of 8.
static void start(void)
{
    set(VIRTIO_MMIO_STATUS, 3);
    set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    set(VIRTIO_MMIO_DRIVER_FEATURES, 1);
    set(VIRTIO_MMIO_STATUS, 0xb);
    set(VIRTIO_MMIO_QUEUE_NUM, 8);
    set(VIRTIO_MMIO_QUEUE_DESC_LOW, DMA_PHYS);
    set(VIRTIO_MMIO_QUEUE_DRIVER_LOW, DMA_PHYS + 128);
    set(VIRTIO_MMIO_QUEUE_DEVICE_LOW, DMA_PHYS + 256);
    set(VIRTIO_MMIO_QUEUE_READY, 1);
    set(VIRTIO_MMIO_STATUS, 0xf);
    require(v.queue.ready);
}

// Descriptors near the truth: addresses inside or just outside, short lengths.
static void fill(struct input *in)
{
    struct virtq_desc *desc = (struct virtq_desc *)dma;
    for (unsigned i = 0; i < 8; i++) {
        struct {
            uint16_t addr, len;
            uint8_t flags, next;
        } d;
        take(in, &d, sizeof d);
        desc[i] = (struct virtq_desc){DMA_PHYS + d.addr, d.len, d.flags & 7, d.next % 9};
    }
    take(in, dma + 128, 32); // the available ring
    take(in, dma + 512, 64); // headers
}

static void access_once(struct input *in)
{
    struct {
        uint8_t off, how;
        uint32_t value;
    } a;
    take(in, &a, sizeof a);
    uint32_t len = 1u << (a.how & 3), off = a.how & 4 ? a.off * 16u : a.off & ~3u;
    if (a.how & 8)
        len = 4;
    uint64_t value = a.how & 16 ? DMA_PHYS + (a.value & (DMA_SIZE - 1)) : a.value;
    if (a.how & 32)
        virtio_mmio_read(&v, off, len);
    else if (a.how & 64)
        virtio_mmio_notify(&v);
    else
        virtio_mmio_write(&v, off, len, value);
    if (a.how & 128) // the guest writes to its memory in between
        take(in, dma + (a.value % DMA_SIZE & ~63u), 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    uint8_t how;
    if (!dma)
        set_up();
    take(&in, &how, 1);
    require(ftruncate(disk.fd, how & 2 ? SECTORS * 512 : SECTORS * 256) == 0);
    off_t end = lseek(disk.fd, 0, SEEK_END);
    disk.read_only = how & 4;
    memset(dma, 0, DMA_SIZE);
    v = (struct virtio_mmio){.class = &virtio_blk,
                             .device = &disk,
                             .dma_phys = DMA_PHYS,
                             .dma_size = DMA_SIZE,
                             .dma = dma};
    if (how & 1) {
        start();
        fill(&in);
    }
    for (int i = 0; i < ACCESSES && in.left; i++)
        access_once(&in);
    require(lseek(disk.fd, 0, SEEK_END) == end);
    return 0;
}
