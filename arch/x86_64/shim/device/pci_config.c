// SPDX-License-Identifier: BSD-2-Clause
// Ways to PCI configuration space: memory (PCI Express, by the MCFG table or, as QEMU's microvm has
// it, by the DSDT), else a pair of ports.
// And the walk over buses. Addresses of devices are the firmware's choice (pci_bar.c).

#include "arch/x86_64/shim/device/pci_config.h"

#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/space.h"

// --- the two ways ---
#define PORT_ADDRESS   0xcf8 // PCI 3.0, 3.2.2.3.2
#define PORT_DATA      0xcfc
#define ADDRESS_ENABLE 0x80000000u
#define ECAM_BUS_SHIFT 20 // PCI Express Base, 7.2.2
#define ECAM_BUS_SIZE  (UINT64_C(1) << ECAM_BUS_SHIFT)
#define ECAM_FN_SHIFT  12
#define DEVICES        32u
#define FUNCTIONS      8u
#define BUSES          256u
#define NO_VENDOR      0xffffu
#define ECAM_LAST_BYTE (UINT64_C(1) << 46) // beyond it nothing is mapped

static struct {
    bool ecam;
    uint8_t bus_first, bus_last;
    uint64_t address;
    int mapped_bus; // the bus that `regs` shows; -1: none yet
    volatile uint8_t *regs;
} way;

// A bus is mapped when it is first looked at, and a scan goes on from bus to bus.
// The address space for registers is never taken back (space.c): a scan that went back and forth
// between buses would use it up, hence one bus at a time, upwards.
static volatile uint8_t *ecam_register(struct pci_function f, unsigned offset)
{
    if (way.mapped_bus != f.bus) {
        way.regs = device_map(way.address + (uint64_t)f.bus * ECAM_BUS_SIZE, ECAM_BUS_SIZE);
        way.mapped_bus = f.bus;
    }
    return way.regs + ((uint32_t)(f.device * FUNCTIONS + f.function) << ECAM_FN_SHIFT) + offset;
}

static void select_register(struct pci_function f, unsigned offset)
{
    // Two accesses make one; nobody comes in between, with one processor and interrupts off.
    outl(PORT_ADDRESS, ADDRESS_ENABLE | (uint32_t)f.bus << 16 | (uint32_t)f.device << 11 |
                           (uint32_t)f.function << 8 | (offset & 0xfcu));
}

// Whether there is a way to configuration space at all. Calling it again starts afresh.
bool pci_open(void)
{
    struct acpi_ecam e = acpi()->ecam;

    if (!e.address && acpi()->hw_reduced && acpi_cba(&e.address))
        e.bus_last = BUSES - 1;
    memset(&way, 0, sizeof way);
    way.mapped_bus = -1;
    if (e.address && e.address < ECAM_LAST_BYTE) {
        way.ecam = true;
        way.bus_first = e.bus_first;
        way.bus_last = e.bus_last;
        way.address = e.address;
        return true;
    }
    // A host bridge keeps the address register; without one the port reads as all ones.
    way.bus_last = BUSES - 1;
    outl(PORT_ADDRESS, ADDRESS_ENABLE);
    return inl(PORT_ADDRESS) == ADDRESS_ENABLE;
}

// Of a function that is not there all of these read as ones. OFFSET is below 256.
uint8_t pci_read8(struct pci_function f, unsigned offset)
{
    if (way.ecam)
        return mmio_read8(ecam_register(f, offset));
    select_register(f, offset);
    return inb((uint16_t)(PORT_DATA + (offset & 3)));
}

uint16_t pci_read16(struct pci_function f, unsigned offset)
{
    if (way.ecam)
        return mmio_read16(ecam_register(f, offset));
    select_register(f, offset);
    return inw((uint16_t)(PORT_DATA + (offset & 2)));
}

uint32_t pci_read32(struct pci_function f, unsigned offset)
{
    if (way.ecam)
        return mmio_read32(ecam_register(f, offset));
    select_register(f, offset);
    return inl(PORT_DATA);
}

void pci_write16(struct pci_function f, unsigned offset, uint16_t value)
{
    if (way.ecam) {
        mmio_write16(ecam_register(f, offset), value);
    } else {
        select_register(f, offset);
        outw((uint16_t)(PORT_DATA + (offset & 2)), value);
    }
}

void pci_write32(struct pci_function f, unsigned offset, uint32_t value)
{
    if (way.ecam) {
        mmio_write32(ecam_register(f, offset), value);
    } else {
        select_register(f, offset);
        outl(PORT_DATA, value);
    }
}

// --- the walk ---
// A bus behind a bridge has a higher number than the bridge's own (PCI-to-PCI Bridge 1.2, 3.2.5.3),
// so one pass upwards over the buses known so far sees them all, and a ring of bridges ends.
struct walk {
    uint8_t known[BUSES];
    void (*visit)(struct pci_function f, void *context);
    void *context;
};

// Returns the header type.
static uint8_t walk_function(struct walk *w, struct pci_function f)
{
    uint8_t type = pci_read8(f, PCI_HEADER_TYPE);
    if ((type & PCI_HEADER_LAYOUT) == PCI_HEADER_BRIDGE) {
        uint8_t behind = pci_read8(f, PCI_SECONDARY);
        if (behind <= way.bus_last)
            w->known[behind] = 1;
    }
    w->visit(f, w->context);
    return type;
}

static void walk_bus(struct walk *w, uint8_t bus)
{
    for (uint8_t device = 0; device < DEVICES; device++) {
        struct pci_function f = {bus, device, 0};
        if (pci_read16(f, PCI_VENDOR) == NO_VENDOR)
            continue;
        // Function 0 says whether there are others; a device without it answers at all eight
        // numbers (PCI 3.0, 3.2.2.3.4).
        if (!(walk_function(w, f) & PCI_HEADER_MULTI))
            continue;
        for (f.function = 1; f.function < FUNCTIONS; f.function++)
            if (pci_read16(f, PCI_VENDOR) != NO_VENDOR)
                walk_function(w, f);
    }
}

// Every function of every bus that firmware has numbered, bridges included, each once.
void pci_scan(void (*visit)(struct pci_function f, void *context), void *context)
{
    struct walk w = {.visit = visit, .context = context};

    w.known[way.bus_first] = 1;
    for (unsigned bus = way.bus_first; bus <= way.bus_last; bus++)
        if (w.known[bus])
            walk_bus(&w, (uint8_t)bus);
}

// --- capabilities (PCI 3.0, 6.7) ---
// The next capability ID behind AFTER (0: the first), or 0. BUDGET is the caller's, for a whole
// list.
uint8_t pci_capability(struct pci_function f, uint8_t id, uint8_t after, unsigned *budget)
{
    if (!after && !(pci_read16(f, PCI_STATUS) & PCI_STATUS_CAPS))
        return 0;
    uint8_t at = pci_read8(f, after ? after + 1u : PCI_CAPS) & 0xfc;
    // A list that comes round again ends with the budget; pointers below 0x40 would lead into the
    // header.
    while (at >= 0x40 && *budget) {
        --*budget;
        if (pci_read8(f, at) == id)
            return at;
        at = pci_read8(f, at + 1u) & 0xfc;
    }
    return 0;
}
