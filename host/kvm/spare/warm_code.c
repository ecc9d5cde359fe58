// SPDX-License-Identifier: BSD-2-Clause
// The instructions that warm a VM up. See warm.h.

#include "host/kvm/platform.h"
#include "host/kvm/spare/warm.h"

// The registers that hold the addresses: one each, by their number in an instruction (SDM vol. 2A,
// 2.1.5). RSP is the stack's, and R12 needs a longer encoding.
const uint8_t warm_write_reg[WARM_WRITES] = {0, 3, 1, 2, 6, 5, 8, 9, 10, 11};
const uint8_t warm_read_reg[WARM_READS] = {7, 13, 14, 15};

// Opcode with an 8-bit displacement and an 8-bit operand, both 0.
static unsigned emit(uint8_t *code, uint8_t opcode, uint8_t extension, uint8_t reg)
{
    unsigned n = 0;
    if (reg >= 8)
        code[n++] = 0x41; // REX.B
    code[n++] = opcode;
    code[n++] = (uint8_t)(0x40 | extension << 3 | (reg & 7)); // ModRM: register + displacement
    code[n++] = 0;
    code[n++] = 0;
    return n;
}

void warm_code(uint8_t code[WARM_CODE_MAX])
{
    unsigned n = 0;
    for (unsigned i = 0; i < WARM_WRITES; i++) {
        code[n++] = 0xf0;                                // LOCK: others may share this memory
        n += emit(code + n, 0x83, 1, warm_write_reg[i]); // OR $0, (register), 32 bits
    }
    for (unsigned i = 0; i < WARM_READS; i++)
        n += emit(code + n, 0x80, 7, warm_read_reg[i]); // CMP $0, (register), 8 bits
    code[n++] = 0xe7;                                   // OUT %eax, $port
    code[n++] = PLATFORM_PORT_WARM;
}
