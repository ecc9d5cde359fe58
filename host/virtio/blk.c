// SPDX-License-Identifier: BSD-2-Clause
// A virtio block device (virtio 1.2, 5.2) over a file of the host. One request, one or two system
// calls on the disk's descriptor, which is all of the host it can reach (confine.c).
//
// The file may shrink under us: what is not there any more is an I/O error, never a new end of the
// file. This file and mmio.c need no C library but memcpy() and memset(): a picoprocess has them in
// its stub. Neighbours: mmio.c (rings and checks), disk_io.c (the system calls).

#include <errno.h>
#include <string.h>

#include "host/virtio/disk.h"

static uint64_t features(const void *device)
{
    const struct disk *disk = device;
    return VIRTIO_BLK_F_FLUSH | (disk->read_only ? VIRTIO_BLK_F_RO : 0);
}

static uint8_t config(const void *device, uint32_t off)
{
    const struct disk *disk = device;
    // Byte by byte, so that any width and alignment of an access works.
    struct virtio_blk_config c = {.capacity = disk->sectors};
    return off < sizeof c ? ((const uint8_t *)&c)[off] : 0;
}

// Cannot overflow: every piece lies in the guest's DMA memory, and their number is bounded.
static uint64_t total(const struct iovec *iov, uint32_t n)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += iov[i].iov_len;
    return sum;
}

// Takes `len` bytes off the front of a vector: its new beginning.
static struct iovec *advance(struct iovec *iov, uint32_t *n, uint64_t len)
{
    while (*n && len >= iov->iov_len) {
        len -= iov->iov_len;
        iov++;
        --*n;
    }
    if (*n) {
        iov->iov_base = (uint8_t *)iov->iov_base + len;
        iov->iov_len -= len;
    }
    return iov;
}

// 2.7.4.1: where a buffer ends and the next begins means nothing.
static int take_head(struct virtio_request *r, struct virtio_blk_req *head, struct iovec **rest)
{
    uint8_t *to = (uint8_t *)head;
    uint64_t left = sizeof *head;
    if (total(r->in, r->nin) < left)
        return -EINVAL;
    for (uint32_t i = 0; left; i++) {
        uint64_t n = r->in[i].iov_len < left ? r->in[i].iov_len : left;
        memcpy(to, r->in[i].iov_base, n);
        to += n;
        left -= n;
    }
    *rest = advance(r->in, &r->nin, sizeof *head);
    return 0;
}

// The status is the last byte the device may write.
static uint8_t *take_status(struct virtio_request *r)
{
    while (r->nout && r->out[r->nout - 1].iov_len == 0)
        r->nout--;
    if (r->nout == 0)
        return NULL;
    struct iovec *last = &r->out[r->nout - 1];
    last->iov_len--;
    return (uint8_t *)last->iov_base + last->iov_len;
}

// Moves all bytes of the vector. 0 or -EIO.
static int move_all(const struct disk *disk, int write, struct iovec *iov, uint32_t n, uint64_t off)
{
    // Skips empty pieces: a vector of nothing but those would read as the end of the file.
    iov = advance(iov, &n, 0);
    while (n) {
        int64_t done = disk_move(disk, write, iov, n, off);
        if (done == -EINTR)
            continue;
        if (done <= 0) // 0: behind the end of the file
            return -EIO;
        off += (uint64_t)done;
        iov = advance(iov, &n, (uint64_t)done);
    }
    return 0;
}

// The capacity is the one the device was given: a file that has grown since shows no more sectors.
static int transfer(const struct disk *disk, const struct virtio_request *r, int write,
                    struct iovec *iov, uint32_t n, uint64_t sector)
{
    uint64_t bytes = total(iov, n);
    if (bytes % VIRTIO_BLK_SECTOR || sector > disk->sectors ||
        bytes / VIRTIO_BLK_SECTOR > disk->sectors - sector)
        return -EIO;
    uint64_t off = sector * VIRTIO_BLK_SECTOR;
    if (!write)
        return move_all(disk, 0, iov, n, off);
    // A file that was cut short is not made longer by a write: the space may have been taken away
    // on purpose.
    int64_t end = disk_end(disk);
    if (disk->read_only || end < 0 || (uint64_t)end < off + bytes)
        return -EIO;
    int ret = move_all(disk, 1, iov, n, off);
    // 5.2.6.2: who has not agreed to flush expects what it wrote to be there.
    return ret == 0 && !(r->features & VIRTIO_BLK_F_FLUSH) ? disk_flush(disk) : ret;
}

// The number of bytes the device wrote, or -errno: a request so broken that there is no status byte
// to answer in. The vectors point into the guest's memory, but the head is copied once.
static int64_t blk_serve(const void *device, struct virtio_request *r)
{
    const struct disk *disk = device;
    struct virtio_blk_req head;
    struct iovec *in;
    uint64_t room = total(r->out, r->nout);
    uint8_t *status = take_status(r);
    int ret = 0;
    if (!status || take_head(r, &head, &in) < 0)
        return -EINVAL;
    switch (head.type) {
    case VIRTIO_BLK_T_IN:
        ret = transfer(disk, r, 0, r->out, r->nout, head.sector);
        break;
    case VIRTIO_BLK_T_OUT:
        ret = transfer(disk, r, 1, in, r->nin, head.sector);
        break;
    case VIRTIO_BLK_T_FLUSH:
        ret = disk_flush(disk);
        break;
    default:
        *status = VIRTIO_BLK_S_UNSUPP;
        return 1;
    }
    *status = ret < 0 ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
    // What the device has written, status included (2.7.8.2): of a read all of it, even after an
    // error in the middle, since nobody knows how much.
    return head.type == VIRTIO_BLK_T_IN ? (int64_t)room : 1;
}

const struct virtio_class virtio_blk = {
    .id = VIRTIO_ID_BLOCK,
    .features = features,
    .config = config,
    .serve = blk_serve,
};
