// SPDX-License-Identifier: BSD-2-Clause
// The devices of a VM: the family's disks (abi/pv.h, "devices").
#ifndef HOST_DEVICES_H
#define HOST_DEVICES_H

#include <stdint.h>

struct monitor;
struct family;
struct pv_boot_info;

// For a VM that is about to run a new program: every device as after power-on.
void devices_reset(struct monitor *m);
// Tells the program of them.
void devices_describe(const struct family *f, struct pv_boot_info *b);
// The guest has accessed guest-physical memory below RAM. 1 if that was a device.
int devices_access(struct monitor *m);
// PV_CALL_NOTIFY.
int devices_notify(struct monitor *m, uint32_t device, uint32_t queue);

#endif
