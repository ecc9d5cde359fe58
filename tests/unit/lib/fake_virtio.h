// SPDX-License-Identifier: BSD-2-Clause
// fake_virtio.h: devices for the drivers' unit tests: the monitor's own block device over a memfd
// behind a transport made of function calls, and hooks by which a device misbehaves.
#ifndef RAMET_TESTS_FAKE_VIRTIO_H
#define RAMET_TESTS_FAKE_VIRTIO_H

#include <stdint.h>
#include "drivers/virtio/virtio.h"

#define FAKE_SECTORS 2048u // of the disk

struct fake_virtio {
    // The disk.
    int read_only;
    uint32_t block_size; // 0: the device does not offer VIRTIO_BLK_F_BLK_SIZE
    // What the transport says instead of the truth.
    uint64_t no_features; // not offered
    uint64_t capacity;    // 0: the true one
    uint8_t status;       // bits added to the status
    int no_reset;         // the status never becomes 0
    int no_queue;         // no queue has entries
    int other;            // identify() fails
    int no_enable;        // queue_enable() fails
    int no_notify;        // the host refuses to notify
    uint32_t changes;     // of the configuration while it is read, counts down
    uint32_t interrupt;   // VIRTIO_INTERRUPT_*
    // What the device does instead of serving the queue. NULL: serves it.
    void (*notify)(struct virtq *q);
    uint32_t notified, resets;
};
extern struct fake_virtio fake_virtio;

// DMA memory at PV_DMA_VA and boot_info with these devices, all behind the fake transport. Once a
// process; each later call starts over with another disk.
void fake_virtio_boot(const uint32_t *types, uint32_t n);
// Serves the disk's queue, as its notification does.
void fake_virtio_serve(void);
// The disk's contents, from behind.
void fake_disk_read(uint64_t off, void *buf, uint32_t len);
void fake_disk_write(uint64_t off, const void *buf, uint32_t len);
void fake_disk_truncate(uint64_t size);

// The device's side of a queue. The chain it may use next; puts a used element.
uint16_t fake_queue_next(struct virtq *q);
void fake_queue_put(struct virtq *q, uint32_t id, uint32_t len);

#endif
