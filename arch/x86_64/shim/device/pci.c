// SPDX-License-Identifier: BSD-2-Clause
// Virtio over PCI (virtio 1.2, 4.1): where a device has its registers is in capabilities, its
// interrupt is a message. The device is left in reset: the kernel's drivers begin there, and one
// that no driver wants does not write to memory that firmware once gave it.

#include "arch/x86_64/shim/device/pci.h"

#include <stdbool.h>

#include "arch/x86_64/shim/time/apic.h"
#include "arch/x86_64/shim/device/device.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/device/notify.h"
#include "arch/x86_64/shim/device/pci_config.h"
#include "arch/x86_64/shim/mem/space.h"

// --- identity (4.1.2) ---
#define VIRTIO_VENDOR       0x1af4
#define VIRTIO_FIRST        0x1000 // to 0x103f: transitional, the type is the subsystem's id
#define VIRTIO_FIRST_MODERN 0x1040 // plus the type
#define VIRTIO_LAST         0x107f

// --- capabilities (4.1.4) ---
enum region { COMMON, NOTIFY, ISR, CONFIG, REGIONS };
#define CAP_LEN       2
#define CAP_TYPE      3 // enum region + 1
#define CAP_BAR       4
#define CAP_OFFSET    8
#define CAP_LENGTH    12
#define CAP_NOTIFY    16 // notify_off_multiplier
#define CAP_SIZE      16u
#define COMMON_STATUS 20u // device_status (4.1.4.3)

// What a region needs at least, and at most gets: notification registers of many queues can be many
// pages, and no more than PV_MAX_QUEUES are ever notified. Where it goes: those are ring 0's.
static const struct {
    uint32_t min, max, regs;
} region_size[REGIONS] = {[COMMON] = {56, 4096, PV_REGS_COMMON},
                          [NOTIFY] = {2, PV_MAX_QUEUES * 4096, PV_REGS_COUNT},
                          [ISR] = {1, 4096, PV_REGS_ISR},
                          [CONFIG] = {1, 4096, PV_REGS_CONFIG}};

// --- MSI-X (PCI 3.0, 6.8.2; the message: SDM vol. 3, 11.11) ---
#define MSIX_CONTROL        2
#define MSIX_CONTROL_ENABLE 0x8000u
#define MSIX_CONTROL_MASK   0x4000u
#define MSIX_TABLE          4
#define MSIX_TABLE_BAR      7u
#define MSIX_ENTRY_LOW      0
#define MSIX_ENTRY_HIGH     4
#define MSIX_ENTRY_DATA     8
#define MSIX_ENTRY_CONTROL  12
#define MSIX_ENTRY_SIZE     16u
#define MSI_ADDRESS         0xfee00000u
#define MSI_APIC_ID_SHIFT   12

// What a walk has found so far; more than MAX are counted by name only.
struct search {
    struct pv_device *out;
    unsigned n, max;
};

// Never silently: a disk that is missing is looked for in the wrong place otherwise.
static void skip(struct pci_function f, const char *why)
{
    shim_print("PCI device %x:%x.%x: %s", f.bus, f.device, f.function, why);
}

// Where the registers of one capability are; 0: nowhere we can use.
static uint64_t region_address(struct pci_function f, uint8_t cap, enum region region,
                               uint64_t *len)
{
    uint64_t offset = pci_read32(f, cap + CAP_OFFSET);

    *len = pci_read32(f, cap + CAP_LENGTH);
    if (*len < region_size[region].min)
        return 0;
    *len = min_u64(*len, region_size[region].max);
    return pci_bar_address(f, pci_read8(f, cap + CAP_BAR), offset, *len);
}

// The notification registers; at most once.
static void take_notify(struct pci_function f, uint8_t cap, struct notify_region *notify)
{
    uint64_t len;
    if (notify->at || cap > 256 - CAP_SIZE - 4 || pci_read8(f, cap + CAP_LEN) < CAP_SIZE + 4)
        return;
    uint64_t pa = region_address(f, cap, NOTIFY, &len);
    if (pa)
        *notify = (struct notify_region){device_map(pa, len), len, pci_read32(f, cap + CAP_NOTIFY)};
}

