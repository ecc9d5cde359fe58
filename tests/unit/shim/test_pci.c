// SPDX-License-Identifier: BSD-2-Clause
// test_pci.c: virtio devices are found on PCI through both ways to configuration space, behind
// bridges and in all functions; capability lists that are rings, cut off or point nowhere lead to a
// line and nothing else. Links arch/x86_64/shim/device/pci.c, pci_config.c, pci_bar.c, device.c,
// acpi*.c.
#include "abi/pv.h"
#include "arch/x86_64/shim/device/pci.h"
#include "tests/unit/lib/fake_pci.h"

static struct pv_device found[PV_MAX_DEVICES];

static unsigned find(void)
{
    return pci_find_virtio(found, PV_MAX_DEVICES);
}

// --- tests ---
static void check_block_device(const struct function *f)
{
    CHECK_EQ(found[0].type, 2);
    CHECK_EQ(found[0].transport, PV_TRANSPORT_PCI);
    CHECK_EQ(fake_device_pa(found[0].regs[PV_REGS_COMMON]), BAR4);
    CHECK_EQ(fake_device_pa(found[0].regs[PV_REGS_ISR]), BAR4 + 0x1000);
    CHECK_EQ(fake_device_pa(found[0].regs[PV_REGS_CONFIG]), BAR4 + 0x2000);
    CHECK_EQ(f->config[4], 6);           // memory, master
    CHECK_EQ(f->config[5], 4);           // no INTx
    CHECK_EQ(f->config[0x9a + 1], 0x80); // MSI-X on, not masked
    CHECK_EQ(written(BAR1 + 0x800), 0xfee00000 | FAKE_APIC_ID << 12);
    CHECK_EQ(written(BAR1 + 0x804), 0);
    CHECK_EQ(written(BAR1 + 0x808), FAKE_VECTOR);
    CHECK_EQ(written(BAR1 + 0x80c), 0);
    CHECK_EQ(written(BAR4 + 20), 0); // reset
    CHECK_EQ(machine.lines, 0);
}

static void test_ports(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    start(true);
    CHECK_EQ(find(), 1);
    check_block_device(f);
}

static void test_ecam(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    start_ecam();
    CHECK_EQ(find(), 1);
    check_block_device(f);
}

static void test_no_pci(void)
{
    add_virtio(0, 4, 0, BAR4, BAR1);
    start(false);
    CHECK_EQ(find(), 0);
    CHECK_EQ(machine.lines, 0);
    CHECK(machine.accesses < 10);
}

static void test_transitional(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    put(f, 2, 0x1005, 2);
    put(f, 0x2e, 4, 2);
    start(true);
    CHECK_EQ(find(), 1);
    CHECK_EQ(found[0].type, 4);
}

static void test_other_devices(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    put(f, 2, 0x1110, 2); // QEMU's ivshmem has the vendor too
    put(add_virtio(0, 5, 0, BAR4, BAR1), 0, 0x8086, 2);
    start(true);
    CHECK_EQ(find(), 0);
    CHECK_EQ(machine.lines, 0);
}

static void test_bridges(void)
{
    struct function *b = add(0, 1, 0, 0x1b36, 0xc), *c = add(3, 0, 0, 0x1b36, 0xe);
    put(b, 0xe, 1, 1);
    put(b, 0x19, 3, 1);
    put(c, 0xe, 1, 1);
    put(c, 0x19, 7, 1);
    add_virtio(7, 31, 0, BAR4, BAR1);
    start(true);
    CHECK_EQ(find(), 1);
}

// Bridges to themselves, to each other, to nothing: the walk ends, and no device is found twice.
static void test_bridge_rings(void)
{
    static const uint8_t behind[] = {0, 1, 0, 255, 1};
    for (int i = 0; i < 5; i++) {
        struct function *b = add(i == 4 ? 1 : 0, i, 0, 0x1b36, 0xc);
        put(b, 0xe, 1, 1);
        put(b, 0x19, behind[i], 1);
    }
    add_virtio(1, 9, 0, BAR4, BAR1);
    start(true);
    CHECK_EQ(find(), 1);
    CHECK(machine.accesses < 4000);
}

static void test_multifunction(void)
{
    struct function *f = add(0, 6, 0, 0x8086, 1);
    put(f, 0xe, 0x80, 1);
    add_virtio(0, 6, 7, BAR4, BAR1);
    add(0, 8, 0, 0x8086, 1);
    add_virtio(0, 8, 1, BAR4 + 0x4000, BAR1); // not multifunction: nobody looks
    start(true);
    CHECK_EQ(find(), 1);
}

static void refused(const char *why)
{
    start_ecam();
    CHECK_EQ(find(), 0);
    CHECK_EQ(machine.lines, 1);
    if (!CHECK(strstr(machine.printed, why)))
        fprintf(stderr, "    got \"%s\"\n", machine.printed);
}

