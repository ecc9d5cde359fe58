// SPDX-License-Identifier: BSD-2-Clause
// Powering off, by what the ACPI tables say (acpi.c); where they say nothing, by the ports of the
// machines known to have none. If the machine still runs then, a reset: with QEMU's -no-reboot that
// is an end too. Section numbers are those of ACPI 6.4.

#include "arch/x86_64/shim/device/power.h"

#include <stddef.h>

#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/space.h"

// QEMU: -device isa-debug-exit,iobase=0x501,iosize=2
#define DEBUG_EXIT_PORT 0x501

// PM1 control register (4.8.3.2.1)
#define PM1_SCI_EN         0x0001u // the machine is in ACPI mode
#define PM1_SLP_TYP_SHIFT  10
#define PM1_SLP_TYP        (7u << PM1_SLP_TYP_SHIFT)
#define PM1_SLP_EN         0x2000u
#define ACPI_MODE_TRIES    100000u
#define DEFAULT_S5_PM1     0u // sleep type where the DSDT has no _S5: QEMU's, both kinds
#define DEFAULT_S5_REDUCED 5u

// Sleep control register of hardware-reduced machines (4.8.3.7)
#define SLEEP_SLP_TYP_SHIFT 2
#define SLEEP_SLP_EN        0x20u

// The 8042's command to pulse its output bit 0, which is the reset line.
#define KBD_STATUS     0x64
#define KBD_INPUT_FULL 0x02u
#define KBD_RESET      0xfe
#define KBD_TRIES      1000u

// A machine may take a moment to turn itself off; QEMU's does it before the next instruction.
#define SETTLE_LOOPS 300000u

// Not by the clock: it may be why the machine is switched off.
static void settle(void)
{
    for (unsigned i = 0; i < SETTLE_LOOPS; i++)
        cpu_pause();
}

// A register in memory, which is mapped once however often it is read.
static volatile void *memory(const struct acpi_register *r)
{
    static volatile void *at;
    static uint64_t address;

    if (!at || address != r->address) {
        address = r->address;
        at = device_map(address, 2);
    }
    return at;
}

static void write8(const struct acpi_register *r, uint8_t value)
{
    if (r->space == ACPI_SPACE_IO)
        outb((uint16_t)r->address, value);
    else
        mmio_write8(memory(r), value);
}

static uint16_t pm1_read(const struct acpi_register *r)
{
    if (r->space == ACPI_SPACE_IO)
        return inw((uint16_t)r->address);
    return mmio_read16(memory(r));
}

static void pm1_write(const struct acpi_register *r, uint16_t value)
{
    if (r->space == ACPI_SPACE_IO)
        outw((uint16_t)r->address, value);
    else
        mmio_write16(memory(r), value);
}

// PM1 registers of a machine in legacy mode may do nothing: ask the firmware to hand over (16.3.2).
static void enter_acpi_mode(const struct acpi_info *a)
{
    if (!a->smi_command || !a->acpi_enable || (pm1_read(&a->pm1a) & PM1_SCI_EN))
        return;
    outb(a->smi_command, a->acpi_enable);
    for (unsigned i = 0; i < ACPI_MODE_TRIES && !(pm1_read(&a->pm1a) & PM1_SCI_EN); i++)
        cpu_pause();
}

// The other bits are kept: the register also decides how interrupts are delivered.
static void sleep_pm1(const struct acpi_register *r, uint8_t type)
{
    uint16_t v = pm1_read(r) & (uint16_t) ~(PM1_SLP_TYP | PM1_SLP_EN);
    pm1_write(r, v | (uint16_t)(type << PM1_SLP_TYP_SHIFT) | PM1_SLP_EN);
}

static void power_off_acpi(const struct acpi_info *a)
{
    uint8_t type[2];
    if (!acpi_s5(type))
        type[0] = type[1] = a->hw_reduced ? DEFAULT_S5_REDUCED : DEFAULT_S5_PM1;

    if (a->hw_reduced) {
        if (a->sleep_control.address)
            write8(&a->sleep_control, (uint8_t)(type[0] << SLEEP_SLP_TYP_SHIFT) | SLEEP_SLP_EN);
    } else if (a->pm1a.address) {
        enter_acpi_mode(a);
        // Both registers, if there are two, each with its own type (4.8.3.2).
        sleep_pm1(&a->pm1a, type[0]);
        if (a->pm1b.address)
            sleep_pm1(&a->pm1b, type[1]);
    }
}

// PM1a control where firmware commonly puts it, with the machine's own S5 type.
static void power_off_known(void)
{
    static const struct {
        uint16_t port, value;
    } known[] = {
        {0x604, PM1_SLP_EN},                            // QEMU pc and q35
        {0xb004, PM1_SLP_EN},                           // Bochs, old QEMU
        {0x4004, PM1_SLP_EN | 5u << PM1_SLP_TYP_SHIFT}, // VirtualBox
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        outw(known[i].port, known[i].value);
}

static void reset(const struct acpi_info *a)
{
    if (a->reset.address) {
        write8(&a->reset, a->reset_value);
        settle();
    }
    // A controller that is not there reads as all ones, always full: hence the bound.
    for (unsigned i = 0; i < KBD_TRIES && (inb(KBD_STATUS) & KBD_INPUT_FULL); i++)
        cpu_pause();
    outb(KBD_STATUS, KBD_RESET);
    settle();
}

// From the cleanest way to the crudest; the first that works does not return.
_Noreturn void power_off(void)
{
    const struct acpi_info *a = acpi();

    if (a->has_fadt)
        power_off_acpi(a);
    else
        power_off_known();
    settle();
    reset(a);
    triple_fault();
}

// As a shell counts: 128 and the signal. QEMU's own status becomes twice the number and one.
_Noreturn void power_exit(uint32_t wait_status)
{
    uint32_t signal = wait_status & 0x7f;
    uint32_t code = signal ? 128 + signal : wait_status >> 8 & 0xff;

    // 0 would be QEMU's status 1. Where the device is missing, nothing listens at the port.
    if (code)
        outw(DEBUG_EXIT_PORT, (uint16_t)code);
    power_off();
}
