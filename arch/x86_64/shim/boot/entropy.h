// SPDX-License-Identifier: BSD-2-Clause
// The seed of a booted program's random numbers.
#ifndef SHIM_ENTROPY_H
#define SHIM_ENTROPY_H

#include <stdint.h>

// Fills `seed` with what the processor's random number generator gives, mixed with the jitter of
// the time-stamp counter and the time of day. Without such a generator it is a best effort: guests
// that start alike on an idle host may be told apart by little; the kernel mixes a virtio-rng in.
void entropy_seed(uint8_t seed[32]);

#endif
