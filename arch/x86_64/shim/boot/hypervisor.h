// SPDX-License-Identifier: BSD-2-Clause
// The CPUID leaves from 0x40000000 on, in which a hypervisor describes itself.
#ifndef SHIM_HYPERVISOR_H
#define SHIM_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

// The first leaf of the hypervisor that has the 12-byte `signature`, 0 if it is not there. One that
// also imitates another has several sets of leaves, 0x100 apart.
uint32_t hypervisor_leaf(const char *signature);

#define HYPERVISOR_KVM "KVMKVMKVM\0\0\0"
#define HYPERVISOR_TCG "TCGTCGTCGTCG"

#endif
