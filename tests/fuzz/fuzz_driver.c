// SPDX-License-Identifier: BSD-2-Clause
// fuzz_driver.c: libFuzzer plays a hostile block device against the kernel's driver. A program
// reads and writes /dev/vda; at each notification the device does what the input says: serves the
// request as it should, writes anything anywhere in DMA memory, puts used elements, sets status
// bits, or nothing. Every call must end, with bytes moved or -EIO, and touch no memory but its own.
//
// Real: drivers/virtio, kernel/dev/blkdev.c and the file layer, the monitor's device for the part
// of the good one. Faked: as in the drivers' unit tests (tests/unit/lib/fake_virtio.h).
#include <stdlib.h>

#include "tests/unit/lib/blk_helpers.h"

#define OPERATIONS 16 // per input

static const uint8_t *data;
static size_t left;

static void require(int promise)
{
    if (!promise)
        abort();
}

static uint32_t take(uint32_t len)
{
    uint32_t value = 0, n = len < left ? len : (uint32_t)left;
    memcpy(&value, data, n);
    data += n;
    left -= n;
    return value;
}

// The beginning of DMA memory has the rings and requests.
static void scribble(uint32_t at, uint32_t len)
{
    uint8_t *to = (uint8_t *)(uintptr_t)(PV_DMA_VA + at % (PV_DMA_SIZE - 64));
    for (uint32_t i = 0; i < len % 64; i++)
        to[i] = (uint8_t)take(1);
}

static void act(struct virtq *q)
{
    for (uint32_t n = take(1) % 4; n; n--)
        switch (take(1) % 8) {
        case 0:
        case 1:
            fake_virtio_serve();
            break;
        case 2:
            fake_queue_put(q, take(1), take(2));
            break;
        case 3:
            fake_queue_put(q, take(4), take(4));
            break;
        case 4:
            scribble(take(2), take(1));
            break;
        case 5:
            scribble(take(1) * 4u, take(1)); // near the rings
            break;
        case 6:
            fake_virtio.status = (uint8_t)take(1);
            break;
        case 7:
            q->used->idx = (uint16_t)take(2);
            break;
        }
}

static void one(int fd)
{
    uint32_t how = take(1), off = take(3) % SIZE, len = take(how & 8 ? 3 : 1);
    len = len < SIZE ? len : SIZE;
    long r = 0;
    switch (how % 4) {
    case 0:
        r = sys_pread(fd, buf, len, off);
        break;
    case 1:
        r = sys_pwrite(fd, buf, len, off);
        break;
    case 2:
        r = sys_fsync(fd);
        break;
    case 3:
        drivers_fork_prepare(NULL);
        drivers_event();
        break;
    }
    require(r == -EIO || (r >= 0 && r <= (long)len));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    data = bytes;
    left = size;
    if (fake_virtio.notify == NULL)
        set_up();
    fake_virtio.notify = NULL;
    fake_virtio.status = VIRTIO_STATUS_NEEDS_RESET; // what the last input left has failed
    fake_virtio.interrupt = VIRTIO_INTERRUPT_CONFIG;
    drivers_event();
    fake_virtio.status = 0;
    int fd = (int)sys_openat(AT_FDCWD, "/dev/vda", O_RDWR, 0);
    require(fd >= 0);
    fake_virtio.notify = act;
    for (int i = 0; i < OPERATIONS && left; i++)
        one(fd);
    sys_close(fd);
    require(pv_shared->critical == 0 && window_root()->disk_turn[0].owner == 0);
    return 0;
}
