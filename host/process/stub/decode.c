// SPDX-License-Identifier: BSD-2-Clause
// See decode.h. MOV and MOVZX with an operand in memory; sections are of the SDM's volume 2.

#include <string.h>

#include "host/process/stub/decode.h"

// What stands before the opcode (2.1.1, 2.2.1).
struct prefixes {
    int small; // 66h: 16 bits
    int rex;   // there is a REX, so that registers 4 to 7 of 8 bits are no second bytes
    int wide;  // REX.W: 64 bits
    int high;  // REX.R: registers 8 to 15
};

static unsigned skip_prefixes(const uint8_t *code, unsigned n, struct prefixes *p)
{
    unsigned at = 0;
    *p = (struct prefixes){0};
    // Segments (2Eh to 3Eh in 64-bit mode mean nothing, FS and GS are in the fault's address) and
    // the size of addresses. Not LOCK and the repetitions, which make it another instruction.
    while (at < n &&
           (code[at] == 0x66 || code[at] == 0x67 || code[at] == 0x64 || code[at] == 0x65 ||
            code[at] == 0x2e || code[at] == 0x36 || code[at] == 0x3e || code[at] == 0x26))
        p->small |= code[at++] == 0x66;
    if (at < n && (code[at] & 0xf0) == 0x40) {
        p->rex = 1;
        p->wide = (code[at] & 8) != 0;
        p->high = (code[at] & 4) != 0;
        at++;
    }
    return at;
}

// Length of the ModRM byte and what belongs to it (2.1.3, tables 2-2 and 2-3), 0: no memory.
static unsigned operand_length(const uint8_t *code, unsigned n)
{
    static const uint8_t displacement[] = {0, 1, 4};
    const unsigned mod = n ? code[0] >> 6 : 3, rm = n ? code[0] & 7 : 0;
    unsigned length = 1;
    if (mod == 3)
        return 0;
    if (rm == 4 && n < 2)
        return 0;
    length += rm == 4;
    // Without a base there are four bytes, or the place is relative to RIP.
    const unsigned base = rm == 4 ? code[1] & 7 : rm;
    return length + (mod == 0 && base == 5 ? 4 : displacement[mod]);
}

static int opcode_move(const uint8_t *code, const struct prefixes *p, struct decoded_move *m)
{
    const uint8_t whole = p->wide ? 8 : p->small ? 2 : 4;
    switch (code[0]) {
    case 0x88: // MOV r/m8, r8
    case 0xc6: // MOV r/m8, imm8
    case 0x8a: // MOV r8, r/m8
        m->size = m->into = 1;
        break;
    case 0x89: // MOV r/m, r
    case 0xc7: // MOV r/m, imm
    case 0x8b: // MOV r, r/m
        m->size = whole;
        m->into = whole == 4 ? 8 : whole;
        break;
    case 0x0f: // MOVZX r, r/m8 and r/m16
        if (code[1] != 0xb6 && code[1] != 0xb7)
            return -1;
        m->size = code[1] == 0xb6 ? 1 : 2;
        m->into = whole == 2 ? 2 : 8;
        break;
    default:
        return -1;
    }
    m->write = code[0] == 0x88 || code[0] == 0x89 || code[0] == 0xc6 || code[0] == 0xc7;
    return code[0] == 0x0f ? 2 : 1;
}

// The constant behind the operand, at most four bytes, which extend their sign.
static int take_constant(const uint8_t *code, unsigned n, struct decoded_move *m)
{
    const unsigned bytes = m->size < 4 ? m->size : 4;
    int32_t value = 0;
    if (n < bytes)
        return -1;
    memcpy(&value, code, bytes);
    m->value = (uint64_t)(int64_t)value; // of fewer bytes no more are stored
    m->reg = DECODE_CONSTANT;
    return (int)bytes;
}

int decode_move(const uint8_t *code, unsigned n, struct decoded_move *m)
{
    struct prefixes p;
    *m = (struct decoded_move){0};
    n = n < DECODE_MAX ? n : DECODE_MAX;
    unsigned at = skip_prefixes(code, n, &p);
    if (n - at < 2)
        return -1;
    const int constant = code[at] == 0xc6 || code[at] == 0xc7;
    const int opcode = opcode_move(code + at, &p, m);
    if (opcode < 0)
        return -1;
    at += (unsigned)opcode;
    const unsigned operand = operand_length(code + at, n - at);
    if (!operand || operand > n - at)
        return -1;
    const unsigned reg = code[at] >> 3 & 7;
    at += operand;
    if (constant) {
        const int bytes = reg == 0 ? take_constant(code + at, n - at, m) : -1;
        m->length = (uint8_t)(at + (unsigned)bytes);
        return bytes < 0 ? -1 : 0;
    }
    // Of a byte register that is source or target; MOVZX's target is a whole one.
    const int second = opcode == 1 && m->size == 1 && !p.rex && reg >= 4;
    m->reg = (uint8_t)(second ? reg - 4 : reg + (p.high ? 8u : 0u));
    m->shift = second ? 8 : 0;
    m->length = (uint8_t)at;
    return 0;
}
