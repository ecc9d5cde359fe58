// SPDX-License-Identifier: BSD-2-Clause
// Ports, model-specific registers, CPUID, device registers: each function is one instruction. What
// decides anything is in the callers, so that it can be tested without a machine.

#include "arch/x86_64/shim/io.h"

uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

uint16_t inw(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

uint32_t inl(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

// Assembly rather than a volatile access: a hypervisor that decodes the instruction to emulate it
// knows a plain MOV for certain, and not every form the compiler may find.
uint8_t mmio_read8(const volatile void *reg)
{
    uint8_t value;
    __asm__ volatile("movb (%1), %0" : "=q"(value) : "r"(reg) : "memory");
    return value;
}

uint16_t mmio_read16(const volatile void *reg)
{
    uint16_t value;
    __asm__ volatile("movw (%1), %0" : "=r"(value) : "r"(reg) : "memory");
    return value;
}

uint32_t mmio_read32(const volatile void *reg)
{
    uint32_t value;
    __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(reg) : "memory");
    return value;
}

void mmio_write8(volatile void *reg, uint8_t value)
{
    __asm__ volatile("movb %0, (%1)" ::"q"(value), "r"(reg) : "memory");
}

void mmio_write16(volatile void *reg, uint16_t value)
{
    __asm__ volatile("movw %0, (%1)" ::"r"(value), "r"(reg) : "memory");
}

void mmio_write32(volatile void *reg, uint32_t value)
{
    __asm__ volatile("movl %0, (%1)" ::"r"(value), "r"(reg) : "memory");
}

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (uint64_t)high << 32 | low;
}

// The memory clobber: some MSRs make the hypervisor write to a structure of ours.
void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr)
                     : "memory");
}

uint64_t rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

int rdrand(uint64_t *out)
{
    uint8_t ok;
    __asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=q"(ok)::"cc");
    return ok;
}

int rdseed(uint64_t *out)
{
    uint8_t ok;
    __asm__ volatile("rdseed %0; setc %1" : "=r"(*out), "=q"(ok)::"cc");
    return ok;
}

void cpu_pause(void)
{
    __asm__ volatile("pause");
}

_Noreturn void triple_fault(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};
    __asm__ volatile("lidt %0; ud2" ::"m"(none));
    __builtin_unreachable();
}
