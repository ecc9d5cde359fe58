// SPDX-License-Identifier: BSD-2-Clause
// How fast is the time-stamp counter? Measured against a timer of known rate: the local APIC's
// under QEMU and KVM, where it is 1 GHz; else the ACPI PM timer, else channel 2 of the PIT. A gate
// is about a millisecond, so the result is good to about 100 ppm. Each loop is bounded: a timer
// that is not there stands still, and the next one is tried.

#include "arch/x86_64/shim/time/clock.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/boot/hypervisor.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/mem/space.h"

struct timer {
    bool (*start)(void);    // false: there is no such timer
    uint32_t (*read)(void); // counts upwards
    void (*stop)(void);
    uint64_t hz;
    uint32_t mask; // of the bits that count
    uint32_t gate; // counts to measure over
};

// --- local APIC timer (SDM vol. 3, 11.5.4) ---
#define CPUID_1_EDX_APIC   (1u << 9)
#define IA32_APIC_BASE     0x1bu
#define APIC_BASE_X2       (1u << 10)
#define APIC_BASE_ENABLED  (1u << 11)
#define APIC_BASE_ADDRESS  UINT64_C(0xffffff000)
#define APIC_X2_MSR        0x800u // + register / 16
#define APIC_LVT_TIMER     0x320u
#define APIC_LVT_MASKED    (1u << 16)
#define APIC_INITIAL_COUNT 0x380u
#define APIC_CURRENT_COUNT 0x390u
#define APIC_DIVIDE        0x3e0u
#define APIC_DIVIDE_BY_1   0xbu
#define QEMU_APIC_HZ       UINT64_C(1000000000) // hw/intc/apic.c counts ns; so does KVM

static volatile uint8_t *lapic; // NULL in x2APIC mode
static uint32_t lapic_lvt;      // as it was

// In x2APIC mode the registers are MSRs, one for each 16 bytes (SDM vol. 3, 11.12.1.2).
static uint32_t lapic_get(uint32_t reg)
{
    return lapic ? mmio_read32(lapic + reg) : (uint32_t)rdmsr(APIC_X2_MSR + reg / 16);
}

static void lapic_set(uint32_t reg, uint32_t value)
{
    if (lapic)
        mmio_write32(lapic + reg, value);
    else
        wrmsr(APIC_X2_MSR + reg / 16, value);
}

static bool lapic_start(void)
{
    // On real machines and other hypervisors the bus clock is as unknown as the counter.
    if (!hypervisor_leaf(HYPERVISOR_TCG) && !hypervisor_leaf(HYPERVISOR_KVM))
        return false;
    if (!(cpuid(1, 0).edx & CPUID_1_EDX_APIC))
        return false;
    uint64_t base = rdmsr(IA32_APIC_BASE);
    if (!(base & APIC_BASE_ENABLED))
        return false;
    lapic = base & APIC_BASE_X2 ? NULL : device_map(base & APIC_BASE_ADDRESS, 4096);
    // Masked while we count with it; apic_init() may already have set it up, so it is put back.
    lapic_lvt = lapic_get(APIC_LVT_TIMER);
    lapic_set(APIC_LVT_TIMER, APIC_LVT_MASKED);
    lapic_set(APIC_DIVIDE, APIC_DIVIDE_BY_1);
    lapic_set(APIC_INITIAL_COUNT, UINT32_MAX);
    return true;
}

static uint32_t lapic_read(void)
{
    return ~lapic_get(APIC_CURRENT_COUNT); // it counts down
}

static void lapic_stop(void)
{
    lapic_set(APIC_INITIAL_COUNT, 0);
    lapic_set(APIC_LVT_TIMER, lapic_lvt);
}

// --- ACPI power management timer (ACPI 6.4, 4.8.3.3) ---
#define PM_TIMER_HZ UINT64_C(3579545)

// It always runs; only a port is read, as a register in memory would have to be mapped for this
// alone.
static bool pm_start(void)
{
    return acpi()->pm_timer.address && acpi()->pm_timer.space == ACPI_SPACE_IO;
}

static uint32_t pm_read(void)
{
    return inl((uint16_t)acpi()->pm_timer.address);
}

// --- programmable interval timer, channel 2, whose gate is a bit of port 0x61 (Intel 8254) ---
#define PIT_HZ         UINT64_C(1193182)
#define PIT_CHANNEL_2  0x42
#define PIT_COMMAND    0x43
#define PIT_2_ONE_SHOT 0xb0 // channel 2, low then high byte, mode 0
#define PIT_2_LATCH    0x80
#define PIT_CONTROL    0x61
#define PIT_GATE_2     0x01
#define PIT_SPEAKER    0x02
#define PORT_ABSENT    0xff

