// SPDX-License-Identifier: BSD-2-Clause
// What the shim wants to know from the firmware's ACPI tables: how to turn the machine off, where
// interrupt controllers and PCI configuration space are. Section numbers are those of ACPI 6.4.
// Read once at boot (acpi.c); what is missing or nonsense is left 0, and the readers have
// fallbacks.
#ifndef SHIM_ACPI_H
#define SHIM_ACPI_H

#include <stdbool.h>
#include <stdint.h>

// A generic address (5.2.3.2), decoded. address 0: there is no such register.
struct acpi_register {
    uint64_t address;
    uint8_t space; // ACPI_SPACE_*
};
#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_IO     1

struct acpi_ioapic { // 5.2.12.3
    uint32_t address;
    uint32_t gsi_base;
};
#define ACPI_MAX_IOAPICS 8

// An ISA interrupt that is not at the global interrupt of its own number (5.2.12.5).
struct acpi_override {
    uint8_t irq;
    uint16_t flags; // MPS INTI flags, table 5.30: bits 1:0 polarity (3 low), 3:2 trigger (3 level)
    uint32_t gsi;
};
#define ACPI_MAX_OVERRIDES 16

struct acpi_ecam { // an allocation of the MCFG (PCI Firmware 3.3, 4.1.2)
    uint64_t address;
    uint8_t bus_first, bus_last;
};

struct acpi_info {
    bool present; // an RSDP and an RSDT or XSDT were found

    // FADT (5.2.9)
    bool has_fadt;
    bool hw_reduced; // no PM1 registers; sleep_control instead
    bool no_cmos;    // IAPC_BOOT_ARCH: "CMOS RTC not present"
    bool pm_timer_32;
    uint8_t rtc_century; // CMOS register of the century; 0: there is none
    struct acpi_register pm1a, pm1b, sleep_control, reset, pm_timer;
    uint8_t reset_value;
    uint16_t smi_command; // port; 0: the machine is in ACPI mode from the start
    uint8_t acpi_enable;

    uint64_t dsdt; // physical address; 0: none

    // MADT (5.2.12)
    uint64_t lapic; // 0: no MADT
    unsigned nioapics, noverrides;
    struct acpi_ioapic ioapics[ACPI_MAX_IOAPICS];
    struct acpi_override overrides[ACPI_MAX_OVERRIDES];

    struct acpi_ecam ecam; // of PCI segment 0; address 0: none
};

// Reads the tables that the root pointer at `rsdp_pa` leads to; 0: looks for it where BIOSes put
// it.
void acpi_init(uint64_t rsdp_pa);

// What acpi_init() found; all 0 before it.
const struct acpi_info *acpi(void);

// --- the DSDT: found and checked when asked for ---

// Its definition block (AML), *len bytes; NULL: there is none, or it is damaged.
const uint8_t *acpi_dsdt(uint32_t *len);

// The sleep types that turn the machine off (7.4.2.5), for the first and the second PM1 register.
bool acpi_s5(uint8_t type[2]);

// The configuration space of a PCI host bridge that the MCFG does not mention; false: not told.
bool acpi_cba(uint64_t *address);

struct acpi_mmio_device {
    uint32_t address, len;
    uint32_t gsi;
};

// Memory-mapped virtio devices; returns how many, at most `max`.
unsigned acpi_virtio_mmio(struct acpi_mmio_device *out, unsigned max);

// The memory below 4 GB that a PCI host bridge passes on to its bus; false: not told.
bool acpi_pci_window(uint64_t *start, uint64_t *end);

#endif
