// SPDX-License-Identifier: BSD-2-Clause
// Descriptor tables, SYSCALL and processor features. Neighbours: entry.S (the stubs), trap.c.

#include "abi/x86.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/layout.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/trap.h"

#define MSR_STAR        0xc0000081 // SDM vol. 3, 5.8.8
#define MSR_LSTAR       0xc0000082
#define MSR_FMASK       0xc0000084
#define CPUID7_FSGSBASE 1u             // leaf 7, EBX
#define GATE_INTERRUPT  UINT64_C(0x8e) // present, 64-bit interrupt gate (SDM vol. 3, 6.14.1)
#define STUB_SIZE       16
#define IST_DOUBLE      1 // a stack of its own for double faults: the other may be what failed

extern uint8_t trap_stubs[], spurious_stub[], call_entry[], shim_stack_top[];

struct tss { // SDM vol. 3, 7.7
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, iomap;
} __attribute__((packed));

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static struct tss tss;
static uint64_t gdt[X86_SEL_TSS / 8 + 2];
static uint64_t idt[256][2];
static uint8_t double_fault_stack[4096] __attribute__((aligned(16)));

static void init_gdt(void)
{
    uint64_t base = (uint64_t)&tss;
    struct table_pointer pointer = {sizeof gdt - 1, (uint64_t)gdt};
    // Every trap from ring 3 starts on the same stack. SYSCALL does not look at the TSS: entry.S
    // sets RSP itself.
    tss.rsp[0] = (uint64_t)shim_stack_top;
    tss.ist[IST_DOUBLE - 1] = (uint64_t)double_fault_stack + sizeof double_fault_stack;
    tss.iomap = sizeof tss; // no port is ring 3's
    // Flat descriptors (SDM vol. 3, 3.4.5) in the order SYSCALL wants, and the TSS in two entries.
    gdt[X86_SEL_KERNEL_CODE / 8] = UINT64_C(0x00af9b000000ffff);
    gdt[X86_SEL_KERNEL_DATA / 8] = UINT64_C(0x00cf93000000ffff);
    gdt[X86_SEL_USER_DATA / 8] = UINT64_C(0x00cff3000000ffff);
    gdt[X86_SEL_USER_CODE / 8] = UINT64_C(0x00affb000000ffff);
    gdt[X86_SEL_TSS / 8] = (sizeof tss - 1) | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 |
                           (base >> 24 & 0xff) << 56;
    gdt[X86_SEL_TSS / 8 + 1] = base >> 32;
    __asm__ volatile("lgdt %0\n\tltr %w1" : : "m"(pointer), "r"((uint16_t)X86_SEL_TSS) : "memory");
}

// DPL is who may raise it by an INT instruction; IST 0 keeps to the one stack.
static void set_gate(unsigned vector, uint64_t to, unsigned dpl, unsigned ist)
{
    idt[vector][0] = (to & 0xffff) | (uint64_t)X86_SEL_KERNEL_CODE << 16 | (uint64_t)ist << 32 |
                     (GATE_INTERRUPT | dpl << 5) << 40 | (to >> 16 & 0xffff) << 48;
    idt[vector][1] = to >> 32;
}

static void init_idt(void)
{
    struct table_pointer pointer = {sizeof idt - 1, (uint64_t)idt};
    for (unsigned v = 0; v < VECTOR_COUNT; v++) {
        // INT3 and INTO may be raised by ring 3's own instructions.
        unsigned dpl = v == X86_EXC_BP || v == X86_EXC_OF ? 3 : 0;
        set_gate(v, (uint64_t)trap_stubs + v * STUB_SIZE, dpl, v == X86_EXC_DF ? IST_DOUBLE : 0);
    }
    // No EOI for this one, so it has a stub that does nothing (SDM vol. 3, 10.9).
    set_gate(VECTOR_SPURIOUS, (uint64_t)spurious_stub, 0, 0);
    __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

int trap_has_fsgsbase(void)
{
    return cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ebx & CPUID7_FSGSBASE);
}

// First of all at boot: what goes wrong before this is a reset without a word.
void trap_init(void)
{
    init_gdt();
    init_idt();
    // SYSCALL takes its selectors from bits 47:32. We leave by IRETQ; bits 63:48 are what SYSRET
    // would want, whose data selector is 8 above and code selector 16 above (SDM vol. 3, 5.8.8).
    wrmsr(MSR_STAR, (uint64_t)(X86_SEL_USER_DATA - 8) << 48 | (uint64_t)X86_SEL_KERNEL_CODE << 32);
    wrmsr(MSR_LSTAR, (uint64_t)call_entry);
    // Cleared on entry. IF: ring 0 runs with interrupts off; TF: no debug trap on our first
    // instruction; DF: C expects it clear.
    wrmsr(MSR_FMASK, X86_RFLAGS_TF | X86_RFLAGS_IF | X86_RFLAGS_DF | 0x40000 /* AC */);
    if (trap_has_fsgsbase()) {
        uint64_t cr4;
        __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
        __asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | X86_CR4_FSGSBASE));
    }
}
