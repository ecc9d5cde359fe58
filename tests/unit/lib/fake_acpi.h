// SPDX-License-Identifier: BSD-2-Clause
// ACPI tables for tests: a firmware that writes what it is told, checksums included.
#ifndef RAMET_TESTS_FAKE_ACPI_H
#define RAMET_TESTS_FAKE_ACPI_H

#include "tests/unit/lib/fake_machine.h"

#define FAKE_RSDP UINT64_C(0xf0000)

struct fake_table {
    uint64_t pa;
    uint32_t len;
    uint8_t bytes[512];
};

static inline void fake_put(struct fake_table *t, uint32_t offset, uint64_t value, uint32_t size)
{
    memcpy(t->bytes + offset, &value, size);
}

// Makes the bytes up to `len` sum to 0, by the one at `at`.
static inline void fake_checksum(struct fake_table *t, uint32_t at, uint32_t len)
{
    uint8_t sum = 0;
    t->bytes[at] = 0;
    for (uint32_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + t->bytes[i]);
    t->bytes[at] = (uint8_t)-sum;
}

// A table of `len` zero bytes after its header's signature and length.
static inline struct fake_table *fake_table(const char *signature, uint64_t pa, uint32_t len)
{
    struct fake_table *t = calloc(1, sizeof *t);
    memcpy(t->bytes, signature, 4);
    t->pa = pa;
    t->len = len;
    fake_put(t, 4, len, 4);
    return t;
}

// It is written as it should be, and in memory from now on.
static inline void fake_table_done(struct fake_table *t)
{
    fake_checksum(t, 9, t->len);
    fake_ram(t->pa, t->bytes, sizeof t->bytes);
}

// The root pointer, revision 2, at FAKE_RSDP; either of the tables may be 0.
static inline struct fake_table *fake_rsdp(uint64_t rsdt, uint64_t xsdt)
{
    struct fake_table *t = calloc(1, sizeof *t);
    memcpy(t->bytes, "RSD PTR ", 8);
    t->pa = FAKE_RSDP;
    fake_put(t, 15, 2, 1);
    fake_put(t, 16, rsdt, 4);
    fake_put(t, 20, 36, 4);
    fake_put(t, 24, xsdt, 8);
    fake_checksum(t, 8, 20);
    fake_checksum(t, 32, 36);
    fake_ram(t->pa, t->bytes, 36);
    return t;
}

// A root with an XSDT of these tables.
static inline void fake_root(struct fake_table *const *tables, unsigned n)
{
    struct fake_table *x = fake_table("XSDT", 0x7000000, 36 + 8 * n);
    for (unsigned i = 0; i < n; i++)
        fake_put(x, 36 + 8 * i, tables[i]->pa, 8);
    fake_table_done(x);
    fake_rsdp(0, x->pa);
}

#endif
