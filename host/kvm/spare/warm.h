// SPDX-License-Identifier: BSD-2-Clause
// Warming a VM up: lets it touch pages of its own memory before it needs them.
//
// A page's first touch by a new VM is a fault into KVM, some 30 us on a nested host. A VM that has
// nothing to do yet can take those faults in advance: a few instructions in the call page touch
// the addresses they are given and leave.
#ifndef HOST_WARM_H
#define HOST_WARM_H

#include <stdint.h>

#include "host/kvm/vm.h"

#define WARM_WRITES 10u
#define WARM_READS  4u

struct monitor;

struct warm {
    uint64_t write[WARM_WRITES], read[WARM_READS];
    unsigned nwrite, nread;
};

// --- warm_code.c ---
// The registers that hold the addresses, by their number in an instruction.
extern const uint8_t warm_write_reg[WARM_WRITES], warm_read_reg[WARM_READS];
// The instructions, for the call page at PLATFORM_WARM_VA.
#define WARM_CODE_MAX 96u
void warm_code(uint8_t code[WARM_CODE_MAX]);

// --- warm.c ---
// Runs the VM over these guest addresses. What is there keeps its value. Its general registers are
// the caller's to set afterwards. 0, or -errno when it did not get through: its state is undefined.
int warm_run(struct monitor *m, const struct warm *w);

#endif
