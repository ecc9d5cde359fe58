// SPDX-License-Identifier: BSD-2-Clause
// test_acpi.c: the shim's reader of ACPI tables takes what good tables say, and nothing from tables
// that are cut off, damaged, or lead in circles. Links arch/x86_64/shim/device/acpi.c, acpi_dsdt.c.
#include "arch/x86_64/shim/device/acpi.h"
#include "tests/unit/lib/fake_acpi.h"

// --- good tables ---
static struct fake_table *good_fadt(uint64_t dsdt)
{
    struct fake_table *t = fake_table("FACP", 0x7001000, 268);
    fake_put(t, 40, dsdt, 4);
    fake_put(t, 48, 0xb2, 4);  // SMI command
    fake_put(t, 52, 0xf1, 1);  // ACPI enable
    fake_put(t, 64, 0x604, 4); // PM1a control
    fake_put(t, 68, 0x0, 4);
    fake_put(t, 76, 0x608, 4);
    fake_put(t, 108, 0x32, 1);
    fake_put(t, 112, 1u << 10 | 1u << 8, 4); // reset register, 32-bit timer
    fake_put(t, 116, 1, 1);
    fake_put(t, 120, 0xcf9, 8);
    fake_put(t, 128, 0xf, 1);
    return t;
}

static struct fake_table *good_madt(void)
{
    static const uint8_t entries[] = {
        0, 8,  0, 0, 1, 0, 0,    0,                  // a processor
        1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0,   0, 0, 0, // I/O APIC at 0xfec00000, 0
        1, 12, 1, 0, 0, 0, 0xc1, 0xfe, 24,  0, 0, 0, // 0xfec10000, 24
        2, 10, 0, 9, 9, 0, 0,    0,    0xd, 0,       // IRQ 9 is GSI 9, level, high
        5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1,   0, 0, 0, // local APIC at 0x1fee00000
    };
    struct fake_table *t = fake_table("APIC", 0x7002000, 44 + sizeof entries);
    fake_put(t, 36, 0xfee00000, 4);
    memcpy(t->bytes + 44, entries, sizeof entries);
    return t;
}

static struct fake_table *good_mcfg(void)
{
    struct fake_table *t = fake_table("MCFG", 0x7003000, 44 + 32);
    fake_put(t, 44, 0x100000000, 8); // of segment 1, which is not ours
    fake_put(t, 52, 1, 2);
    fake_put(t, 60, 0xb0000000, 8);
    fake_put(t, 68, 0, 2);
    fake_put(t, 71, 0x7f, 1);
    return t;
}

static struct fake_table *dsdt_with(const void *aml, uint32_t len)
{
    struct fake_table *t = fake_table("DSDT", 0x7004000, 36 + 8 + len);
    memcpy(t->bytes + 36 + 8, aml, len);
    return t;
}

static const uint8_t s5_seven[] = {8, '_', 'S', '5', '_', 0x12, 8, 4, 0x0a, 7, 0x0a, 6, 0, 0};

static void test_good(void)
{
    struct fake_table *d = dsdt_with(s5_seven, sizeof s5_seven);
    struct fake_table *all[] = {good_fadt(d->pa), good_madt(), good_mcfg()};
    uint8_t s5[2];

    fake_table_done(d);
    for (int i = 0; i < 3; i++)
        fake_table_done(all[i]);
    fake_root(all, 3);
    acpi_init(FAKE_RSDP);

    const struct acpi_info *a = acpi();
    CHECK(a->present);
    CHECK(a->has_fadt);
    CHECK(!a->hw_reduced);
    CHECK(a->pm_timer_32);
    CHECK_EQ(a->pm1a.address, 0x604);
    CHECK_EQ(a->pm1a.space, ACPI_SPACE_IO);
    CHECK_EQ(a->pm1b.address, 0);
    CHECK_EQ(a->pm_timer.address, 0x608);
    CHECK_EQ(a->reset.address, 0xcf9);
    CHECK_EQ(a->reset_value, 0xf);
    CHECK_EQ(a->smi_command, 0xb2);
    CHECK_EQ(a->rtc_century, 0x32);
    CHECK_EQ(a->lapic, 0x1fee00000);
    CHECK_EQ(a->nioapics, 2);
    CHECK_EQ(a->ioapics[1].address, 0xfec10000);
    CHECK_EQ(a->ioapics[1].gsi_base, 24);
    CHECK_EQ(a->noverrides, 1);
    CHECK_EQ(a->overrides[0].irq, 9);
    CHECK_EQ(a->overrides[0].flags, 0xd);
    CHECK_EQ(a->ecam.address, 0xb0000000);
    CHECK_EQ(a->ecam.bus_last, 0x7f);
    CHECK(acpi_s5(s5));
    CHECK_EQ(s5[0], 7);
    CHECK_EQ(s5[1], 6);
}

