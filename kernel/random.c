// SPDX-License-Identifier: BSD-2-Clause
// The random generator: ChaCha20 with fast key erasure, seeded by the host.
//
// Each refill makes one block of key stream: its first half becomes the next key, its second half
// is handed out and wiped as it goes. Who reads this memory later learns nothing about numbers
// given before (Bernstein, "Fast-key-erasure random-number generators", 2017).

#include "kernel/random.h"
#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/sys.h"

#define KEY_BYTES   32u
#define BLOCK_BYTES 64u

#define GRND_NONBLOCK 1u
#define GRND_RANDOM   2u

static uint32_t key[8];
static uint8_t stock[BLOCK_BYTES - KEY_BYTES];
static uint32_t left; // bytes of the stock not yet given, at its end

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t s[16], int a, int b, int c, int d)
{
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 7);
}

void chacha20_block(const uint32_t k[8], uint32_t counter, const uint32_t nonce[3], uint8_t out[64])
{
    uint32_t start[16] = {
        0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, // "expand 32-byte k"
        k[0],       k[1],       k[2],       k[3],       k[4],     k[5],
        k[6],       k[7],       counter,    nonce[0],   nonce[1], nonce[2],
    };
    uint32_t s[16];
    memcpy(s, start, sizeof s);
    for (int i = 0; i < 10; i++) {
        for (int col = 0; col < 4; col++)
            quarter_round(s, col, col + 4, col + 8, col + 12);
        for (int col = 0; col < 4; col++) // the diagonals
            quarter_round(s, col, (col + 1) % 4 + 4, (col + 2) % 4 + 8, (col + 3) % 4 + 12);
    }
    for (int i = 0; i < 16; i++)
        s[i] += start[i];
    memcpy(out, s, sizeof s); // little-endian, as the processor is
}

static void refill(void)
{
    // The key is never used twice: counter and nonce may be constant.
    static const uint32_t nonce[3];
    uint8_t block[BLOCK_BYTES];
    chacha20_block(key, 0, nonce, block);
    memcpy(key, block, KEY_BYTES);
    memcpy(stock, block + KEY_BYTES, sizeof stock);
    memset(block, 0, sizeof block);
    left = sizeof stock;
}

void random_mix(const uint8_t seed[RANDOM_SEED])
{
    uint32_t words[8];
    memcpy(words, seed, sizeof words);
    // Mixed in, not copied: a bad seed cannot make the state worse than it was.
    for (int i = 0; i < 8; i++)
        key[i] ^= words[i];
    refill();
}

void random_boot(void)
{
    random_mix(boot_info->seed);
}

void random_bytes(void *buf, size_t len)
{
    uint8_t *out = buf;
    while (len) {
        if (!left)
            refill();
        uint32_t n = (uint32_t)min_u64(left, len);
        uint8_t *from = stock + sizeof stock - left;
        memcpy(out, from, n);
        memset(from, 0, n);
        left -= n;
        out += n;
        len -= n;
    }
}

long sys_getrandom(void *buf, size_t len, unsigned flags)
{
    long r;
    if (flags & ~(GRND_NONBLOCK | GRND_RANDOM))
        return -EINVAL;
    if (user_writable(buf, len) < 0)
        return -EFAULT;
    sys_enter(); // a handler that asks for numbers in between must not get the same ones
    random_bytes(buf, len);
    r = (long)len;
    sys_leave(&r);
    return r;
}
