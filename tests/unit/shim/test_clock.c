// SPDX-License-Identifier: BSD-2-Clause
// test_clock.c: the clock takes the best source a machine has, reads each of them right, and ends
// with something on a machine that has none. Links arch/x86_64/shim/time/clock.c,
// arch/x86_64/shim/time/calibrate.c, arch/x86_64/shim/time/rtc.c, hypervisor.c, acpi.c.
#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/time/clock.h"
#include "arch/x86_64/shim/layout.h"
#include "tests/unit/lib/fake_acpi.h"

static uint64_t tsc_base, mult, mono, wall;

static void init(void)
{
    clock_init(&tsc_base, &mult, &mono, &wall);
}

// As much of it as a rate in parts per million differs from `hz`.
static int64_t ppm(uint64_t hz)
{
    double want = 1e9 * 4294967296.0 / (double)hz;
    return (int64_t)((double)mult / want * 1e6 - 1e6);
}

// --- CPUID ---
static struct cpuid leaves[8];
static uint32_t leaf_numbers[8];
static unsigned nleaves;

static void set_leaf(uint32_t leaf, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
    leaf_numbers[nleaves] = leaf;
    leaves[nleaves++] = (struct cpuid){eax, ebx, ecx, edx};
}

static struct cpuid fake_cpuid(uint32_t leaf)
{
    for (unsigned i = nleaves; i-- > 0;)
        if (leaf_numbers[i] == leaf)
            return leaves[i];
    return (struct cpuid){0};
}

static void set_hypervisor(uint32_t leaf, const char *name, uint32_t max)
{
    uint32_t n[3];
    memcpy(n, name, 12);
    set_leaf(1, 0, 0, 1u << 31, 1u << 9);
    set_leaf(leaf, max, n[0], n[1], n[2]);
}

static void start(void)
{
    machine.cpuid = fake_cpuid;
    machine.tsc = 5000000000;
    machine.tsc_step = 100;
    set_leaf(0, 0x16, 0, 0, 0);
}

// --- kvm-clock ---
struct kvm_clock {
    uint32_t version, pad;
    uint64_t tsc, ns;
    uint32_t mul;
    int8_t shift;
    uint8_t flags, pad2[2];
};

static struct kvm_clock kvm_time;
static uint32_t kvm_wall[3];
static uint64_t msrs_off;

static void kvm_wrmsr(uint32_t msr, uint64_t value)
{
    void *at = (void *)(uintptr_t)((value & ~UINT64_C(1)) + SHIM_VIRTUAL);
    if (msr == 0x4b564d01 && (value & 1))
        memcpy(at, &kvm_time, sizeof kvm_time);
    else if (msr == 0x4b564d01)
        msrs_off++;
    else if (msr == 0x4b564d00)
        memcpy(at, kvm_wall, sizeof kvm_wall);
    else
        CHECK(!"another register");
}

static void start_kvm(uint32_t features)
{
    start();
    set_hypervisor(0x40000100, "KVMKVMKVM\0\0\0", 0x40000101);
    set_leaf(0x40000000, 0x40000001, 0x7263694d, 0x666f736f, 0x76482074); // "Microsoft Hv" first
    set_leaf(0x40000101, features, 0, 0, 0);
    machine.wrmsr = kvm_wrmsr;
    kvm_time = (struct kvm_clock){2, 0, 4000000000, 7000000000, 0x80000000, -1, 1, {0}};
    kvm_wall[0] = 2;
    kvm_wall[1] = 1700000000;
    kvm_wall[2] = 500000000;
}

static void test_kvm(void)
{
    start_kvm(1u << 3);
    init();
    CHECK_EQ(mult, 0x40000000); // 4 GHz
    CHECK_EQ(msrs_off, 1);
    CHECK_EQ(mono, 7000000000 + (tsc_base - 4000000000) / 4);
    CHECK_EQ(wall, 1700000000500000000 + mono);
    CHECK_EQ(machine.accesses, 0);
}

static void test_kvm_slow_counter(void)
{
    start_kvm(1u << 3);
    kvm_time.shift = 2; // 0.5 ns << 2: 500 MHz
    init();
    CHECK_EQ(mult, 0x200000000);
}

// No answer, an answer that is never whole, or nonsense: the next source, here none.
static void test_kvm_bad(void)
{
    static const struct kvm_clock bad[] = {
        {0, 0, 1, 1, 0x80000000, 0, 0, {0}},
        {3, 0, 1, 1, 0x80000000, 0, 0, {0}},
        {2, 0, 1, 1, 0, 0, 0, {0}},
        {2, 0, 1, 1, 0x80000000, 60, 0, {0}},
        {2, 0, 1, 1, 0x80000000, -128, 0, {0}},
    };
    start_kvm(1u << 3);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        kvm_time = bad[i];
        init();
        CHECK_EQ(mult, UINT64_C(1) << 32);
        CHECK_EQ(wall, 0);
    }
}

static void test_kvm_without_clock(void)
{
    start_kvm(0);
    set_leaf(0x15, 2, 200, 24000000, 0); // 2.4 GHz
    init();
    CHECK_EQ(ppm(2400000000), 0);
}

static void test_kvm_no_wall(void)
{
    start_kvm(1u << 3);
    kvm_wall[0] = 0;
    init();
    CHECK_EQ(mult, 0x40000000);
    CHECK_EQ(wall, 0);
}

