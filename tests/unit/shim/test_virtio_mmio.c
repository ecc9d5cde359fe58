// SPDX-License-Identifier: BSD-2-Clause
// test_virtio_mmio.c: devices told by the command line, by the DSDT, and looked for; places that
// are none, words that mean nothing, and devices of before virtio 1.0 are left. Links
// arch/x86_64/shim/device/virtio_mmio.c, device.c, pci_config.c, acpi.c, acpi_dsdt.c.
#include "abi/pv.h"
#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/device/virtio_mmio.h"
#include "tests/unit/lib/fake_acpi.h"

static struct place {
    uint64_t pa;
    uint32_t magic, version, type;
    unsigned resets;
} places[16];
static unsigned nplaces;

static struct place *place_at(uint64_t pa)
{
    for (unsigned i = 0; i < nplaces; i++)
        if (pa >= places[i].pa && pa < places[i].pa + 0x200)
            return &places[i];
    return NULL;
}

static uint32_t in(uint64_t pa, int width)
{
    const struct place *p = place_at(pa);
    CHECK_EQ(width, 4);
    if (!p)
        return UINT32_MAX;
    uint64_t reg = pa - p->pa;
    return reg == 0 ? p->magic : reg == 4 ? p->version : reg == 8 ? p->type : 0;
}

static void out(uint64_t pa, uint32_t value, int width)
{
    struct place *p = place_at(pa);
    CHECK_EQ(width, 4);
    if (CHECK(p && pa - p->pa == 0x70 && value == 0))
        p->resets++;
}

static void add(uint64_t pa, uint32_t version, uint32_t type)
{
    places[nplaces++] = (struct place){pa, 0x74726976, version, type, 0};
}

static struct pv_device found[PV_MAX_DEVICES];

static unsigned find(const char *cmdline)
{
    machine.mmio_read = in;
    machine.mmio_write = out;
    machine.nroutes = 0;
    machine.lines = 0;
    machine.printed[0] = 0;
    return virtio_mmio_find(found, PV_MAX_DEVICES, cmdline);
}

static void test_command_line(void)
{
    add(0xfeb00e00, 2, 2);
    add(0xd0000000, 2, 4);
    acpi_init(0);
    CHECK_EQ(find("a virtio_mmio.device=512@0xfeb00e00:12 "
                  "virtio_mmio.device=4K@0xd0000000:5:1 b"),
             2);
    CHECK_EQ(found[0].type, 2);
    CHECK_EQ(found[0].transport, PV_TRANSPORT_MMIO);
    CHECK_EQ(fake_device_pa(found[0].regs[0]), 0xfeb00e00);
    CHECK_EQ(fake_device_pa(found[1].regs[0]), 0xd0000000);
    CHECK_EQ(machine.nroutes, 2);
    CHECK_EQ(machine.routes[0].gsi, 12);
    CHECK_EQ(machine.routes[0].level, 0);
    CHECK_EQ(machine.routes[1].gsi, 5);
    CHECK_EQ(places[0].resets, 1);
    CHECK_EQ(machine.lines, 0);
}

static void test_number_forms(void)
{
    static const char *const good[] = {
        "virtio_mmio.device=512@3489660928:5",       "virtio_mmio.device=0x200@0xD0000000:0x5",
        "virtio_mmio.device=1k@032000000000:5",      "virtio_mmio.device=01000@0xd0000000:05",
        "virtio_mmio.device=0x200@0xd0000000:5:0 x",
    };
    add(0xd0000000, 2, 4);
    acpi_init(0);
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        if (CHECK_EQ(find(good[i]), 1))
            CHECK_EQ(machine.routes[0].gsi, 5);
}

static void test_bad_words(void)
{
    static const char *const bad[] = {
        "virtio_mmio.device=",
        "virtio_mmio.device=512",
        "virtio_mmio.device=512@",
        "virtio_mmio.device=512@0xd0000000",
        "virtio_mmio.device=512@0xd0000000:",
        "virtio_mmio.device=512@0xd0000000:5:",
        "virtio_mmio.device=512@0xd0000000:5x",
        "virtio_mmio.device=512@0xd0000000:5:1:1",
        "virtio_mmio.device=512@0x:5",
        "virtio_mmio.device=512@0x1d0000000:5",
        "virtio_mmio.device=99999999999999999999@0xd0000000:5",
        "virtio_mmio.device=4096M@0xd0000000:5",
        "virtio_mmio.device=512@d0000000:5",
        "virtio_mmio.device=-512@0xd0000000:5",
        "virtio_mmio.device=08@0xd0000000:5",
    };
    add(0xd0000000, 2, 4);
    acpi_init(0);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ(find(bad[i]), 0);
        if (!CHECK_EQ(machine.lines, 1))
            fprintf(stderr, "    %s\n", bad[i]);
    }
    CHECK_EQ(find("xvirtio_mmio.device=512@0xd0000000:5"), 0);
    CHECK_EQ(machine.lines, 0);
}

