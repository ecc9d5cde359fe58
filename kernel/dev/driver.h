// SPDX-License-Identifier: BSD-2-Clause
// Drivers as the kernel knows them: a table that the linker collects.
//
// A program is linked with the drivers it wants (ramet-cc --drivers) and no others: each is reached
// through one pointer in section `drivers`, which a small object brings (drivers/virtio/link_*.c),
// and what no pointer leads to is dropped. boot_info says which devices there are; a driver looks
// at its devices when one is first used, because that takes dozens of exits.
#ifndef RAMET_KERNEL_DRIVER_H
#define RAMET_KERNEL_DRIVER_H

#include <stdint.h>
#include "kernel/file/file.h"

struct driver {
    uint32_t type;                // virtio device id of what it drives
    enum file_kind kind;          // of descriptions of its devices
    const struct file_ops *files; // operations of that kind
    // Makes its device number `unit` (counted among those of its type) ready for use, again if it
    // has failed before. 0, -ENXIO: no such device, -EIO.
    int (*attach)(uint32_t unit);
    void (*event)(void);  // PV_EVENT_DEVICE: answers the interrupt of each device in use
    void (*settle)(void); // before a fork: waits for what its devices are still doing
    int (*sync)(void);    // makes all that was written last. NULL: nothing to do
};

// boot_info's device number `unit` of this type, or NULL.
const struct pv_device *device_find(uint32_t type, uint32_t unit);

// The driver behind a kind of description, or NULL: not linked.
const struct driver *driver_of(enum file_kind kind);
// Its operations; none at all if the program that has inherited the descriptor lacks the driver.
const struct file_ops *driver_file_ops(enum file_kind kind);
// Opening a device: 0, -ENXIO (no such device or driver), -EIO.
int driver_open(enum file_kind kind, uint32_t unit);

void drivers_event(void); // of events_handle()
struct proc;
int drivers_fork_prepare(struct proc *child); // the fork table's hook
int drivers_sync(void);                       // sync(2)
void drivers_seed_random(void);               // at boot: what the entropy device gives

#endif
