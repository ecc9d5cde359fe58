// SPDX-License-Identifier: BSD-2-Clause
// Devices by number, with Linux's numbers (kernel/dev/dev.c).
#ifndef RAMET_KERNEL_DEV_H
#define RAMET_KERNEL_DEV_H

#include <stdint.h>
#include "kernel/file/file.h"

// Linux's dev_t for small numbers: major << 8 | minor.
#define DEV(major, minor) ((uint32_t)(major) << 8 | (minor))
#define DEV_NULL          DEV(1, 3)
#define DEV_ZERO          DEV(1, 5)
#define DEV_FULL          DEV(1, 7)
#define DEV_RANDOM        DEV(1, 8)
#define DEV_URANDOM       DEV(1, 9)
#define DEV_TTY           DEV(5, 0) // the caller's controlling terminal
#define DEV_CONSOLE       DEV(5, 1) // the family's terminal
#define DEV_HWRNG         DEV(10, 183)
#define DEV_HVC           DEV(229, 0)
// Block devices; each disk has 16 numbers, for itself and partitions.
#define DEV_VD(disk)  DEV(254, (disk)*DEV_VD_MINORS)
#define DEV_VD_MINORS 16u

// The kind of description that opening this device gives; FILE_NONE if there is no such device.
// `mode` says whether it is a character or a block device.
enum file_kind dev_kind(uint32_t mode, uint32_t rdev);
// Whether it can be opened now: 0, or -ENXIO (no such device, no controlling terminal), -EIO (it
// does not work). A device behind a driver is made ready.
int dev_check(uint32_t mode, uint32_t rdev);

#endif
