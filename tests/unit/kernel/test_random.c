// SPDX-License-Identifier: BSD-2-Clause
// The random generator: ChaCha20 against RFC 8439's vectors, and what a seed does.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/pv.h"
#include "kernel/random.h"
#include "kernel/sys.h"

static struct pv_boot_info info;
const struct pv_boot_info *boot_info = &info;

void sys_enter(void)
{
}

int sys_leave(long *r)
{
    (void)r;
    return 0;
}

// NULL stands for memory the program does not have.
int user_writable(void *p, size_t n)
{
    return p || !n ? 0 : -EFAULT;
}

static uint32_t word(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// RFC 8439, 2.3.2.
static void test_block(void)
{
    static const uint8_t want[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    uint8_t key_bytes[32], out[64];
    uint32_t key[8];
    const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0};
    for (int i = 0; i < 32; i++)
        key_bytes[i] = (uint8_t)i;
    for (int i = 0; i < 8; i++)
        key[i] = word(key_bytes + 4 * i);
    chacha20_block(key, 1, nonce, out);
    CHECK(memcmp(out, want, sizeof out) == 0);
}

// RFC 8439, A.1, test vector 1: all zero.
static void test_zero_block(void)
{
    static const uint8_t want[16] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90,
                                     0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28};
    const uint32_t key[8] = {0}, nonce[3] = {0};
    uint8_t out[64];
    chacha20_block(key, 0, nonce, out);
    CHECK(memcmp(out, want, sizeof want) == 0);
}

// The first numbers come from the second half of the block that the seed's key makes; the first
// half, the next key, is never handed out.
static void test_erasure(void)
{
    const uint32_t nonce[3] = {0};
    uint32_t key[8];
    uint8_t block[64], got[32], again[32];
    for (int i = 0; i < 32; i++)
        info.seed[i] = (uint8_t)(200 + i);
    memcpy(key, info.seed, sizeof key);
    random_boot();
    random_bytes(got, sizeof got);
    chacha20_block(key, 0, nonce, block);
    CHECK(memcmp(got, block + 32, sizeof got) == 0);
    random_bytes(again, sizeof again);
    memcpy(key, block, sizeof key);
    chacha20_block(key, 0, nonce, block);
    CHECK(memcmp(again, block + 32, sizeof again) == 0);
}

// However the bytes are asked for, the stream goes on: no byte is given twice.
static void test_pieces(void)
{
    uint8_t all[200];
    memset(all, 0, sizeof all);
    for (size_t at = 0, n = 1; at < sizeof all; at += n, n = n % 37 + 1) {
        n = n < sizeof all - at ? n : sizeof all - at;
        random_bytes(all + at, n);
    }
    int zeros = 0;
    for (size_t i = 0; i < sizeof all; i++)
        zeros += all[i] == 0;
    CHECK(zeros < 10); // 200 bytes: 10 zeros has a chance of one in a billion
    for (size_t i = 8; i < sizeof all; i += 8)
        CHECK(memcmp(all, all + i, 8) != 0);
}

// A clone continues with the same state and another seed: as the fork hook does it.
static void test_reseed(void)
{
    uint8_t parent[64], child[64], seedless[64];
    uint8_t state[32];
    random_boot();
    memcpy(state, info.seed, sizeof state);
    random_bytes(parent, sizeof parent);
    info.seed[3] ^= 1;
    random_boot();
    random_bytes(child, sizeof child);
    CHECK(memcmp(parent, child, sizeof child) != 0);
    memset(info.seed, 0, sizeof info.seed); // a host without entropy: the state still moves on
    random_boot();
    random_bytes(seedless, sizeof seedless);
    CHECK(memcmp(seedless, child, sizeof child) != 0);
}

static void test_call(void)
{
    uint8_t buf[100] = {0};
    CHECK_EQ(sys_getrandom(buf, sizeof buf, 0), sizeof buf);
    CHECK_EQ(sys_getrandom(buf, 0, 1), 0);
    CHECK_EQ(sys_getrandom(buf, 5, 8), -EINVAL);
    CHECK_EQ(sys_getrandom(NULL, 5, 0), -EFAULT);
    CHECK(buf[90] || buf[91] || buf[92] || buf[93]);
}

int main(void)
{
    RUN(test_block);
    RUN(test_zero_block);
    RUN(test_erasure);
    RUN(test_pieces);
    RUN(test_reseed);
    RUN(test_call);
    return check_done("random");
}
