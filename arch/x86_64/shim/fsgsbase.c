// SPDX-License-Identifier: BSD-2-Clause
// The kernel sets its thread pointer by WRFSBASE (SDM vol. 2D). QEMU's default processor and real
// ones before 2012 do not have it: there it is an invalid opcode, and done here.

#include "arch/x86_64/shim/fsgsbase.h"

#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/mem/regions.h"

#define LENGTH 5 // F3 REX.W 0F AE /digit

int fsgsbase_emulate(struct frame *f)
{
    if (!regions_allow(f->rip, LENGTH, 0))
        return 0;
    const uint8_t *code = (const uint8_t *)f->rip;
    unsigned rex = code[1], modrm = code[4], digit = modrm >> 3 & 7;
    if (code[0] != 0xf3 || (rex & 0xfe) != 0x48 || code[2] != 0x0f || code[3] != 0xae ||
        modrm >> 6 != 3 || digit > 3)
        return 0;
    // The general registers in the processor's numbering; 4 is RSP.
    uint64_t *regs[16] = {&f->rax, &f->rcx, &f->rdx, &f->rbx, &f->rsp, &f->rbp, &f->rsi, &f->rdi,
                          &f->r8,  &f->r9,  &f->r10, &f->r11, &f->r12, &f->r13, &f->r14, &f->r15};
    uint64_t *reg = regs[(modrm & 7) | (rex & 1) << 3];
    uint32_t msr = (digit & 1) ? MSR_GS_BASE : MSR_FS_BASE;
    if (digit < 2) {
        *reg = rdmsr(msr);
    } else {
        // Not canonical would fault in ring 0.
        if ((uint64_t)((int64_t)*reg << 16 >> 16) != *reg)
            return 0;
        wrmsr(msr, *reg);
    }
    f->rip += LENGTH;
    return 1;
}
