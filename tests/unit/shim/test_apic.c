// SPDX-License-Identifier: BSD-2-Clause
// test_apic.c: the local APIC of a machine whose firmware has left it disabled, as after reset: it
// keeps every local vector masked until it is enabled (SDM vol. 3, 10.4.7.2). Links
// arch/x86_64/shim/time/apic.c.
#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/layout.h"
#include "arch/x86_64/shim/time/apic.h"
#include "tests/unit/lib/fake_machine.h"

#define BASE       UINT64_C(0xfee00000)
#define MSR_BASE   0x1b
#define MSR_X2APIC 0x800
#define SPURIOUS   0xf0
#define ENABLED    0x100
#define LVT_TIMER  0x320
#define MASKED     0x10000
#define DEADLINE   0x40000
#define X2APIC     (1u << 21) // leaf 1, ECX
#define TSC_TIMER  (1u << 24)

static uint32_t features;
static uint32_t spurious, lvt_timer;

const struct acpi_info *acpi(void)
{
    static struct acpi_info none;
    return &none;
}

static struct cpuid leaf(uint32_t number)
{
    return (struct cpuid){.ecx = number == 1 ? features : 0};
}

static void apic_out(uint32_t reg, uint32_t value)
{
    if (reg == SPURIOUS)
        spurious = value;
    if (reg == LVT_TIMER)
        lvt_timer = value | (spurious & ENABLED ? 0 : MASKED);
}

static uint64_t msr_in(uint32_t msr)
{
    return msr == MSR_BASE ? BASE : 0;
}

static void msr_out(uint32_t msr, uint64_t value)
{
    if (msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x40)
        apic_out((msr - MSR_X2APIC) * 16, (uint32_t)value);
}

static void mmio_out(uint64_t pa, uint32_t value, int width)
{
    CHECK_EQ(width, 4);
    apic_out((uint32_t)(pa - BASE), value);
}

static void start(uint32_t has)
{
    features = has;
    spurious = 0xff;
    lvt_timer = MASKED;
    machine.cpuid = leaf;
    machine.rdmsr = msr_in;
    machine.wrmsr = msr_out;
    machine.mmio_write = mmio_out;
    apic_init();
    CHECK_EQ(spurious, ENABLED | VECTOR_SPURIOUS);
}

static void test_xapic(void)
{
    start(0);
    CHECK_EQ(lvt_timer, VECTOR_TIMER);
}

static void test_x2apic(void)
{
    start(X2APIC);
    CHECK_EQ(lvt_timer, VECTOR_TIMER);
}

static void test_deadline(void)
{
    start(X2APIC | TSC_TIMER);
    CHECK_EQ(lvt_timer, VECTOR_TIMER | DEADLINE);
}

int main(void)
{
    RUN_MACHINE(test_xapic);
    RUN_MACHINE(test_x2apic);
    RUN_MACHINE(test_deadline);
    return check_done("apic");
}
