// SPDX-License-Identifier: BSD-2-Clause
// Resources of devices that only the DSDT describes.
#ifndef SHIM_ACPI_CRS_H
#define SHIM_ACPI_CRS_H

#include <stdbool.h>
#include <stdint.h>

struct acpi_mmio_device {
    uint32_t address, len;
    uint32_t gsi;
};

// Memory-mapped virtio devices; returns how many, at most `max`.
unsigned acpi_virtio_mmio(struct acpi_mmio_device *out, unsigned max);

// The memory below 4 GB that a PCI host bridge passes on to its bus; false: not told.
bool acpi_pci_window(uint64_t *start, uint64_t *end);

#endif
