// SPDX-License-Identifier: BSD-2-Clause
// Disks of a family: files of the host that --disk names, and the block device each VM sees of one.
//
// A disk is opened once, by the supervisor; monitors inherit the descriptor. There is no cache of
// ours: what one VM has written, the host's file has, and the next VM reads.
#ifndef HOST_DISK_H
#define HOST_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "host/virtio/mmio.h"

#define DISKS_MAX 4 // of a family

struct disk {
    int fd;
    int read_only;
    uint64_t sectors; // of 512 bytes, when it was opened
};

// Opens FILE or FILE:ro. 0, or -errno with a line in err.
int disk_open(struct disk *disk, const char *arg, char *err, size_t errlen);

// --- host/virtio/disk_io.c; in a picoprocess host/process/stub/disk.c ---

// Moves bytes between the file at `off` and the beginning of iov[n], whose first piece is not
// empty, in one system call. May block for as long as the file does. How many, 0 behind the end of
// the file, or -errno.
int64_t disk_move(const struct disk *disk, int write, const struct iovec *iov, uint32_t n,
                  uint64_t off);
// Where the file ends now, or -errno.
int64_t disk_end(const struct disk *disk);
// What was written is safe when it returns. 0 or -EIO.
int disk_flush(const struct disk *disk);

// --- host/virtio/blk.c ---

// The device (virtio 1.2, 5.2). virtio_mmio.device is a struct disk.
extern const struct virtio_class virtio_blk;

#endif
