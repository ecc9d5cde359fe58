// SPDX-License-Identifier: BSD-2-Clause
// Whose guest are we? Asked by the clock, which some hypervisors describe in CPUID.

#include "arch/x86_64/shim/boot/hypervisor.h"

#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"

// CPUID.1:ECX bit 31 is 0 on every real processor and 1 in every guest (AMD vol. 3, appendix E).
#define CPUID_1_ECX_HYPERVISOR (1u << 31)

#define FIRST_LEAF 0x40000000u
#define LEAF_STEP  0x100u
#define LEAF_SETS  16u

uint32_t hypervisor_leaf(const char *signature)
{
    if (!(cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR))
        return 0;
    for (uint32_t i = 0; i < LEAF_SETS; i++) {
        uint32_t leaf = FIRST_LEAF + i * LEAF_STEP;
        struct cpuid r = cpuid(leaf, 0);
        uint32_t name[3] = {r.ebx, r.ecx, r.edx};
        if (memcmp(name, signature, sizeof name) == 0)
            return leaf;
        // A first set that names nobody is the answer of a processor without any.
        if (!r.ebx)
            break;
    }
    return 0;
}
