// SPDX-License-Identifier: BSD-2-Clause
// blk_helpers.h: what the tests of /dev/vda share: a family with a disk behind the monitor's own
// device (fake_virtio.h), and room for all its bytes.
#ifndef RAMET_TESTS_BLK_HELPERS_H
#define RAMET_TESTS_BLK_HELPERS_H

#include "tests/unit/lib/fs_helpers.h"
#include "kernel/dev/driver.h"
#include "tests/unit/lib/fake_virtio.h"

#define SIZE (FAKE_SECTORS * 512)

static uint8_t buf[SIZE];

// A family with a disk that this program has not used yet.
static inline void set_up(void)
{
    static const uint32_t types[] = {VIRTIO_ID_RNG, VIRTIO_ID_BLOCK};
    fake_virtio_boot(types, 2);
    boot_with(NULL, 0);
    // The driver's memory is of an earlier test: let it find that its device has gone.
    fake_virtio.interrupt = VIRTIO_INTERRUPT_CONFIG;
    drivers_event();
    fake_virtio.interrupt = 0;
    fake_time_flies = 1;
}

static inline int disk(int flags)
{
    return (int)sys_openat(AT_FDCWD, "/dev/vda", flags, 0);
}

#endif
