// SPDX-License-Identifier: BSD-2-Clause
// Block devices (virtio 1.2, 5.2): one request at a time, through one buffer.
//
// A request is a chain of header, data and status byte; the caller waits for it. One that is left
// behind by SIGKILL (the process ends, but under vfork() its VM goes on as its parent) is waited
// for by the next. Neighbours: virtio.h, kernel/dev/blkdev.c (files made of this).

#include "drivers/virtio/virtio.h"
#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/dev/blkdev.h"
#include "kernel/dev/driver.h"
#include "kernel/lib.h"

#define QUEUE_SIZE 8u // one request is three descriptors

// What the device reads and writes of a request besides the data.
struct request {
    struct virtio_blk_req head;
    uint8_t status; // written by the device
};

// REQUEST and the data buffer are shared with the device: written before the kick, read after the
// answer, and nothing in them is believed twice.
struct disk {
    struct blkdev blk; // first: the class hands it back
    struct virtio_device device;
    struct virtq queue;
    struct request *request; // in DMA memory
    int busy;                // a request is under way
};

static struct disk disks[PV_MAX_DEVICES] COLD("virtio_blk");

// Waits for the request under way. The bytes the device wrote, -EIO, -ERESTART.
static int finish_request(struct disk *d)
{
    uint32_t len = 0;
    int r = virtq_wait(&d->queue);
    if (r == 0)
        r = virtq_take(&d->queue, &len);
    if (r != -ERESTART)
        d->busy = 0;
    return r < 0 ? r : (int)len;
}

// `bytes` of data are at buffer[at...].
// 0, -EIO, or -ERESTART when the process is being killed. The caller has checked SECTOR and BYTES
// against the size.
static int request(struct disk *d, uint32_t type, uint64_t sector, uint32_t at, uint32_t bytes)
{
    int read = type == VIRTIO_BLK_T_IN, r;
    if (!virtio_works(&d->device))
        return -EIO;
    // Header, status and buffer are the device's until it is done with the one before.
    if (d->busy && (r = finish_request(d)) < 0)
        return r;
    d->request->head = (struct virtio_blk_req){.type = type, .sector = sector};
    d->request->status = UINT8_MAX; // none of its values
    struct virtq_buffer buffers[3] = {{&d->request->head, sizeof d->request->head, 0}};
    uint32_t n = 1;
    if (bytes)
        buffers[n++] = (struct virtq_buffer){d->blk.buffer + at, bytes, read};
    buffers[n++] = (struct virtq_buffer){&d->request->status, 1, 1};
    if (virtq_add(&d->queue, buffers, n) < 0)
        return virtio_fail(&d->device); // it has nothing of ours: there is room
    d->busy = 1;
    virtq_kick(&d->queue);
    r = finish_request(d);
    if (r < 0)
        return r;
    // Read once: the device could change its mind between two looks.
    uint8_t status = *(volatile uint8_t *)&d->request->status;
    if (status == VIRTIO_BLK_S_IOERR || status == VIRTIO_BLK_S_UNSUPP)
        return -EIO;
    // It says that all went well: then it has written all of it (2.7.8.2), and its status.
    if (status != VIRTIO_BLK_S_OK || (read && (uint32_t)r != bytes + 1))
        return virtio_fail(&d->device);
    return 0;
}

// SECTOR counts 512 bytes whatever the block size is (5.2.4).
static int transfer(struct blkdev *blk, int write, uint64_t sector, uint32_t at, uint32_t bytes)
{
    struct disk *d = (struct disk *)blk;
    return request(d, write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, sector, at, bytes);
}

static int flush(struct blkdev *blk)
{
    struct disk *d = (struct disk *)blk;
    if (!virtio_works(&d->device))
        return -EIO;
    // 5.2.6.2: a device without it writes through.
    if (!(d->device.features & VIRTIO_BLK_F_FLUSH) || blk->read_only)
        return 0;
    return request(d, VIRTIO_BLK_T_FLUSH, 0, 0, 0);
}

// Size, block size, rights. 0 or -EIO: no disk that can be used.
static int configure(struct disk *d)
{
    struct virtio_blk_config config;
    if (virtio_config(&d->device, &config, sizeof config) < 0)
        return -EIO;
    uint32_t block = VIRTIO_BLK_SECTOR;
    if (d->device.features & VIRTIO_BLK_F_BLK_SIZE)
        block = config.blk_size;
    if (block < VIRTIO_BLK_SECTOR || block > BLKDEV_BLOCK_MAX || (block & (block - 1)))
        return virtio_fail(&d->device);
    if (config.capacity > INT64_MAX / VIRTIO_BLK_SECTOR) // an offset is a signed number
        return virtio_fail(&d->device);
    d->blk.block_size = block;
    // Whole blocks only: the rest of a disk whose size is no multiple could not be addressed.
    d->blk.sectors = config.capacity & ~(uint64_t)(block / VIRTIO_BLK_SECTOR - 1);
    d->blk.read_only = (d->device.features & VIRTIO_BLK_F_RO) != 0;
    return 0;
}

// The buffer is one for all disks: only one request of a process is ever under way.
static int blk_allocate(struct disk *d)
{
    if (!d->request)
        d->request = dma_alloc(sizeof *d->request, _Alignof(struct virtio_blk_req));
    d->blk.buffer = dma_block_buffer();
    d->blk.buffer_size = DMA_BLOCK_BUFFER;
    d->blk.transfer = transfer;
    d->blk.flush = flush;
    return d->request && d->blk.buffer ? 0 : -EIO;
}

static int blk_attach(uint32_t unit)
{
    const uint64_t wanted = VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH;
    if (unit >= PV_MAX_DEVICES)
        return -ENXIO;
    struct disk *d = &disks[unit];
    if (virtio_works(&d->device))
        return 0;
    int r = virtio_start(&d->device, VIRTIO_ID_BLOCK, unit, wanted);
    if (r == 0)
        r = blk_allocate(d);
    if (r == 0)
        r = virtq_start(&d->queue, &d->device, 0, QUEUE_SIZE);
    if (r == 0)
        r = configure(d);
    if (r < 0)
        return r;
    // 3.1.1, step 8: after the queues are there and before the first request.
    virtio_ready(&d->device);
    d->busy = 0;
    blkdev_add(unit, &d->blk);
    return 0;
}

// One interrupt serves all devices: each is asked whether it was the one. Answers to requests are
// looked for by who waits.
static void blk_event(void)
{
    for (uint32_t i = 0; i < PV_MAX_DEVICES; i++)
        virtio_event(&disks[i].device);
}

static void blk_settle(void)
{
    // Before a fork: parent and child must not both wait for one answer.
    for (uint32_t i = 0; i < PV_MAX_DEVICES; i++)
        if (disks[i].busy)
            finish_request(&disks[i]);
}

const struct driver ramet_driver_blk = {
    .type = VIRTIO_ID_BLOCK,
    .kind = FILE_BLOCK,
    .files = &blkdev_ops,
    .attach = blk_attach,
    .event = blk_event,
    .settle = blk_settle,
    .sync = blkdev_sync_all,
};
