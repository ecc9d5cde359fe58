// SPDX-License-Identifier: BSD-2-Clause
// The shim's only way to ports, model-specific registers, CPUID and device registers. Functions,
// not inline assembly: a unit test links its own machine in the place of io.c
// (tests/unit/lib/fake_machine.c).
#ifndef SHIM_IO_H
#define SHIM_IO_H

#include <stdint.h>

// --- ports ---
uint8_t inb(uint16_t port);
uint16_t inw(uint16_t port);
uint32_t inl(uint16_t port);
void outb(uint16_t port, uint8_t value);
void outw(uint16_t port, uint16_t value);
void outl(uint16_t port, uint32_t value);

// --- device registers: one access of exactly that width each ---
uint8_t mmio_read8(const volatile void *reg);
uint16_t mmio_read16(const volatile void *reg);
uint32_t mmio_read32(const volatile void *reg);
void mmio_write8(volatile void *reg, uint8_t value);
void mmio_write16(volatile void *reg, uint16_t value);
void mmio_write32(volatile void *reg, uint32_t value);

// --- the processor ---
struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);
// Access to an MSR that is not there is a general protection fault: look at CPUID first.
uint64_t rdmsr(uint32_t msr);
void wrmsr(uint32_t msr, uint64_t value);
uint64_t rdtsc(void);
// One random number of the processor's into *out; 0 when it has none at the moment. CPUID first.
int rdrand(uint64_t *out);
int rdseed(uint64_t *out);
void cpu_pause(void);
// An exception with no interrupt table: the processor shuts down, and the machine resets or ends.
_Noreturn void triple_fault(void);

#endif
