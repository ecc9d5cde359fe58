// SPDX-License-Identifier: BSD-2-Clause
// Virtio devices that are simply at an address.
#ifndef SHIM_VIRTIO_MMIO_H
#define SHIM_VIRTIO_MMIO_H

#include "abi/pv.h"

// Finds and maps the virtio 1.x devices with memory-mapped registers, their interrupts routed to
// irq_device_vector(), and fills out[]. Returns how many, at most `max`. They are told by words of
// the kernel command line, virtio_mmio.device=SIZE@ADDRESS:IRQ[:ID] as Linux has it; without such a
// word, by the DSDT of a hardware-reduced machine; without ACPI and PCI they are looked for where
// QEMU's microvm has them. Needs acpi_init() and apic_init().
unsigned virtio_mmio_find(struct pv_device *out, unsigned max, const char *cmdline);

#endif
