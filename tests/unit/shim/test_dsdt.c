// SPDX-License-Identifier: BSD-2-Clause
// test_dsdt.c: what the shim looks for in the DSDT's byte code is found in each form that firmware
// writes, and not in what only looks like it. Links arch/x86_64/shim/device/acpi.c, acpi_dsdt.c.
#include "arch/x86_64/shim/device/acpi.h"
#include "tests/unit/lib/fake_acpi.h"

static struct fake_table *with_dsdt(const void *aml, uint32_t len)
{
    struct fake_table *d = fake_table("DSDT", 0x7004000, 36 + 8 + len);
    struct fake_table *f = fake_table("FACP", 0x7001000, 268);
    memcpy(d->bytes + 36 + 8, aml, len);
    fake_put(f, 40, d->pa, 4);
    fake_table_done(d);
    fake_table_done(f);
    fake_root(&f, 1);
    acpi_init(FAKE_RSDP);
    return d;
}

static void test_s5_forms(void)
{
    static const struct {
        uint8_t aml[16];
        int found, a, b;
    } forms[] = {
        {{8, '_', 'S', '5', '_', 0x12, 6, 4, 0, 0, 0, 0}, 1, 0, 0},
        {{8, '\\', '_', 'S', '5', '_', 0x12, 6, 4, 1, 0, 0, 0}, 1, 1, 0},
        {{8, '_', 'S', '5', '_', 0x12, 0x47, 0, 4, 0x0a, 5, 0x0a, 5}, 1, 5, 5},
        {{8, '_', 'S', '5', '_', 0x12, 4, 1, 0x0b, 5, 0}, 1, 5, 5},
        {{8, '_', 'S', '5', '_', 0x12, 4, 2, 0x0a, 9, 0}, 0, 0, 0}, // wider than a sleep type
        {{8, '_', 'S', '5', '_', 0x12, 4, 0, 0x0a, 5, 0}, 0, 0, 0}, // an empty package
        {{8, '_', 'S', '5', '_', 0x11, 4, 2, 0x0a, 5, 0}, 0, 0, 0}, // a buffer
        {{8, '_', 'S', '5', '_', 0x12, 4, 2, 0xff, 5, 0}, 0, 0, 0}, // not a constant we know
        {{9, '_', 'S', '5', '_', 0x12, 4, 2, 0x0a, 5, 0}, 0, 0, 0}, // somebody's use of the name
    };
    struct fake_table *d = with_dsdt(forms[0].aml, 16);
    uint8_t s5[2];

    for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        memcpy(d->bytes + 44, forms[i].aml, 16);
        fake_checksum(d, 9, d->len);
        CHECK_EQ(acpi_s5(s5), forms[i].found);
        if (forms[i].found) {
            CHECK_EQ(s5[0], forms[i].a);
            CHECK_EQ(s5[1], forms[i].b);
        }
    }
}

static void test_virtio_mmio(void)
{
    static const uint8_t aml[] =
        "LNRO0005\0....\x86\x09\x00\x01\x00\x02\xb0\xfe\x00\x02\x00\x00"
        "\x89\x06\x00\x09\x01\x18\x00\x00\x00\x79\x00"
        "LNRO0005\0\x86\x09\x00\x01\x00\x00\xb0\xfe\x00\x02\x00"; // cut off
    struct acpi_mmio_device d[4];

    with_dsdt(aml, sizeof aml);
    CHECK_EQ(acpi_virtio_mmio(d, 4), 1);
    CHECK_EQ(d[0].address, 0xfeb00200);
    CHECK_EQ(d[0].len, 0x200);
    CHECK_EQ(d[0].gsi, 24);
    CHECK_EQ(acpi_virtio_mmio(d, 0), 0);
}

static void test_pci_resources(void)
{
    static const uint8_t aml[] = "\x14\x0b_CBA\x00\xa4\x0c\x00\x00\x00\xe0"
                                 "\x87\x17\x00\x00\x0c\x03\x00\x00\x00\x00\x00\x00\x0a\x00\xff\xff"
                                 "\x0b\x00\x00\x00\x00\x00\x00\x00\x02\x00" // VGA
                                 "\x87\x17\x00\x00\x0c\x03\x00\x00\x00\x00\x00\x00\x00\xc0\xff\xff"
                                 "\xff\xdf\x00\x00\x00\x00\x00\x00\x00\x20";
    uint64_t address = 0, start = 0, end = 0;

    with_dsdt(aml, sizeof aml - 1);
    CHECK(acpi_cba(&address));
    CHECK_EQ(address, 0xe0000000);
    CHECK(acpi_pci_window(&start, &end));
    CHECK_EQ(start, 0xc0000000);
    CHECK_EQ(end, 0xe0000000);
}

static void test_pci_resources_absent(void)
{
    uint64_t address = 0, start = 0, end = 0;

    with_dsdt("_CBA\0\xa4\x0c\0\0\1", 10); // cut off within the address
    CHECK(!acpi_cba(&address));
    CHECK(!acpi_pci_window(&start, &end));
}

int main(void)
{
    RUN_MACHINE(test_s5_forms);
    RUN_MACHINE(test_virtio_mmio);
    RUN_MACHINE(test_pci_resources);
    RUN_MACHINE(test_pci_resources_absent);
    return check_done("dsdt");
}