static uint8_t pit_control;

static bool pit_start(void)
{
    pit_control = inb(PIT_CONTROL);
    if (pit_control == PORT_ABSENT)
        return false;
    // Mode 0 counts down once from 0xffff as long as the gate is open. The speaker stays off.
    outb(PIT_CONTROL, (uint8_t)((pit_control & ~PIT_SPEAKER) | PIT_GATE_2));
    outb(PIT_COMMAND, PIT_2_ONE_SHOT);
    outb(PIT_CHANNEL_2, 0xff);
    outb(PIT_CHANNEL_2, 0xff);
    return true;
}

// The latch makes the two bytes one reading.
static uint32_t pit_read(void)
{
    outb(PIT_COMMAND, PIT_2_LATCH);
    uint32_t low = inb(PIT_CHANNEL_2);
    return ~(low | (uint32_t)inb(PIT_CHANNEL_2) << 8); // it counts down
}

static void pit_stop(void)
{
    outb(PIT_CONTROL, pit_control);
}

static void nothing(void)
{
}

// --- measuring ---
#define STILL_READS  1000u // a timer that gives the same number so often stands still
#define GATE_READS   200000u
#define SAMPLE_EDGES 8u

struct sample {
    uint64_t tsc;
    uint32_t count;
};

// When the timer changed to `count`, as exactly as can be told: of several changes the one that the
// two readings of the counter around it enclose most closely. What comes between, a host that lets
// us wait for instance, spoils one of them and not the result.
static bool sample(const struct timer *t, struct sample *best)
{
    uint64_t before = rdtsc(), closest = UINT64_MAX;
    uint32_t last = t->read() & t->mask;
    unsigned still = 0;

    for (unsigned edges = 0; edges < SAMPLE_EDGES;) {
        uint64_t from = before;
        before = rdtsc();
        uint32_t count = t->read() & t->mask;
        uint64_t after = rdtsc();
        if (count == last) {
            if (++still == STILL_READS)
                return false;
            continue;
        }
        still = 0;
        if (after - from < closest) {
            closest = after - from;
            *best = (struct sample){from + (after - from) / 2, count};
        }
        last = count;
        edges++;
    }
    return true;
}

// The second sample, when the gate has passed since the first.
// Nanoseconds for each tick of the counter, 32 bits of them behind the point, or 0.
static uint64_t finish(const struct timer *t, struct sample first)
{
    struct sample last = {0};

    for (unsigned i = 0; ((t->read() - first.count) & t->mask) < t->gate; i++)
        if (i == GATE_READS)
            return 0;
    if (!sample(t, &last) || last.tsc <= first.tsc)
        return 0;
    uint64_t counts = (last.count - first.count) & t->mask;
    uint64_t ns = counts * UINT64_C(1000000000) / t->hz;
    // Seconds between two readings of a counter that wraps may be any number of turns.
    return ns >> 31 ? 0 : (ns << 32) / (last.tsc - first.tsc);
}

static const struct timer timers[] = {
    {lapic_start, lapic_read, lapic_stop, QEMU_APIC_HZ, UINT32_MAX, 500000},
    // Better than the PIT: one port access a reading, three times the resolution.
    {pm_start, pm_read, nothing, PM_TIMER_HZ, 0xffffff, 5400},
    {pit_start, pit_read, pit_stop, PIT_HZ, 0xffff, 1800},
};

static struct sample begun; // of the first timer, before anything else needed it
static bool has_begun;

// As early as the timer can be read: the sooner, the more of boot is measured instead of waited
// for.
void clock_begin(void)
{
    // Elsewhere somebody tells the rate, or the timers are found by ACPI.
    if (hypervisor_leaf(HYPERVISOR_TCG) && lapic_start())
        has_begun = sample(&timers[0], &begun);
}

static uint64_t measure_tsc(const struct timer *t)
{
    struct sample first = {0};
    uint64_t mult = 0;

    // The gate of this one has been running since clock_begin(), while the rest of the machine was
    // set up: nothing is left to wait for.
    if (t == timers && has_begun)
        mult = finish(t, begun);
    else if (!t->start())
        return 0;
    else if (sample(t, &first))
        mult = finish(t, first);
    t->stop();
    return mult;
}

// 0 when no timer moves. The first that does decides.
uint64_t clock_calibrate(void)
{
    uint64_t mult = 0;
    for (size_t i = 0; i < sizeof timers / sizeof timers[0] && !mult; i++)
        mult = measure_tsc(&timers[i]);
    return mult;
}
