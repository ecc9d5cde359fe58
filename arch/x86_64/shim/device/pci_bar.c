// SPDX-License-Identifier: BSD-2-Clause
// Where a PCI function's memory is. Firmware gives the addresses, with one exception: QEMU's
// microvm has none that would, so the shim does it there, from the memory its DSDT names.

#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/device/pci_config.h"

// A base address register (PCI 3.0, 6.2.5.1)
#define BAR_IO      0x1u
#define BAR_TYPE    0x6u
#define BAR_TYPE_64 0x4u
#define BAR_FLAGS   UINT64_C(0xf)

#define HIGHEST_ADDRESS (UINT64_C(1) << 46)

struct bar {
    unsigned offset; // in configuration space
    bool wide;
    uint64_t address; // 0: none
};

// False: not a memory base address.
static bool bar_read(struct pci_function f, unsigned index, struct bar *b)
{
    if (index >= PCI_NBARS)
        return false;
    b->offset = PCI_BAR0 + 4 * index;
    uint32_t low = pci_read32(f, b->offset);
    if (low & BAR_IO)
        return false;
    // A 64-bit address takes this register and the next one.
    b->wide = (low & BAR_TYPE) == BAR_TYPE_64;
    if (b->wide && index + 1 >= PCI_NBARS)
        return false;
    b->address = low & ~BAR_FLAGS;
    if (b->wide)
        b->address |= (uint64_t)pci_read32(f, b->offset + 4) << 32;
    return true;
}

// --- addresses where the firmware gave none ---
static struct {
    bool tried;
    uint64_t next, end; // next 0: no window
} window;

// Bridges have other registers there.
static void note_address(struct pci_function f, void *context)
{
    uint64_t *seen = context;
    struct bar b;

    if (pci_read8(f, PCI_HEADER_TYPE) & PCI_HEADER_LAYOUT)
        return;
    for (unsigned i = 0; i < PCI_NBARS; i++)
        if (bar_read(f, i, &b)) {
            *seen |= b.address;
            i += b.wide;
        }
}

// Only where nobody has an address may we choose them: else the firmware had its reasons, and we do
// not know what is free.
static void window_open(void)
{
    uint64_t seen = 0;

    window.tried = true;
    pci_scan(note_address, &seen);
    if (seen || !acpi_pci_window(&window.next, &window.end))
        window.next = 0;
}

// The bits that can be set are those above the size.
// Leaves the register at 0. A size of 4 GB and more, which its low half does not show, is 0 here:
// no virtio device has such a region.
static uint64_t bar_size(struct pci_function f, const struct bar *b)
{
    pci_write32(f, b->offset, UINT32_MAX);
    uint64_t mask = pci_read32(f, b->offset) & ~BAR_FLAGS;
    pci_write32(f, b->offset, 0);
    return mask ? (~mask & UINT32_MAX) + 1 : 0;
}

// A 64-bit address may as well be one below 4 GB.
static void bar_assign(struct pci_function f, struct bar *b)
{
    uint16_t command = pci_read16(f, PCI_COMMAND);

    if (!window.tried)
        window_open();
    // Decoding is off while the address is being probed: all ones would be an address.
    pci_write16(f, PCI_COMMAND, command & (uint16_t)~PCI_COMMAND_MEMORY);
    uint64_t size = window.next ? bar_size(f, b) : 0;
    uint64_t address = size ? (window.next + size - 1) & ~(size - 1) : 0;
    if (address && address < window.end && size <= window.end - address) {
        window.next = address + size;
        b->address = address;
        pci_write32(f, b->offset, (uint32_t)address);
        if (b->wide)
            pci_write32(f, b->offset + 4, 0);
    }
    pci_write16(f, PCI_COMMAND, command);
}

// Where [OFFSET, OFFSET + LEN) of the register's region is, 0 when it is not all inside. The three
// come from the device and are not trusted.
uint64_t pci_bar_address(struct pci_function f, unsigned bar, uint64_t offset, uint64_t len)
{
    struct bar b;

    if (!bar_read(f, bar, &b))
        return 0;
    if (!b.address)
        bar_assign(f, &b);
    // The address is a multiple of the size, so it bounds the size, without the writes (each a
    // change of the machine's memory map) that asking for it takes.
    uint64_t bound = b.address & -b.address;
    if (!b.address || b.address >= HIGHEST_ADDRESS || offset > bound || len > bound - offset)
        return 0;
    return b.address + offset;
}
