// SPDX-License-Identifier: BSD-2-Clause
// The clock, from the source that knows most: kvm-clock tells rate, uptime and date; CPUID may tell
// the rate; else a timer is measured (calibrate.c) and the CMOS asked for the date
// (rtc.c). All of it once, at boot: from then on a clock reading is RDTSC and a
// multiplication.

#include "arch/x86_64/shim/time/clock.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/x86_64/shim/boot/hypervisor.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/layout.h"

#define NS_PER_S UINT64_C(1000000000)
#define KHZ      UINT64_C(1000)
#define MHZ      UINT64_C(1000000)

// --- kvm-clock (Linux, Documentation/virt/kvm/x86/cpuid.rst and msr.rst) ---
#define KVM_FEATURES       1u        // leaf, from the hypervisor's first
#define KVM_CLOCKSOURCE    (1u << 0) // EAX: the old MSR numbers
#define KVM_CLOCKSOURCE2   (1u << 3) // EAX: the new ones
#define KVM_WALL_CLOCK     0x4b564d00u
#define KVM_SYSTEM_TIME    0x4b564d01u
#define KVM_WALL_CLOCK_OLD 0x11u
#define KVM_SYSTEM_OLD     0x12u
#define KVM_ENABLE         1u // bit 0 of the system time's address: keep it up to date

// Rates in kHz, EAX the counter's: of VMware, and of KVM when it is asked to.
#define HYPERVISOR_TIMING 0x40000010u

// Both structures are the hypervisor's to write; an odd version, or one that changes, is an update
// in progress. That takes no time of a single processor's guest: the bound is for a broken host.
#define VERSION_TRIES 1000u

struct kvm_system_time {
    uint32_t version, pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time; // ns at tsc_timestamp
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags, pad[2];
} __attribute__((aligned(32))); // aligned so that it lies within one page
_Static_assert(sizeof(struct kvm_system_time) == 32, "KVM's layout");

struct kvm_wall_clock {
    uint32_t version, sec, nsec;
} __attribute__((aligned(16)));

struct reading {
    uint64_t tsc, mult, mono_ns;
    uint64_t boot_wall_ns; // date when mono was 0; 0: unknown
};

// No shift of a 32-bit multiplier beyond this is of a counter between 1 MHz and 1 THz.
#define MAX_SHIFT 31

// The structures are read in place and by volatile accesses: the hypervisor writes them behind the
// compiler's back.
static bool read_system_time(const volatile struct kvm_system_time *t, struct reading *r)
{
    for (unsigned i = 0; i < VERSION_TRIES; i++) {
        uint32_t version = t->version;
        uint64_t tsc = t->tsc_timestamp, ns = t->system_time;
        uint32_t mul = t->tsc_to_system_mul;
        int shift = t->tsc_shift;
        if (version == 0 || (version & 1) || version != t->version)
            continue;
        if (mul == 0 || shift < -MAX_SHIFT || shift > MAX_SHIFT)
            return false;
        r->tsc = tsc;
        r->mono_ns = ns;
        r->mult = shift < 0 ? (uint64_t)mul >> -shift : (uint64_t)mul << shift;
        return r->mult != 0;
    }
    return false;
}

// The date at the moment the system time was 0.
static bool read_wall_clock(const volatile struct kvm_wall_clock *w, uint64_t *ns)
{
    for (unsigned i = 0; i < VERSION_TRIES; i++) {
        uint32_t version = w->version;
        uint64_t t = w->sec * NS_PER_S + w->nsec;
        if (version == 0 || (version & 1) || version != w->version)
            continue;
        *ns = t;
        return true;
    }
    return false;
}

// Of a static variable of the shim.
static uint64_t physical(const void *p)
{
    return (uint64_t)(uintptr_t)p - SHIM_VIRTUAL;
}