static void test_hardware_reduced(void)
{
    struct fake_table *f = good_fadt(0);
    fake_put(f, 112, 1u << 20, 4);
    fake_put(f, 244, 0, 1); // sleep control: memory
    fake_put(f, 248, 0xfea00000, 8);
    fake_table_done(f);
    fake_root(&f, 1);
    acpi_init(FAKE_RSDP);
    CHECK(acpi()->hw_reduced);
    CHECK_EQ(acpi()->pm1a.address, 0);
    CHECK_EQ(acpi()->sleep_control.address, 0xfea00000);
    CHECK_EQ(acpi()->sleep_control.space, ACPI_SPACE_MEMORY);
    CHECK_EQ(acpi()->reset.address, 0); // no flag for it
}

// --- where the root is ---
static void root_at(uint64_t pa, bool found)
{
    struct fake_table *r = fake_rsdp(0x7000000, 0), *t = fake_table("RSDT", 0x7000000, 36);
    static uint8_t ebda[2] = {0x00, 0x9f}; // 0x9f00 << 4

    r->bytes[15] = 0; // ACPI 1.0: nothing after 20 bytes counts
    fake_checksum(r, 8, 20);
    fake_table_done(t);
    fake_ram(0x40e, ebda, 2);
    fake_ram(pa, r->bytes, 36);
    r->bytes[0] = pa == FAKE_RSDP ? 'R' : '!';
    uint8_t *copy = malloc(36);
    memcpy(copy, r->bytes, 36);
    copy[0] = 'R';
    fake_ram(pa, copy, 36);
    acpi_init(0);
    CHECK_EQ(acpi()->present, found);
}

static void test_root_in_bios(void)
{
    root_at(0xe0000, true);
}

static void test_root_in_bios_end(void)
{
    root_at(0xfffd0, true);
}

static void test_root_in_ebda(void)
{
    root_at(0x9f3d0, true);
}

static void test_root_beyond_ebda(void)
{
    root_at(0x9f400, false);
}

static void test_root_unaligned(void)
{
    root_at(0xe0008, false);
}

static void test_no_root(void)
{
    acpi_init(0);
    CHECK(!acpi()->present);
    acpi_init(0x1000);
    CHECK(!acpi()->present);
    CHECK(acpi_dsdt(&(uint32_t){0}) == NULL);
}

// A damaged XSDT: the RSDT is there for that.
static void test_rsdt_instead(void)
{
    struct fake_table *x = fake_table("XSDT", 0x7000000, 44), *m = good_madt();
    struct fake_table *r = fake_table("RSDT", 0x7010000, 40);
    fake_put(x, 36, 0x7002000, 8);
    fake_table_done(x);
    x->bytes[40] ^= 1;
    fake_put(r, 36, m->pa, 4);
    fake_table_done(r);
    fake_table_done(m);
    fake_rsdp(r->pa, x->pa);
    acpi_init(FAKE_RSDP);
    CHECK(acpi()->present);
    CHECK_EQ(acpi()->nioapics, 2);
}

// --- bad tables ---
static void test_bad_checksum(void)
{
    struct fake_table *all[] = {good_fadt(0), good_madt()};
    fake_table_done(all[0]);
    fake_table_done(all[1]);
    all[0]->bytes[64] ^= 1;
    fake_root(all, 2);
    acpi_init(FAKE_RSDP);
    CHECK(acpi()->present);
    CHECK(!acpi()->has_fadt);
    CHECK_EQ(acpi()->nioapics, 2);
}

// An entry of length 0 would be looked at for ever; one that reaches beyond the table is none.
static void test_madt_loop(void)
{
    struct fake_table *m = good_madt();
    m->bytes[44 + 8 + 12 + 1] = 0;
    fake_table_done(m);
    fake_root(&m, 1);
    acpi_init(FAKE_RSDP);
    CHECK_EQ(acpi()->nioapics, 1);
    CHECK_EQ(acpi()->lapic, 0xfee00000);
}

