// SPDX-License-Identifier: BSD-2-Clause
// Random bytes for the program and /dev/urandom (kernel/random.c).
#ifndef RAMET_KERNEL_RANDOM_H
#define RAMET_KERNEL_RANDOM_H

#include <stddef.h>
#include <stdint.h>

// Fills buf. Never blocks, never fails: the seed came with boot_info.
void random_bytes(void *buf, size_t len);
// Seeds the generator from boot_info.seed; at boot and, as the fork hook, in a child: the host gave
// it a seed of its own, so parent and child go separate ways.
void random_boot(void);

// Bytes from another source, mixed in: they can make the state better, never worse.
#define RANDOM_SEED 32u
void random_mix(const uint8_t seed[RANDOM_SEED]);

// One block of the ChaCha20 key stream (RFC 8439, 2.3): for random.c and its test.
void chacha20_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3],
                    uint8_t out[64]);

#endif