static bool kvm_clock(struct reading *r)
{
    static struct kvm_system_time system;
    static struct kvm_wall_clock wall;

    uint32_t leaf = hypervisor_leaf(HYPERVISOR_KVM);
    uint32_t features = leaf ? cpuid(leaf + KVM_FEATURES, 0).eax : 0;
    if (!(features & (KVM_CLOCKSOURCE | KVM_CLOCKSOURCE2)))
        return false;
    bool old = !(features & KVM_CLOCKSOURCE2);
    uint32_t system_msr = old ? KVM_SYSTEM_OLD : KVM_SYSTEM_TIME;

    wrmsr(system_msr, physical(&system) | KVM_ENABLE);
    bool ok = read_system_time(&system, r);
    // The memory is ours again: this clock is read once.
    wrmsr(system_msr, 0);
    if (!ok)
        return false;
    wrmsr(old ? KVM_WALL_CLOCK_OLD : KVM_WALL_CLOCK, physical(&wall));
    if (!read_wall_clock(&wall, &r->boot_wall_ns))
        r->boot_wall_ns = 0;
    return true;
}

// Nanoseconds for each tick, 32 bits of them behind the point; 0 for an unknown rate.
uint64_t clock_mult_of_hz(uint64_t hz)
{
    return hz ? (NS_PER_S << 32) / hz : 0;
}

// 10 MHz to 100 GHz: outside of that somebody means another unit.
static bool plausible(uint64_t hz)
{
    return hz >= 10 * MHZ && hz <= 100000 * MHZ;
}

// The rate by CPUID, in Hz; 0: not told. A hypervisor's word comes first: the processor's own
// leaves may be those of a host that scales the guest's counter.
static uint64_t cpuid_hz(void)
{
    uint64_t hz = 0;
    if ((cpuid(1, 0).ecx >> 31) && cpuid(HYPERVISOR_TIMING & ~0xffu, 0).eax >= HYPERVISOR_TIMING)
        hz = cpuid(HYPERVISOR_TIMING, 0).eax * KHZ;
    if (plausible(hz))
        return hz;

    // SDM vol. 3, 19.7.3: crystal * EBX / EAX, and the crystal from the base frequency if not told.
    uint32_t max = cpuid(0, 0).eax;
    struct cpuid ratio = max >= 0x15 ? cpuid(0x15, 0) : (struct cpuid){0};
    if (ratio.eax == 0 || ratio.ebx == 0)
        return 0;
    if (ratio.ecx)
        hz = (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
    else if (max >= 0x16)
        hz = (cpuid(0x16, 0).eax & 0xffff) * MHZ;
    return plausible(hz) ? hz : 0;
}

static uint64_t ticks_to_ns(uint64_t ticks, uint64_t mult)
{
    return (uint64_t)((unsigned __int128)ticks * mult >> 32);
}

// A machine without any source still gets a clock that moves: wrong times are better than none.
void clock_init(uint64_t *tsc_base, uint64_t *tsc_mult, uint64_t *mono_base_ns,
                uint64_t *wall_base_ns)
{
    struct reading r = {0};
    bool kvm = kvm_clock(&r);

    if (!kvm)
        r.mult = clock_mult_of_hz(cpuid_hz());
    if (!r.mult)
        r.mult = clock_calibrate();
    if (!r.mult) {
        shim_print("no clock to measure the time-stamp counter by, taking 1 GHz");
        r.mult = UINT64_C(1) << 32;
    }

    // The counter starts with the machine, so without kvm-clock it is the uptime too.
    // One reading for all three bases, or they would not be of the same moment.
    uint64_t now = rdtsc();
    uint64_t mono = r.mono_ns + ticks_to_ns(now > r.tsc ? now - r.tsc : 0, r.mult);
    *tsc_base = now;
    *tsc_mult = r.mult;
    *mono_base_ns = mono ? mono : 1; // 0 has a meaning of its own as a deadline
    if (r.boot_wall_ns)
        *wall_base_ns = r.boot_wall_ns + mono;
    else
        *wall_base_ns = clock_rtc_seconds() * NS_PER_S;
}
