// SPDX-License-Identifier: BSD-2-Clause
// PV_CALL_NOTIFY: the one store that tells a device of its queue.
#ifndef SHIM_NOTIFY_H
#define SHIM_NOTIFY_H

#include "abi/pv.h"

// Where a PCI device wants its notifications (virtio 1.2, 4.1.4.4): its registers, for ring 0,
// `len` bytes of them, and the distance of two queues.
struct notify_region {
    volatile uint8_t *at;
    uint64_t len;
    uint32_t multiplier;
};

// Device number `index` of boot_info, which is on PCI.
void notify_add(uint32_t index, const struct notify_region *region);

// The call, for one of boot_info's `n` devices. 0, -ENODEV or -EINVAL.
int64_t notify_queue(const struct pv_device *devices, uint32_t n, const struct pv_notify *c);

#endif