static void test_legacy(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    put(f, 0x99, 0, 1);
    refused("virtio 1.x");
    CHECK(!(f->config[4] & 4)); // not a bus master
}

static void test_no_msix(void)
{
    put(add_virtio(0, 4, 0, BAR4, BAR1), 0x34, 0x84, 1);
    refused("MSI-X");
}

static void test_no_list(void)
{
    put(add_virtio(0, 4, 0, BAR4, BAR1), 6, 0, 2);
    refused("MSI-X");
}

static void test_ring_of_caps(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    put(f, 0x51, 0x84, 1); // ISR back to the first: common is never reached
    refused("virtio 1.x");
    CHECK(machine.accesses < 2000);
}

// A capability at the end of the space would be read beyond it.
static void test_cap_at_end(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    put(f, 0x41, 0xf4, 1);
    vendor_cap(f, 0x40, 0xf4, 9, 0, 0x1000);
    put(f, 0xf4, 9, 1);
    put(f, 0xf6, 16, 1);
    put(f, 0xf7, 1, 1);
    refused("virtio 1.x");
}

static void test_too_short(void)
{
    put(add_virtio(0, 4, 0, BAR4, BAR1), 0x40 + 12, 55, 4);
    refused("virtio 1.x");
}

// Beyond the BAR, as far as its address tells.
static void test_beyond_bar(void)
{
    put(add_virtio(0, 4, 0, 0xfebd4000, BAR1), 0x40 + 8, 0x4000, 4);
    refused("virtio 1.x");
}

static void test_far_beyond_bar(void)
{
    put(add_virtio(0, 4, 0, 0xfebd4000, BAR1), 0x40 + 8, 0x8000, 4);
    refused("virtio 1.x");
}

static void test_bad_bars(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    for (uint8_t cap = 0x40; cap <= 0x70; cap += 0x10)
        put(f, cap + 4u, cap == 0x40 ? 6 : cap == 0x50 ? 255 : 0, 1);
    put(f, 0x10, 0xc001, 4); // BAR 0: ports
    refused("virtio 1.x");
}

static void test_huge_address(void)
{
    add_virtio(0, 4, 0, UINT64_C(1) << 63, BAR1);
    refused("virtio 1.x");
}

static void test_second_cap_counts(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    vendor_cap(f, 0xa8, 0x40, 1, 0, 8); // too short to be used; the one after it is not
    put(f, 0x51, 0xa8, 1);
    start(true);
    CHECK_EQ(find(), 1);
    CHECK_EQ(fake_device_pa(found[0].regs[0]), BAR4);
}

static void test_first_cap_counts(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    vendor_cap(f, 0xa8, 0x40, 1, 0x2000, 0x1000);
    put(f, 0x51, 0xa8, 1);
    start(true);
    CHECK_EQ(find(), 1);
    CHECK_EQ(fake_device_pa(found[0].regs[0]), BAR4 + 0x2000);
}

// Several blocks of registers in one page: it is mapped once.
static void test_shared_page(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    vendor_cap(f, 0x70, 0x60, 2, 0x300, 0x100);
    vendor_cap(f, 0x60, 0x50, 4, 0x200, 0x100);
    vendor_cap(f, 0x50, 0x40, 3, 0x100, 0x10);
    vendor_cap(f, 0x40, 0x00, 1, 0, 0x40);
    start(true);
    CHECK_EQ(find(), 1);
    CHECK_EQ(found[0].regs[PV_REGS_CONFIG] - found[0].regs[PV_REGS_COMMON], 0x200);
    CHECK_EQ(fake_device_pa(PV_DEVICES_VA + 0x1000), 0);
}

static void test_too_many(void)
{
    for (int i = 0; i < PV_MAX_DEVICES + 1; i++)
        add_virtio(0, i, 0, BAR4 + (uint64_t)i * 0x4000, BAR1);
    start(true);
    CHECK_EQ(find(), PV_MAX_DEVICES);
    CHECK_EQ(machine.lines, 1);
    CHECK_EQ(fake_device_pa(found[7].regs[PV_REGS_ISR]), BAR4 + 7 * 0x4000 + 0x1000);
}

// Notification registers a page per queue: what is mapped is bounded.
static void test_wide_notify(void)
{
    for (int i = 0; i < PV_MAX_DEVICES; i++) {
        struct function *f = add_virtio(0, i, 0, BAR4 + (uint64_t)i * 0x1000000, BAR1);
        vendor_cap(f, 0x70, 0x60, 2, 0x400000, 0x400000);
    }
    start(true);
    CHECK_EQ(find(), PV_MAX_DEVICES);
    CHECK_EQ(machine.lines, 0);
}

