// SPDX-License-Identifier: BSD-2-Clause
// Instructions that access a device's registers: moves between memory and a register or a constant,
// which is what a compiler makes of a volatile load or store.
#ifndef PROCESS_STUB_DECODE_H
#define PROCESS_STUB_DECODE_H

#include <stdint.h>

#define DECODE_MAX 15 // bytes of the longest instruction there is (SDM vol. 2, 2.3.11)

struct decoded_move {
    uint8_t length; // of the instruction
    uint8_t write;  // to memory
    uint8_t size;   // bytes of memory: 1, 2, 4 or 8
    uint8_t into;   // a load's: bytes of the register that change, 8 where the rest becomes 0
    uint8_t reg;    // 0 to 15 as the processor counts, or DECODE_CONSTANT
    uint8_t shift;  // 8: the second byte of the register is meant (AH, CH, DH, BH)
    uint64_t value; // the constant that is stored
};
#define DECODE_CONSTANT 16

// What the instruction at code[n] is; where in memory it goes, the fault tells. 0, or -1: not one
// of those, or not all there.
int decode_move(const uint8_t *code, unsigned n, struct decoded_move *move);

#endif