// Of several capabilities of a kind the first that can be used counts (4.1.4.1).
static void find_regions(struct pci_function f, struct pv_device *d, struct notify_region *notify)
{
    unsigned budget = PCI_CAP_BUDGET;
    uint8_t cap = 0;

    while ((cap = pci_capability(f, PCI_CAP_VENDOR, cap, &budget)) != 0) {
        // The fields of a capability must lie in the 256 bytes of configuration space: a device
        // could point anywhere.
        uint8_t type = pci_read8(f, cap + CAP_TYPE);
        uint64_t len;
        if (type == 0 || type > REGIONS || cap > 256 - CAP_SIZE ||
            pci_read8(f, cap + CAP_LEN) < CAP_SIZE)
            continue;
        if (type - 1 == NOTIFY) {
            take_notify(f, cap, notify);
            continue;
        }
        uint64_t *regs = &d->regs[region_size[type - 1].regs];
        uint64_t pa = *regs ? 0 : region_address(f, cap, type - 1, &len);
        if (pa)
            *regs = device_registers(pa, len);
    }
}

// Entry 0 of the table goes to our vector, the others stay masked.
static void enable_msix(struct pci_function f, uint8_t cap, uint64_t table)
{
    volatile uint8_t *entry = device_map(table, MSIX_ENTRY_SIZE);
    uint16_t control = pci_read16(f, cap + MSIX_CONTROL);
    control = (control | MSIX_CONTROL_ENABLE) & (uint16_t)~MSIX_CONTROL_MASK;

    // An entry must not change while it can be used (6.8.2, "Implementation note").
    pci_write16(f, cap + MSIX_CONTROL, control | MSIX_CONTROL_MASK);
    mmio_write32(entry + MSIX_ENTRY_LOW, MSI_ADDRESS | (apic_id() & 0xff) << MSI_APIC_ID_SHIFT);
    mmio_write32(entry + MSIX_ENTRY_HIGH, 0);
    mmio_write32(entry + MSIX_ENTRY_DATA, irq_device_vector());
    mmio_write32(entry + MSIX_ENTRY_CONTROL, 0);
    pci_write16(f, cap + MSIX_CONTROL, control);
}

// The physical address of the table; 0: no message interrupts.
static uint64_t find_msix(struct pci_function f, uint8_t *cap)
{
    unsigned budget = PCI_CAP_BUDGET;

    *cap = pci_capability(f, PCI_CAP_MSIX, 0, &budget);
    if (!*cap || *cap > 256 - 8)
        return 0;
    uint32_t table = pci_read32(f, *cap + MSIX_TABLE);
    return pci_bar_address(f, table & MSIX_TABLE_BAR, table & ~MSIX_TABLE_BAR, MSIX_ENTRY_SIZE);
}

// Firmware has usually done it, and each write is an exit to the host.
static void set_command(struct pci_function f, uint16_t bits)
{
    uint16_t command = pci_read16(f, PCI_COMMAND);

    if ((command & bits) != bits)
        pci_write16(f, PCI_COMMAND, command | bits);
}

// A device that misses something is left as it was found, without mastership.
static void add_device(struct search *s, struct pci_function f, uint16_t id)
{
    struct pv_device d = {.transport = PV_TRANSPORT_PCI};
    struct notify_region notify = {0};

    uint8_t msix;

    d.type = id >= VIRTIO_FIRST_MODERN ? id - VIRTIO_FIRST_MODERN : pci_read16(f, PCI_SUBSYSTEM);
    // Before anything is mapped: a device that is passed over must use up none of ring 3's pages.
    uint64_t table = find_msix(f, &msix);
    if (!table) {
        skip(f, "no message interrupts (MSI-X)");
        return;
    }
    find_regions(f, &d, &notify);
    if (!d.regs[PV_REGS_COMMON] || !notify.at || !d.regs[PV_REGS_ISR]) {
        skip(f, "no virtio 1.x registers (a legacy device, without an address, or no room)");
        return;
    }
    // Memory before the first access to it, mastership after the reset.
    set_command(f, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE);
    mmio_write8((volatile uint8_t *)d.regs[PV_REGS_COMMON] + COMMON_STATUS, 0); // reset (4.1.4.3.1)
    enable_msix(f, msix, table);
    set_command(f, PCI_COMMAND_MASTER);
    notify_add(s->n, &notify);
    s->out[s->n++] = d;
}

static void visit(struct pci_function f, void *context)
{
    struct search *s = context;
    uint32_t id = pci_read32(f, PCI_VENDOR);
    uint16_t device = (uint16_t)(id >> 16);

    if ((id & 0xffff) != VIRTIO_VENDOR || device < VIRTIO_FIRST || device > VIRTIO_LAST)
        return;
    // Said for each one that is left over, since nothing else would tell why it is missing.
    if (s->n == s->max)
        skip(f, "more virtio devices than a program can have");
    else
        add_device(s, f, device);
}

// In the order of bus, device and function, which is how drivers count units.
unsigned pci_find_virtio(struct pv_device *out, unsigned max)
{
    struct search s = {.out = out, .max = max};

    if (pci_open())
        pci_scan(visit, &s);
    return s.n;
}
