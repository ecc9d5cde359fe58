// SPDX-License-Identifier: BSD-2-Clause
// A sponge over ChaCha's permutation (RFC 8439, 2.3, without the addition of the input): sources
// are absorbed into half of a 64-byte state, each 32 bytes followed by the permutation, and the
// seed is read from that half. What went in cannot be computed from what comes out, and a source
// that an outsider knows, or chooses, takes nothing from the others.

#include "arch/x86_64/shim/boot/entropy.h"

#include <stdbool.h>

#include "arch/x86_64/shim/time/clock.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"

#define STATE_WORDS   16
#define RATE_WORDS    8
#define DOUBLE_ROUNDS 10

#define CPUID_1_ECX_RDRAND (1u << 30)
#define CPUID_7_EBX_RDSEED (1u << 18)

// The processor may have none at the moment (SDM vol. 1, 7.3.17.1: ten tries are enough for
// RDRAND).
#define TRIES      10u
#define HARD_WORDS 4u // 256 bits

// Readings of the counter: a port access leaves the guest, and how long that takes is the host's
// business.
#define JITTER_WITH    32u
#define JITTER_WITHOUT 128u
#define JITTER_PORT    0x80 // a PC's diagnostic port

struct sponge {
    uint32_t s[STATE_WORDS];
    unsigned filled; // words of the rate part absorbed since the last permutation
};

// N is never 0 or 32, for which a shift would have no meaning.
static uint32_t rotate(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static void quarter(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

static void permute(struct sponge *sp)
{
    for (unsigned i = 0; i < DOUBLE_ROUNDS; i++) {
        for (unsigned c = 0; c < 4; c++)
            quarter(sp->s, c, 4 + c, 8 + c, 12 + c);
        for (unsigned c = 0; c < 4; c++)
            quarter(sp->s, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
    }
    sp->filled = 0;
}

static void absorb(struct sponge *sp, uint64_t v)
{
    sp->s[sp->filled] ^= (uint32_t)v;
    sp->s[sp->filled + 1] ^= (uint32_t)(v >> 32);
    sp->filled += 2;
    if (sp->filled == RATE_WORDS)
        permute(sp);
}

// One that fails ten times in a row is taken for broken, not for busy.
static bool retry(int (*get)(uint64_t *), uint64_t *v)
{
    for (unsigned i = 0; i < TRIES; i++)
        if (get(v))
            return true;
    return false;
}

// Whether it gave all it was asked for. Some processors' generators get stuck and give the same
// number for ever: that counts as none.
static bool absorb_hardware(struct sponge *sp)
{
    bool have_seed = cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ebx & CPUID_7_EBX_RDSEED);
    bool have_rand = cpuid(1, 0).ecx & CPUID_1_ECX_RDRAND;
    uint64_t v = 0, last = 0;
    unsigned good = 0;

    for (unsigned i = 0; i < HARD_WORDS; i++) {
        if (!(have_seed && retry(rdseed, &v)) && !(have_rand && retry(rdrand, &v)))
            return false;
        good += i == 0 || v != last;
        last = v;
        absorb(sp, v);
    }
    return good == HARD_WORDS;
}

// Differences and the counter itself: under emulation the former may be nearly constant, the latter
// still depends on when the machine was started.
static void absorb_jitter(struct sponge *sp, unsigned samples)
{
    for (unsigned i = 0; i < samples; i += 2) {
        uint64_t before = rdtsc();
        inb(JITTER_PORT);
        uint64_t between = rdtsc();
        inb(JITTER_PORT);
        absorb(sp, (between - before) << 32 ^ rdtsc());
    }
}

// The first four words are ChaCha's constant, so that the state is never all zeros. The clock comes
// last and adds little, but two machines with the same everything are seldom of the same second.
void entropy_seed(uint8_t seed[32])
{
    struct sponge sp = {{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, 0};

    bool hardware = absorb_hardware(&sp);
    absorb_jitter(&sp, hardware ? JITTER_WITH : JITTER_WITHOUT);
    absorb(&sp, clock_rtc_seconds());
    sp.s[RATE_WORDS - 1] ^= 1; // the end of the input
    permute(&sp);
    memcpy(seed, sp.s, 32);
}
