// SPDX-License-Identifier: BSD-2-Clause
// PCI configuration space and base addresses (PCI Local Bus 3.0; PCI Express Base). What a device
// does with them is pci.c's business.
#ifndef SHIM_PCI_CONFIG_H
#define SHIM_PCI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct pci_function {
    uint8_t bus, device, function;
};

// Offsets (3.0, 6.1)
#define PCI_VENDOR      0x00
#define PCI_DEVICE      0x02
#define PCI_COMMAND     0x04
#define PCI_STATUS      0x06
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR0        0x10
#define PCI_SECONDARY   0x19 // of a bridge: the bus behind it
#define PCI_SUBSYSTEM   0x2e
#define PCI_CAPS        0x34

#define PCI_COMMAND_MEMORY       0x0002u
#define PCI_COMMAND_MASTER       0x0004u
#define PCI_COMMAND_INTX_DISABLE 0x0400u
#define PCI_STATUS_CAPS          0x0010u
#define PCI_HEADER_MULTI         0x80u
#define PCI_HEADER_LAYOUT        0x7fu
#define PCI_HEADER_BRIDGE        1u
#define PCI_NBARS                6u

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

// Finds out how configuration space is reached; false: there is no PCI.
bool pci_open(void);

// `offset` is a multiple of the width, below 256.
uint8_t pci_read8(struct pci_function f, unsigned offset);
uint16_t pci_read16(struct pci_function f, unsigned offset);
uint32_t pci_read32(struct pci_function f, unsigned offset);
void pci_write16(struct pci_function f, unsigned offset, uint16_t value);
void pci_write32(struct pci_function f, unsigned offset, uint32_t value);

// Calls visit() for each function of each bus, bridges included.
void pci_scan(void (*visit)(struct pci_function f, void *context), void *context);

// The next capability with that id after the one at `after` (0: the first); 0: no more of them.
// `*budget` counts down with each step, since a list may be a ring: begin with PCI_CAP_BUDGET.
uint8_t pci_capability(struct pci_function f, uint8_t id, uint8_t after, unsigned *budget);
#define PCI_CAP_BUDGET 48u // as many as fit

// The physical address of [offset, offset + len) of memory base address `bar`; 0: no such memory,
// or the firmware gave it no address and none could be found for it. The function's memory decoding
// may be off.
uint64_t pci_bar_address(struct pci_function f, unsigned bar, uint64_t offset, uint64_t len);

#endif
