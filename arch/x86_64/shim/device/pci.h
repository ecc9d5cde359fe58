// SPDX-License-Identifier: BSD-2-Clause
// Virtio devices on PCI.
#ifndef SHIM_PCI_H
#define SHIM_PCI_H

#include "abi/pv.h"

// Finds, maps and enables the virtio 1.x devices on PCI, their interrupt routed to
// irq_device_vector(), and fills out[] in the order of their bus addresses. Returns how many, at
// most `max`. What cannot be used is named on the console. Needs acpi_init() and apic_init().
unsigned pci_find_virtio(struct pv_device *out, unsigned max);

#endif
