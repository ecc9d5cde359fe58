// SPDX-License-Identifier: BSD-2-Clause
// Shared memory that can be put on huge pages: what the family shares and touches all the time.
#ifndef HOST_HUGEMEM_H
#define HOST_HUGEMEM_H

#include <stddef.h>
#include <stdint.h>

// Reserves `size` bytes of address space at a 2 MB boundary; nothing is mapped. NULL with errno on
// failure.
void *hugemem_reserve(uint64_t size);

// Maps a new memfd of `size` bytes, all zero, shared and read-write at `at`, which is reserved. Its
// descriptor, or -errno.
int hugemem_map(void *at, const char *name, uint64_t size);

// Puts a range (2 MB aligned) on huge pages now, whatever it holds. Takes about a millisecond per 2
// MB. 0 or -errno; nothing changes for its users but speed.
int hugemem_collapse(void *start, uint64_t len);

#endif
