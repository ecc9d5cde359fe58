// SPDX-License-Identifier: BSD-2-Clause
// test_program_elf.c: the shim takes exactly the ELF files that mkimage and the monitor take, and
// says the same of them: field by field damaged, cut off anywhere, and at random. Links
// arch/x86_64/shim/boot/elf.c and host/image/elf.c.
#include <stdlib.h>

#include "arch/x86_64/shim/boot/elf.h"
#include "host/image/elf.h"
#include "tests/unit/lib/check.h"
#include "tests/unit/lib/sample.h"

#define RANDOM_TRIES 200000

static unsigned taken; // by both

static bool same_program(const struct image_program *a, const struct elf_program *b)
{
    return a->entry == b->entry && a->seg_count == b->nsegs &&
           !memcmp(a->segs, b->segs, b->nsegs * sizeof b->segs[0]) &&
           !memcmp(&a->tls, &b->tls, sizeof b->tls) && !memcmp(&a->note, &b->note, sizeof b->note);
}

// A heap copy of exactly `size` bytes, so that a read beyond it is seen by the sanitizer.
static bool agree(const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size);
    struct image_program shim;
    struct elf_program host;
    char why[160];
    memcpy(copy, bytes, size);
    int a = elf_describe(copy, size, &shim), b = elf_parse(&host, copy, size, why, sizeof why);
    free(copy);
    taken += b == 0;
    return a == b && (a < 0 || same_program(&shim, &host));
}

static void test_good(void)
{
    struct sample_elf e;
    sample_elf(&e);
    CHECK(agree(&e, sizeof e));
    CHECK_EQ(taken, 1);
}

static void test_cut_off(void)
{
    struct sample_elf e;
    sample_elf(&e);
    for (size_t size = 0; size <= sizeof e; size++)
        if (!agree(&e, size))
            CHECK_EQ(size, sizeof e);
}

// Every 1, 2, 4 and 8 bytes of the headers and the note, with values at which something begins.
static void test_fields(void)
{
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      3,
                                      4,
                                      5,
                                      6,
                                      7,
                                      8,
                                      62,
                                      63,
                                      64,
                                      4095,
                                      4096,
                                      8192,
                                      IMAGE_VADDR_MIN,
                                      IMAGE_VADDR_MAX - 4096,
                                      IMAGE_VADDR_MAX,
                                      IMAGE_VADDR_MIN + 4096,
                                      1 << 20,
                                      (1 << 20) + 1,
                                      65535,
                                      UINT32_MAX,
                                      UINT64_MAX,
                                      UINT64_MAX - 4095,
                                      UINT64_MAX / 2};
    struct sample_elf e;
    for (size_t at = 0; at < offsetof(struct sample_elf, pad); at++)
        for (unsigned bytes = 1; bytes <= 8; bytes *= 2)
            for (unsigned i = 0; at % bytes == 0 && i < sizeof values / sizeof values[0]; i++) {
                sample_elf(&e);
                memcpy((uint8_t *)&e + at, &values[i], bytes);
                if (!agree(&e, sizeof e))
                    CHECK_EQ(at, bytes * 1000 + i);
            }
    CHECK(taken > 100);
}

static void test_random(void)
{
    struct sample_elf e;
    srand(1);
    for (unsigned i = 0; i < RANDOM_TRIES; i++) {
        sample_elf(&e);
        for (int n = rand() % 4 + 1; n > 0; n--) {
            uint8_t *p = (uint8_t *)&e + (size_t)rand() % offsetof(struct sample_elf, pad);
            *p = rand() & 1 ? (uint8_t)rand() : (uint8_t)(*p ^ 1 << rand() % 8);
        }
        // Not all of it: the copy is what takes the time.
        if (!agree(&e, rand() % 8 ? sizeof e : (size_t)rand() % sizeof e))
            CHECK_EQ(i, RANDOM_TRIES);
    }
}

int main(void)
{
    RUN(test_good);
    RUN(test_cut_off);
    RUN(test_fields);
    RUN(test_random);
    return check_done("program_elf");
}
