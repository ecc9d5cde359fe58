// SPDX-License-Identifier: BSD-2-Clause
// Block devices: between a driver, which moves blocks, and kernel/dev/blkdev.c, which makes files
// of them.
#ifndef RAMET_KERNEL_BLKDEV_H
#define RAMET_KERNEL_BLKDEV_H

#include <stdint.h>
#include "kernel/file/file.h"

#define BLKDEV_SECTOR    512u // what `sector` counts, whatever the block size
#define BLKDEV_BLOCK_MAX 4096u

struct blkdev {
    uint64_t sectors;    // a multiple of the block size
    uint32_t block_size; // bytes, a power of two from BLKDEV_SECTOR to BLKDEV_BLOCK_MAX
    int read_only;
    uint8_t *buffer; // what the device reaches; shared by all: one request at a time
    uint32_t buffer_size;
    // Moves whole blocks between the device and buffer[at...]. Sleeps. 0, -EIO, or -ERESTART
    // (SIGKILL is pending: the request may be under way still).
    int (*transfer)(struct blkdev *d, int write, uint64_t sector, uint32_t at, uint32_t bytes);
    // What has been written is there after a power failure. As transfer().
    int (*flush)(struct blkdev *d);
};

// A driver's device number `unit` is ready. `d` stays where it is.
void blkdev_add(uint32_t unit, struct blkdev *d);

// Makes every disk of the machine safe, as flush() does.
int blkdev_sync_all(void);

// Operations of FILE_BLOCK, for the driver's entry in the table.
extern const struct file_ops blkdev_ops;

#endif