static void test_madt_beyond(void)
{
    struct fake_table *m = good_madt();
    m->bytes[m->len - 12 + 1] = 13;
    fake_table_done(m);
    fake_root(&m, 1);
    acpi_init(FAKE_RSDP);
    CHECK_EQ(acpi()->nioapics, 2);
    CHECK_EQ(acpi()->lapic, 0xfee00000);
}

static void test_madt_full(void)
{
    struct fake_table *m = fake_table("APIC", 0x7002000, 44 + 12 * 20);
    for (uint32_t i = 0; i < 20; i++) {
        fake_put(m, 44 + 12 * i, 0x0c01, 2);
        fake_put(m, 44 + 12 * i + 4, 0xfec00000 + i, 4);
    }
    fake_table_done(m);
    fake_root(&m, 1);
    acpi_init(FAKE_RSDP);
    CHECK_EQ(acpi()->nioapics, ACPI_MAX_IOAPICS);
}

// Every length from nothing to all, with a right checksum: fields beyond the end are 0, and no byte
// beyond the end is read (the sanitizer would see it).
static void test_truncated(void)
{
    struct fake_table *f = good_fadt(0x7004000), *d = dsdt_with(s5_seven, sizeof s5_seven);
    struct fake_table *all[] = {f, good_madt(), good_mcfg(), d};

    for (int i = 0; i < 4; i++)
        fake_table_done(all[i]);
    fake_root(all, 3);
    for (int i = 0; i < 4; i++) {
        uint32_t whole = all[i]->len;
        for (uint32_t len = 0; len <= whole; len++) {
            uint8_t s5[2];
            fake_put(all[i], 4, len, 4);
            fake_checksum(all[i], 9, len > 9 ? len : 10);
            acpi_init(FAKE_RSDP);
            CHECK(acpi()->present);
            CHECK_EQ(acpi_s5(s5), i != 3 ? i != 0 || len >= 44 : len >= whole - 4);
            if (i == 0)
                CHECK_EQ(acpi()->pm1a.address, len >= 68 ? 0x604 : 0);
        }
    }
}

static void test_huge_length(void)
{
    struct fake_table *f = good_fadt(0);
    fake_table_done(f);
    fake_put(f, 4, 0xffffffff, 4);
    fake_root(&f, 1);
    acpi_init(FAKE_RSDP);
    CHECK(!acpi()->has_fadt);
}

// Each byte of each table replaced, its checksum mended: nothing is demanded of the result but that
// it comes, within bounds.
static void test_garbage(void)
{
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    struct fake_table *f = good_fadt(0x7004000), *d = dsdt_with(s5_seven, sizeof s5_seven);
    struct fake_table *all[] = {f, good_madt(), good_mcfg(), d};

    for (int i = 0; i < 4; i++)
        fake_table_done(all[i]);
    fake_root(all, 3);
    for (int i = 0; i < 4; i++)
        for (uint32_t at = 36; at < all[i]->len; at++) {
            uint8_t old = all[i]->bytes[at], s5[2];
            for (unsigned v = 0; v < sizeof values; v++) {
                all[i]->bytes[at] = values[v];
                fake_checksum(all[i], 9, all[i]->len);
                acpi_init(FAKE_RSDP);
                if (acpi_s5(s5))
                    CHECK(s5[0] < 8 && s5[1] < 8);
                CHECK(acpi()->nioapics <= ACPI_MAX_IOAPICS);
            }
            all[i]->bytes[at] = old;
        }
}

int main(void)
{
    RUN_MACHINE(test_good);
    RUN_MACHINE(test_hardware_reduced);
    RUN_MACHINE(test_root_in_bios);
    RUN_MACHINE(test_root_in_bios_end);
    RUN_MACHINE(test_root_in_ebda);
    RUN_MACHINE(test_root_beyond_ebda);
    RUN_MACHINE(test_root_unaligned);
    RUN_MACHINE(test_no_root);
    RUN_MACHINE(test_rsdt_instead);
    RUN_MACHINE(test_bad_checksum);
    RUN_MACHINE(test_madt_loop);
    RUN_MACHINE(test_madt_beyond);
    RUN_MACHINE(test_madt_full);
    RUN_MACHINE(test_truncated);
    RUN_MACHINE(test_huge_length);
    RUN_MACHINE(test_garbage);
    return check_done("acpi");
}
