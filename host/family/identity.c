// SPDX-License-Identifier: BSD-2-Clause
// What a clone, a restored template and a new program must not have in common with another member:
// the slot and the seed of all its random numbers. See member.h.

#include <errno.h>
#include <sys/random.h>

#include "host/family/member.h"

int member_identity(struct pv_boot_info *b, uint32_t slot)
{
    b->slot = slot;
    return getrandom(b->seed, sizeof b->seed, 0) == sizeof b->seed ? 0 : -EIO;
}