// Places that could not be mapped as they should, or that are not there.
static void test_bad_places(void)
{
    add(0xd0000000, 2, 4);
    add(0xd0001002, 2, 4);
    add(0xd0002f80, 2, 4);
    acpi_init(0);
    CHECK_EQ(find("virtio_mmio.device=0xff@0xd0000000:5 virtio_mmio.device=512@0xd0001002:5 "
                  "virtio_mmio.device=512@0xd0002f80:5 virtio_mmio.device=512@0xd0004000:5 "
                  "virtio_mmio.device=0@0xd0000000:5"),
             0);
    CHECK_EQ(machine.nroutes, 0);
}

static void test_not_modern(void)
{
    add(0xd0000000, 1, 4);
    add(0xd0000200, 3, 4);
    add(0xd0000400, 2, 0); // a place for a device, without one
    acpi_init(0);
    CHECK_EQ(find("virtio_mmio.device=512@0xd0000000:5 virtio_mmio.device=512@0xd0000200:5 "
                  "virtio_mmio.device=512@0xd0000400:5"),
             0);
    CHECK_EQ(machine.lines, 2);
    CHECK(strstr(machine.printed, "force-legacy=false"));
    CHECK_EQ(machine.nroutes, 0);
}

static void test_neighbours(void)
{
    for (unsigned i = 0; i < 9; i++)
        add(0xfeb00000 + i * 0x200, 2, i + 1);
    acpi_init(0);
    CHECK_EQ(find(""), 8); // the ninth place is not one of a microvm's eight
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQ(found[i].type, i + 1);
        CHECK_EQ(found[i].regs[0], PV_DEVICES_VA + i * 0x200);
        CHECK_EQ(machine.routes[i].gsi, 5 + i);
    }
}

static void test_no_room(void)
{
    add(0xd0000000, 2, 4);
    machine.mmio_read = in;
    acpi_init(0);
    CHECK_EQ(virtio_mmio_find(found, 0, "virtio_mmio.device=512@0xd0000000:5"), 0);
    CHECK_EQ(machine.lines, 1);
}

// --- by ACPI ---
static void start_acpi(uint32_t flags)
{
    static const uint8_t aml[] = "LNRO0005\0\x86\x09\x00\x01\x00\x02\xb0\xfe\x00\x02\x00\x00"
                                 "\x89\x06\x00\x09\x01\x19\x00\x00\x00\x79\x00";
    struct fake_table *d = fake_table("DSDT", 0x7004000, 36 + sizeof aml);
    struct fake_table *f = fake_table("FACP", 0x7001000, 268);
    memcpy(d->bytes + 36, aml, sizeof aml);
    fake_put(f, 40, d->pa, 4);
    fake_put(f, 112, flags, 4);
    fake_table_done(d);
    fake_table_done(f);
    fake_root(&f, 1);
    acpi_init(FAKE_RSDP);
    add(0xfeb00000, 2, 2);
    add(0xfeb00200, 2, 4);
}

static void test_dsdt(void)
{
    start_acpi(1u << 20);
    CHECK_EQ(find("ro"), 1);
    CHECK_EQ(found[0].type, 4);
    CHECK_EQ(machine.routes[0].gsi, 25);
}

static void test_pc(void)
{
    start_acpi(0);
    CHECK_EQ(find(""), 0);
    CHECK_EQ(machine.accesses, 0);
}

static uint32_t host_bridge(uint16_t port, int width)
{
    return port == 0xcf8 && width == 4 ? 0x80000000 : UINT32_MAX;
}

// With a PCI, but no ACPI: an old PC, where nobody knows what is at 0xfeb00000.
static void test_old_pc(void)
{
    acpi_init(0);
    machine.in = host_bridge;
    add(0xfeb00000, 2, 2);
    CHECK_EQ(find(""), 0);
}

int main(void)
{
    RUN_MACHINE(test_command_line);
    RUN_MACHINE(test_number_forms);
    RUN_MACHINE(test_bad_words);
    RUN_MACHINE(test_bad_places);
    RUN_MACHINE(test_not_modern);
    RUN_MACHINE(test_neighbours);
    RUN_MACHINE(test_no_room);
    RUN_MACHINE(test_dsdt);
    RUN_MACHINE(test_pc);
    RUN_MACHINE(test_old_pc);
    return check_done("virtio_mmio");
}