// --- CPUID's own ---
static void test_timing_leaf(void)
{
    start();
    set_hypervisor(0x40000000, "VMwareVMware", 0x40000010);
    set_leaf(0x40000010, 2500000, 66000, 0, 0);
    set_leaf(0x15, 2, 200, 24000000, 0); // the host's
    init();
    CHECK_EQ(ppm(2500000000), 0);
    CHECK_EQ(mono / 1000, tsc_base * 2 / 5 / 1000);
}

static void test_base_frequency(void)
{
    start();
    set_leaf(0x15, 2, 200, 0, 0);
    set_leaf(0x16, 2900, 0, 0, 0);
    init();
    CHECK_EQ(ppm(2900000000), 0);
}

// --- timers: each shows the time by the counter, which runs at 2 GHz ---
#define HZ UINT64_C(2000000000)

static uint32_t pit_latch;
static unsigned pit_reads;
static bool have_pit;

static uint64_t ticks(uint64_t hz)
{
    return (uint64_t)((unsigned __int128)machine.tsc * hz / HZ);
}

static uint32_t timer_in(uint16_t port, int width)
{
    if (port == 0x608 && width == 4)
        return (uint32_t)ticks(3579545) & 0xffffff;
    if (port == 0x61 && have_pit)
        return 0x20;
    if (port == 0x42 && have_pit)
        return (pit_reads++ & 1 ? pit_latch >> 8 : pit_latch) & 0xff;
    return UINT32_MAX;
}

static void timer_out(uint16_t port, uint32_t value, int width)
{
    (void)width;
    if (port == 0x43 && value == 0x80)
        pit_latch = 0xffff - ((uint32_t)ticks(1193182) & 0xffff);
}

static uint32_t lvt = 0x20020, initial, lapic_stuck;
static uint64_t loaded;

static uint32_t lapic_in(uint64_t pa, int width)
{
    CHECK_EQ(width, 4);
    if (pa == 0xfee00320)
        return lvt;
    return pa == 0xfee00390 && !lapic_stuck ? initial - (uint32_t)(ticks(1000000000) - loaded)
                                            : 0x1234;
}

static void lapic_out(uint64_t pa, uint32_t value, int width)
{
    CHECK_EQ(width, 4);
    if (pa == 0xfee00320)
        lvt = value;
    if (pa == 0xfee00380) {
        initial = value;
        loaded = ticks(1000000000);
    }
}

static uint64_t apic_base(uint32_t msr)
{
    return msr == 0x1b ? 0xfee00900 : 0;
}

static void start_tcg(void)
{
    start();
    set_hypervisor(0x40000000, "TCGTCGTCGTCG", 0x40000001);
    machine.rdmsr = apic_base;
    machine.mmio_read = lapic_in;
    machine.mmio_write = lapic_out;
}

static void test_lapic(void)
{
    start_tcg();
    init();
    CHECK(ppm(HZ) > -500 && ppm(HZ) < 500);
    CHECK_EQ(lvt, 0x20020); // as it was
    CHECK_EQ(initial, 0);   // and stopped
    CHECK_EQ(machine.lines, 0);
}

static void start_pm_timer(void)
{
    struct fake_table *f = fake_table("FACP", 0x7001000, 268);
    fake_put(f, 76, 0x608, 4);
    fake_table_done(f);
    fake_root(&f, 1);
    acpi_init(FAKE_RSDP);
    machine.in = timer_in;
    machine.out = timer_out;
}

// Also the way on from a timer that stands still. The counter of 24 bits wraps within the gate.
static void test_pm_timer(void)
{
    start_tcg();
    machine.tsc = (UINT64_C(1) << 24) * HZ / 3579545 - HZ / 1000;
    lapic_stuck = 1;
    start_pm_timer();
    init();
    CHECK(ppm(HZ) > -500 && ppm(HZ) < 500);
    CHECK(machine.accesses < 100000);
}

static void test_pit(void)
{
    start();
    have_pit = true;
    machine.in = timer_in;
    machine.out = timer_out;
    init();
    CHECK(ppm(HZ) > -1000 && ppm(HZ) < 1000);
}

// On real machines the local APIC's rate is not known.
static void test_no_hypervisor(void)
{
    start_tcg();
    nleaves = 1;
    set_leaf(1, 0, 0, 0, 1u << 9);
    init();
    CHECK_EQ(mult, UINT64_C(1) << 32);
    CHECK_EQ(machine.lines, 1);
}

static void test_nothing(void)
{
    start();
    machine.tsc = 0;
    init();
    CHECK_EQ(mult, UINT64_C(1) << 32);
    CHECK_EQ(wall, 0);
    CHECK(mono != 0);
    CHECK(machine.accesses < 10000);
    CHECK_EQ(machine.lines, 1);
}

int main(void)
{
    RUN_MACHINE(test_kvm);
    RUN_MACHINE(test_kvm_slow_counter);
    RUN_MACHINE(test_kvm_bad);
    RUN_MACHINE(test_kvm_without_clock);
    RUN_MACHINE(test_kvm_no_wall);
    RUN_MACHINE(test_timing_leaf);
    RUN_MACHINE(test_base_frequency);
    RUN_MACHINE(test_lapic);
    RUN_MACHINE(test_pm_timer);
    RUN_MACHINE(test_pit);
    RUN_MACHINE(test_no_hypervisor);
    RUN_MACHINE(test_nothing);
    return check_done("clock");
}
