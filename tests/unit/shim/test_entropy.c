// SPDX-License-Identifier: BSD-2-Clause
// test_entropy.c: the seed depends on each of its sources, and a generator that is missing, stuck
// or empty is replaced by more jitter. Links arch/x86_64/shim/boot/entropy.c,
// arch/x86_64/shim/time/rtc.c, acpi.c.
#include "arch/x86_64/shim/boot/entropy.h"
#include "tests/unit/lib/fake_machine.h"

#define RDRAND 1
#define STUCK  2
#define EMPTY  4

static int kind;
static uint64_t next = 1;

static struct cpuid fake_cpuid(uint32_t leaf)
{
    struct cpuid r = {leaf == 0 ? 7 : 0, 0, 0, 0};
    if (leaf == 1 && kind)
        r.ecx = 1u << 30;
    return r;
}

static int fake_rdrand(uint64_t *out)
{
    *out = kind == STUCK ? UINT64_MAX : next++;
    return kind != EMPTY;
}

static void make(uint8_t seed[32], int generator, uint64_t first, uint64_t tsc)
{
    kind = generator;
    next = first;
    machine.cpuid = fake_cpuid;
    machine.rdrand = fake_rdrand;
    machine.tsc = tsc;
    machine.tsc_step = 1000;
    machine.accesses = 0;
    entropy_seed(seed);
}

static unsigned differing_bits(const uint8_t *a, const uint8_t *b)
{
    unsigned n = 0;
    for (int i = 0; i < 32; i++)
        n += (unsigned)__builtin_popcount(a[i] ^ b[i]);
    return n;
}

// 256 bits, of which about half change: fewer than 80 would be one case in a thousand million.
static void test_sources(void)
{
    uint8_t a[32], b[32];

    make(a, RDRAND, 1, 1 << 20);
    make(b, RDRAND, 1, 1 << 20);
    CHECK_EQ(differing_bits(a, b), 0); // nothing but its sources
    make(b, RDRAND, 2, 1 << 20);
    CHECK(differing_bits(a, b) > 80);
    make(b, RDRAND, 1, (1 << 20) + 1);
    CHECK(differing_bits(a, b) > 80);
    make(a, 0, 1, 1 << 20);
    CHECK(differing_bits(a, b) > 80);
    make(b, 0, 1, (1 << 20) + 1);
    CHECK(differing_bits(a, b) > 80);
}

static void test_seed_is_no_source(void)
{
    uint8_t seed[32] = {0};

    make(seed, RDRAND, 0x4141414141414141, 1);
    for (int i = 0; i + 8 <= 32; i++)
        CHECK(memcmp(seed + i, "AAAAAAAA", 8) != 0);
}

static void test_without_generator(void)
{
    static const int without[] = {0, STUCK, EMPTY};
    uint8_t seed[32];

    make(seed, RDRAND, 1, 1);
    uint64_t few = machine.accesses;
    for (int i = 0; i < 3; i++) {
        make(seed, without[i], 1, 1);
        CHECK(machine.accesses > few + 50);
        CHECK(machine.accesses < 1000);
    }
}

int main(void)
{
    RUN_MACHINE(test_sources);
    RUN_MACHINE(test_seed_is_no_source);
    RUN_MACHINE(test_without_generator);
    return check_done("entropy");
}
