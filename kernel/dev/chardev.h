// SPDX-License-Identifier: BSD-2-Clause
// Character devices behind a driver: the driver moves what it can at once, kernel/dev/chardev.c
// makes files of that, which wait.
#ifndef RAMET_KERNEL_CHARDEV_H
#define RAMET_KERNEL_CHARDEV_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/file/file.h"

struct chardev {
    // Move bytes, at least one. None of them sleeps. -EAGAIN: none now; a PV_EVENT_DEVICE comes
    // when that changes. -EIO. NULL: -EINVAL.
    long (*get)(void *buf, size_t len);
    long (*put)(const void *buf, size_t len);
    uint32_t (*poll)(void); // POLLIN, POLLOUT, POLLERR: what would not say -EAGAIN. NULL: always
};

// The driver's device is ready: descriptions of this kind refer to it from now on. `d` stays where
// it is.
void chardev_add(enum file_kind kind, const struct chardev *d);

// Operations of FILE_HVC and FILE_HWRNG, for the drivers' entries in the table.
extern const struct file_ops chardev_ops;

#endif
