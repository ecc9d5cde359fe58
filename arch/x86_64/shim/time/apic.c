// SPDX-License-Identifier: BSD-2-Clause
// Local APIC (SDM vol. 3, chapter 10) and I/O APIC (Intel 82093AA data sheet).

#include "arch/x86_64/shim/time/apic.h"

#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/layout.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/space.h"

#define MSR_APIC_BASE   0x1b
#define APIC_BASE_X2    (1u << 10)
#define APIC_BASE_ON    (1u << 11)
#define APIC_BASE_ADDR  UINT64_C(0xffffff000)
#define MSR_X2APIC      0x800 // + register / 16
#define MSR_DEADLINE    0x6e0
#define CPUID1_X2APIC   (1u << 21) // leaf 1, ECX
#define CPUID1_DEADLINE (1u << 24)

#define REG_ID        0x20
#define REG_TPR       0x80
#define REG_EOI       0xb0
#define REG_SPURIOUS  0xf0
#define SPURIOUS_ON   0x100
#define REG_LVT_TIMER 0x320
#define LVT_MASKED    0x10000
#define LVT_DEADLINE  0x40000
#define REG_INITIAL   0x380
#define REG_CURRENT   0x390
#define REG_DIVIDE    0x3e0
#define DIVIDE_BY_1   0xb

#define IOAPIC_SELECT  0x00
#define IOAPIC_WINDOW  0x10
#define IOAPIC_VERSION 1
#define IOAPIC_ENTRY   0x10 // + 2 * input
#define ENTRY_LEVEL    (1u << 15)
#define ENTRY_MASKED   (1u << 16)
#define IOAPICS        8

#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

static volatile uint8_t *xapic; // NULL in x2APIC mode
static int deadline_mode;
static uint64_t tsc_per_tick_32; // time-stamp counts per timer tick, << 32; 0: not measured yet

static struct {
    volatile uint8_t *regs;
    uint32_t gsi_base, inputs;
} ioapics[IOAPICS];
static unsigned nioapics;

// The registers are the same ones in both modes; only the way to them differs (SDM vol. 3,
// 10.12.1.2).
static uint32_t apic_read(uint32_t reg)
{
    return xapic ? mmio_read32(xapic + reg) : (uint32_t)rdmsr(MSR_X2APIC + reg / 16);
}

static void apic_write(uint32_t reg, uint32_t value)
{
    if (xapic)
        mmio_write32(xapic + reg, value);
    else
        wrmsr(MSR_X2APIC + reg / 16, value);
}

void apic_init(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);
    uint32_t features = cpuid(1, 0).ecx;
    // The old interrupt controllers are masked: their vectors would be exceptions'.
    outb(PIC1_DATA, 0xff);
    outb(PIC2_DATA, 0xff);
    if (features & CPUID1_X2APIC)
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_ON | APIC_BASE_X2);
    else {
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_ON);
        xapic = device_map(base & APIC_BASE_ADDR, X86_PAGE);
    }
    deadline_mode = (features & CPUID1_DEADLINE) != 0;
    // First: without firmware the APIC is still disabled, as after reset, and then a local vector
    // stays masked whatever is written to it (SDM vol. 3, 10.4.7.2).
    apic_write(REG_SPURIOUS, SPURIOUS_ON | VECTOR_SPURIOUS);
    apic_write(REG_TPR, 0);
    apic_write(REG_DIVIDE, DIVIDE_BY_1);
    apic_write(REG_LVT_TIMER, VECTOR_TIMER | (deadline_mode ? LVT_DEADLINE : 0));
}

void apic_eoi(void)
{
    apic_write(REG_EOI, 0);
}

uint32_t apic_id(void)
{
    return xapic ? apic_read(REG_ID) >> 24 : apic_read(REG_ID);
}

unsigned irq_device_vector(void)
{
    return VECTOR_DEVICE;
}

// --- I/O APICs ---

static uint32_t ioapic_read(unsigned i, uint32_t reg)
{
    mmio_write32(ioapics[i].regs + IOAPIC_SELECT, reg);
    return mmio_read32(ioapics[i].regs + IOAPIC_WINDOW);
}

static void ioapic_write(unsigned i, uint32_t reg, uint32_t value)
{
    mmio_write32(ioapics[i].regs + IOAPIC_SELECT, reg);
    mmio_write32(ioapics[i].regs + IOAPIC_WINDOW, value);
}

// Inputs stay masked, as after reset, until somebody routes them.
void ioapic_add(uint64_t pa, uint32_t gsi_base)
{
    if (nioapics == IOAPICS)
        return;
    unsigned i = nioapics++;
    ioapics[i].regs = device_map(pa, 0x20);
    ioapics[i].gsi_base = gsi_base;
    ioapics[i].inputs = (ioapic_read(i, IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

void irq_route(uint32_t gsi, int level, unsigned vector)
{
    for (unsigned i = 0; i < nioapics; i++) {
        uint32_t input = gsi - ioapics[i].gsi_base;
        if (gsi < ioapics[i].gsi_base || input >= ioapics[i].inputs)
            continue;
        // The destination first: the second write unmasks the input.
        ioapic_write(i, IOAPIC_ENTRY + 2 * input + 1, apic_id() << 24);
        ioapic_write(i, IOAPIC_ENTRY + 2 * input, vector | (level ? ENTRY_LEVEL : 0));
    }
}

// ISA interrupts are edge-triggered and active high unless the MADT has an override.
void irq_route_isa(uint8_t irq, unsigned vector)
{
    const uint16_t level = 0x0c; // ACPI 6.4, table 5.30: trigger mode 3
    const struct acpi_info *info = acpi();
    for (unsigned i = 0; i < info->noverrides; i++) {
        const struct acpi_override *o = &info->overrides[i];
        if (o->irq == irq) {
            irq_route(o->gsi, (o->flags & level) == level, vector);
            return;
        }
    }
    irq_route(irq, 0, vector);
}

// --- the timer ---

// Counts both for a fifth of a millisecond; a wrong guess only makes an interrupt come early or
// late by its error, and who waits looks at the clock.
static void measure_apic(void)
{
    const uint64_t sample = 500000;
    apic_write(REG_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    apic_write(REG_INITIAL, UINT32_MAX);
    uint64_t start = rdtsc(), now;
    uint32_t first = apic_read(REG_CURRENT);
    while ((now = rdtsc()) - start < sample)
        cpu_pause();
    uint32_t ticks = first - apic_read(REG_CURRENT);
    apic_write(REG_INITIAL, 0);
    apic_write(REG_LVT_TIMER, VECTOR_TIMER);
    tsc_per_tick_32 = (min_u64(now - start, UINT32_MAX) << 32) / (ticks ? ticks : 1) + 1;
}

void apic_timer(uint64_t ns, uint64_t tsc_mult)
{
    const uint64_t longest = UINT64_C(500000000); // for a longer wait it comes again
    ns = min_u64(ns, longest);
    uint64_t cycles = (ns << 32) / tsc_mult + 1; // below 2^32
    if (deadline_mode) {
        wrmsr(MSR_DEADLINE, rdtsc() + cycles);
        return;
    }
    // Measured at the first use, so that programs which never set a timer do not pay for it.
    if (!tsc_per_tick_32)
        measure_apic();
    uint64_t ticks = (min_u64(cycles, UINT32_MAX) << 32) / tsc_per_tick_32 + 1;
    apic_write(REG_INITIAL, (uint32_t)min_u64(ticks, UINT32_MAX));
}
