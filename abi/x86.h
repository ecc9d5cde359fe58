// SPDX-License-Identifier: BSD-2-Clause
// x86-64 facts that host, shim and kernel share: register bits, page-table bits, exception vectors.
// Section numbers are those of Intel's Software Developer's Manual (SDM).
#ifndef RAMET_ABI_X86_H
#define RAMET_ABI_X86_H

// Page-table entries (vol. 3, 4.5)
#define X86_PTE_P    UINT64_C(0x001) // present
#define X86_PTE_W    UINT64_C(0x002) // writable
#define X86_PTE_U    UINT64_C(0x004) // ring 3 may use it
#define X86_PTE_A    UINT64_C(0x020) // accessed; preset, so the processor need not write it
#define X86_PTE_D    UINT64_C(0x040) // dirty; preset likewise
#define X86_PTE_PS   UINT64_C(0x080) // in a directory: a 2 MB page
#define X86_PTE_NX   (UINT64_C(1) << 63)
#define X86_PTE_ADDR UINT64_C(0x000ffffffffff000)
#define X86_PAGE     UINT64_C(4096)
#define X86_PAGE_2M  UINT64_C(0x200000)

// Control registers and EFER (vol. 3, 2.5 and 2.2.1)
#define X86_CR0_PE         UINT64_C(0x00000001)
#define X86_CR0_MP         UINT64_C(0x00000002)
#define X86_CR0_ET         UINT64_C(0x00000010)
#define X86_CR0_NE         UINT64_C(0x00000020)
#define X86_CR0_WP         UINT64_C(0x00010000)
#define X86_CR0_AM         UINT64_C(0x00040000)
#define X86_CR0_PG         UINT64_C(0x80000000)
#define X86_CR4_PAE        UINT64_C(0x00020)
#define X86_CR4_OSFXSR     UINT64_C(0x00200)
#define X86_CR4_OSXMMEXCPT UINT64_C(0x00400)
#define X86_CR4_FSGSBASE   UINT64_C(0x10000)
#define X86_CR4_OSXSAVE    UINT64_C(0x40000)
#define X86_EFER_SCE       UINT64_C(0x001)
#define X86_EFER_LME       UINT64_C(0x100)
#define X86_EFER_LMA       UINT64_C(0x400)
#define X86_EFER_NXE       UINT64_C(0x800)

// RFLAGS (vol. 1, 3.4.3)
#define X86_RFLAGS_ONE  UINT64_C(0x0002)
#define X86_RFLAGS_TF   UINT64_C(0x0100) // single step
#define X86_RFLAGS_IF   UINT64_C(0x0200)
#define X86_RFLAGS_DF   UINT64_C(0x0400)
#define X86_RFLAGS_IOPL UINT64_C(0x3000)

// Exception vectors (vol. 3, 6.3.1)
#define X86_EXC_DE    0
#define X86_EXC_DB    1
#define X86_EXC_BP    3
#define X86_EXC_OF    4
#define X86_EXC_BR    5
#define X86_EXC_UD    6
#define X86_EXC_NM    7
#define X86_EXC_DF    8
#define X86_EXC_TS    10
#define X86_EXC_NP    11
#define X86_EXC_SS    12
#define X86_EXC_GP    13
#define X86_EXC_PF    14
#define X86_EXC_MF    16
#define X86_EXC_AC    17
#define X86_EXC_XM    19
#define X86_EXC_COUNT 32

// Page-fault error code (vol. 3, 4.7)
#define X86_PF_PRESENT 1u
#define X86_PF_WRITE   2u
#define X86_PF_FETCH   16u

// Segment selectors every implementer uses: those of Linux, because a PVM host runs ring-3 guest
// code with the host's own descriptor table.
#define X86_SEL_KERNEL_CODE 0x10
#define X86_SEL_KERNEL_DATA 0x18
#define X86_SEL_USER_DATA   0x2b
#define X86_SEL_USER_CODE   0x33
#define X86_SEL_TSS         0x40

#endif
