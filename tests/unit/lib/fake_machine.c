// SPDX-License-Identifier: BSD-2-Clause
// The machine of fake_machine.h. Device registers are not memory here: device_map() gives addresses
// that nobody can follow but mmio_read() and mmio_write().

#include "tests/unit/lib/fake_machine.h"

#include <stdarg.h>

#include "abi/pv.h"
#include "abi/x86.h"
#include "arch/x86_64/shim/time/apic.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/phys.h"
#include "arch/x86_64/shim/mem/space.h"

#define REGISTERS UINT64_C(0x7000000000000000) // + physical address

struct fake_machine machine;

// --- memory ---
static struct {
    uint64_t pa, len;
    const uint8_t *bytes;
} ram[32];
static unsigned nram;

void fake_ram(uint64_t pa, const void *bytes, uint64_t len)
{
    if (nram == sizeof ram / sizeof ram[0])
        abort();
    ram[nram].pa = pa;
    ram[nram].len = len;
    ram[nram++].bytes = bytes;
}

// Overlapping what is there of each piece; copies live as long as the process.
void *phys_map(uint64_t pa, uint64_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    memset(copy, 0xff, len);
    for (unsigned i = 0; i < nram; i++) {
        uint64_t from = pa > ram[i].pa ? pa : ram[i].pa;
        uint64_t end = ram[i].pa + ram[i].len < pa + len ? ram[i].pa + ram[i].len : pa + len;
        if (from < end)
            memcpy(copy + (from - pa), ram[i].bytes + (from - ram[i].pa), end - from);
    }
    return copy;
}

// --- device registers ---
static uint64_t user_pages[64];
static unsigned nuser;

volatile void *device_map(uint64_t pa, uint64_t len)
{
    (void)len;
    return (volatile void *)(uintptr_t)(REGISTERS + pa);
}

uint64_t device_map_user(uint64_t pa, uint64_t len)
{
    uint64_t va = PV_DEVICES_VA + nuser * X86_PAGE + pa % X86_PAGE;
    for (uint64_t at = pa & ~(X86_PAGE - 1); at < pa + len; at += X86_PAGE) {
        if (nuser == 64)
            return 0;
        user_pages[nuser++] = at;
    }
    return va;
}

uint64_t fake_device_pa(uint64_t va)
{
    uint64_t page = (va - PV_DEVICES_VA) / X86_PAGE;
    return va >= PV_DEVICES_VA && page < nuser ? user_pages[page] + va % X86_PAGE : 0;
}

static uint32_t mmio_read(const volatile void *reg, int width)
{
    uint64_t at = (uintptr_t)reg;

    machine.accesses++;
    machine.tsc += machine.tsc_step;
    at = at >= REGISTERS ? at - REGISTERS : fake_device_pa(at);
    return machine.mmio_read ? machine.mmio_read(at, width) : UINT32_MAX;
}

static void mmio_write(volatile void *reg, uint32_t value, int width)
{
    uint64_t at = (uintptr_t)reg;

    machine.accesses++;
    machine.tsc += machine.tsc_step;
    at = at >= REGISTERS ? at - REGISTERS : fake_device_pa(at);
    if (machine.mmio_write)
        machine.mmio_write(at, value, width);
}

uint8_t mmio_read8(const volatile void *reg)
{
    return (uint8_t)mmio_read(reg, 1);
}

uint16_t mmio_read16(const volatile void *reg)
{
    return (uint16_t)mmio_read(reg, 2);
}

uint32_t mmio_read32(const volatile void *reg)
{
    return mmio_read(reg, 4);
}

void mmio_write8(volatile void *reg, uint8_t value)
{
    mmio_write(reg, value, 1);
}

void mmio_write16(volatile void *reg, uint16_t value)
{
    mmio_write(reg, value, 2);
}

void mmio_write32(volatile void *reg, uint32_t value)
{
    mmio_write(reg, value, 4);
}

// --- ports ---
static uint32_t port_in(uint16_t port, int width)
{
    machine.accesses++;
    machine.tsc += machine.tsc_step;
    return machine.in ? machine.in(port, width) : UINT32_MAX;
}

static void port_out(uint16_t port, uint32_t value, int width)
{
    machine.accesses++;
    machine.tsc += machine.tsc_step;
    if (machine.out)
        machine.out(port, value, width);
}

uint8_t inb(uint16_t port)
{
    return (uint8_t)port_in(port, 1);
}

uint16_t inw(uint16_t port)
{
    return (uint16_t)port_in(port, 2);
}

uint32_t inl(uint16_t port)
{
    return port_in(port, 4);
}

void outb(uint16_t port, uint8_t value)
{
    port_out(port, value, 1);
}

void outw(uint16_t port, uint16_t value)
{
    port_out(port, value, 2);
}

void outl(uint16_t port, uint32_t value)
{
    port_out(port, value, 4);
}

// --- the processor ---
struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    return machine.cpuid ? machine.cpuid(leaf) : (struct cpuid){0};
}

uint64_t rdmsr(uint32_t msr)
{
    machine.tsc += machine.tsc_step;
    return machine.rdmsr ? machine.rdmsr(msr) : 0;
}

void wrmsr(uint32_t msr, uint64_t value)
{
    if (machine.wrmsr)
        machine.wrmsr(msr, value);
}

uint64_t rdtsc(void)
{
    return machine.tsc += machine.tsc_step;
}

int rdrand(uint64_t *out)
{
    return machine.rdrand ? machine.rdrand(out) : 0;
}

int rdseed(uint64_t *out)
{
    return rdrand(out);
}

void cpu_pause(void)
{
}

_Noreturn void triple_fault(void)
{
    longjmp(*machine.at_end, 1);
}

// --- the rest of the shim; weak where a test may link the real one ---
__attribute__((weak)) uint32_t apic_id(void)
{
    return FAKE_APIC_ID;
}

__attribute__((weak)) unsigned irq_device_vector(void)
{
    return FAKE_VECTOR;
}

__attribute__((weak)) void irq_route(uint32_t gsi, int level, unsigned vector)
{
    CHECK_EQ(vector, FAKE_VECTOR);
    if (machine.nroutes < 32) {
        machine.routes[machine.nroutes].gsi = gsi;
        machine.routes[machine.nroutes++].level = level;
    }
}

void shim_print(const char *format, ...)
{
    size_t used = strlen(machine.printed);
    va_list args;

    va_start(args, format);
    vsnprintf(machine.printed + used, sizeof machine.printed - used, format, args);
    va_end(args);
    machine.lines++;
}