// Devices of one queue only have no configuration of their own (an entropy device).
static void test_no_config(void)
{
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    put(f, 0x61, 0x40, 1); // leaves out 0x50
    vendor_cap(f, 0x60, 0x40, 3, 0x1000, 0x1000);
    start(true);
    CHECK_EQ(find(), 1);
    CHECK_EQ(found[0].regs[PV_REGS_CONFIG], 0);
}

// --- addresses that the firmware did not give ---
static void start_with_window(void)
{
    static const uint8_t aml[] = "\x87\x17\x00\x00\x0c\x03\x00\x00\x00\x00\x00\x00\x00\xc0\xff\xff"
                                 "\xff\xdf\x00\x00\x00\x00\x00\x00\x00\x20";
    struct fake_table *d = fake_table("DSDT", 0x7004000, 36 + sizeof aml - 1);
    struct fake_table *f = fake_table("FACP", 0x7001000, 268);
    start(true);
    memcpy(d->bytes + 36, aml, sizeof aml - 1);
    fake_put(f, 40, d->pa, 4);
    fake_table_done(d);
    fake_table_done(f);
    fake_root(&f, 1);
    acpi_init(FAKE_RSDP);
}

static void test_assigned(void)
{
    struct function *f = add_virtio(0, 1, 0, 0, 0), *g = add_virtio(0, 2, 0, 0, 0);
    start_with_window();
    CHECK_EQ(find(), 2);
    CHECK_EQ(config_read(f, 0x14, 4), 0xc0000000);
    CHECK_EQ(config_read(f, 0x20, 4), 0xc0004000 | 0xc);
    CHECK_EQ(config_read(g, 0x14, 4), 0xc0008000);
    CHECK_EQ(config_read(g, 0x20, 4), 0xc000c000 | 0xc);
    CHECK_EQ(config_read(g, 0x24, 4), 0);
    CHECK_EQ(g->config[4] & 6, 6);
}

// Some have addresses: this one's has been left out for a reason, and what is free is unknown.
static void test_not_assigned(void)
{
    add_virtio(0, 1, 0, 0, 0);
    add_virtio(0, 2, 0, BAR4, BAR1);
    start_with_window();
    CHECK_EQ(find(), 1);
    CHECK_EQ(machine.lines, 1);
    CHECK_EQ(fake_device_pa(found[0].regs[0]), BAR4);
}

static void test_does_not_fit(void)
{
    struct function *f = add_virtio(0, 1, 0, 0, 0);
    f->bar_size[1] = 0x40000000;
    start_with_window();
    CHECK_EQ(find(), 0);
    CHECK_EQ(config_read(f, 0x14, 4), 0);
}

// Each byte of a device's space replaced: whatever comes of it, it comes.
static void test_garbage(void)
{
    static const uint8_t values[] = {0, 1, 4, 9, 0x11, 0x40, 0x7f, 0x80, 0xfc, 0xff};
    struct function *f = add_virtio(0, 4, 0, BAR4, BAR1);
    struct function good = *f;

    start(true);
    for (unsigned at = 4; at < 256; at++)
        for (unsigned v = 0; v < sizeof values; v++) {
            *f = good;
            f->config[at] = values[v];
            nwrites = 0;
            machine.printed[0] = 0;
            CHECK(find() <= 1);
        }
}

int main(void)
{
    RUN_MACHINE(test_ports);
    RUN_MACHINE(test_ecam);
    RUN_MACHINE(test_no_pci);
    RUN_MACHINE(test_transitional);
    RUN_MACHINE(test_other_devices);
    RUN_MACHINE(test_bridges);
    RUN_MACHINE(test_bridge_rings);
    RUN_MACHINE(test_multifunction);
    RUN_MACHINE(test_legacy);
    RUN_MACHINE(test_no_msix);
    RUN_MACHINE(test_no_list);
    RUN_MACHINE(test_ring_of_caps);
    RUN_MACHINE(test_cap_at_end);
    RUN_MACHINE(test_too_short);
    RUN_MACHINE(test_beyond_bar);
    RUN_MACHINE(test_far_beyond_bar);
    RUN_MACHINE(test_bad_bars);
    RUN_MACHINE(test_huge_address);
    RUN_MACHINE(test_second_cap_counts);
    RUN_MACHINE(test_first_cap_counts);
    RUN_MACHINE(test_shared_page);
    RUN_MACHINE(test_too_many);
    RUN_MACHINE(test_wide_notify);
    RUN_MACHINE(test_no_config);
    RUN_MACHINE(test_assigned);
    RUN_MACHINE(test_not_assigned);
    RUN_MACHINE(test_does_not_fit);
    RUN_MACHINE(test_garbage);
    return check_done("pci");
}
