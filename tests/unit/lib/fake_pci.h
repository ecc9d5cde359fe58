// SPDX-License-Identifier: BSD-2-Clause
// A PCI for tests: functions with a configuration space each, reached by ports or in memory, and
// virtio devices as QEMU makes them. Needs fake_machine.h's machine; one user per program.
#ifndef RAMET_TESTS_FAKE_PCI_H
#define RAMET_TESTS_FAKE_PCI_H

#include "arch/x86_64/shim/device/acpi.h"
#include "tests/unit/lib/fake_acpi.h"

#define ECAM UINT64_C(0xb0000000)

// --- configuration space: a few functions, each 256 bytes and the sizes of its BARs ---
struct function {
    int bus, device, function;
    uint8_t config[256];
    uint64_t bar_size[6]; // in the register of the low half
};

static struct function functions[16];
static unsigned nfunctions;
static uint32_t cf8;
static bool ports;

static inline struct function *add(int bus, int device, int function, uint16_t vendor, uint16_t id)
{
    struct function *f = &functions[nfunctions++];
    *f = (struct function){bus, device, function, {0}, {0}};
    memcpy(f->config, &vendor, 2);
    memcpy(f->config + 2, &id, 2);
    return f;
}

static inline struct function *lookup(unsigned bus, unsigned device, unsigned function)
{
    for (unsigned i = 0; i < nfunctions; i++)
        if (functions[i].bus == (int)bus && functions[i].device == (int)device &&
            functions[i].function == (int)function)
            return &functions[i];
    return NULL;
}

static inline uint32_t config_read(struct function *f, unsigned offset, int width)
{
    uint32_t v = UINT32_MAX;
    CHECK(offset + (unsigned)width <= 256);
    if (f)
        memcpy(&v, f->config + offset, (size_t)width);
    return v;
}

// Of a BAR only the address bits above the size can be written.
static inline void config_write(struct function *f, unsigned offset, uint32_t value, int width)
{
    if (!f)
        return;
    if (offset >= 0x10 && offset < 0x28) {
        unsigned n = (offset - 0x10) / 4;
        bool high = n && f->bar_size[n - 1] && (f->config[0x10 + 4 * (n - 1)] & 4);
        uint64_t size = f->bar_size[high ? n - 1 : n], mask = size ? ~(size - 1) : 0;
        CHECK(!(f->config[4] & 2)); // not while it decodes
        value = high ? value & (uint32_t)(mask >> 32)
                     : (value & (uint32_t)mask & ~15u) | (f->config[offset] & 15);
    }
    memcpy(f->config + offset, &value, (size_t)width);
}

static inline uint32_t port_in(uint16_t port, int width)
{
    if (!ports)
        return UINT32_MAX;
    if (port == 0xcf8 && width == 4)
        return cf8;
    if (port >= 0xcfc && port < 0xd00 && (cf8 >> 31))
        return config_read(lookup(cf8 >> 16 & 255, cf8 >> 11 & 31, cf8 >> 8 & 7),
                           (cf8 & 0xfc) + port - 0xcfc, width);
    return UINT32_MAX;
}

static inline void port_out(uint16_t port, uint32_t value, int width)
{
    if (port == 0xcf8 && width == 4)
        cf8 = value;
    else if (port >= 0xcfc && port < 0xd00 && ports)
        config_write(lookup(cf8 >> 16 & 255, cf8 >> 11 & 31, cf8 >> 8 & 7),
                     (cf8 & 0xfc) + port - 0xcfc, value, width);
}

// --- device registers: what was written last, by address ---
static struct {
    uint64_t pa;
    uint32_t value;
    int width;
} writes[64];
static unsigned nwrites;

static inline struct function *ecam_function(uint64_t pa)
{
    uint64_t at = pa - ECAM;
    return lookup((unsigned)(at >> 20), at >> 15 & 31, at >> 12 & 7);
}

static inline bool in_ecam(uint64_t pa)
{
    return pa >= ECAM && pa < ECAM + (UINT64_C(1) << 28);
}

static inline uint32_t mmio_in(uint64_t pa, int width)
{
    return in_ecam(pa) ? config_read(ecam_function(pa), pa & 0xfff, width) : UINT32_MAX;
}

static inline void mmio_out(uint64_t pa, uint32_t value, int width)
{
    if (in_ecam(pa)) {
        config_write(ecam_function(pa), pa & 0xfff, value, width);
    } else if (CHECK(nwrites < 64)) {
        writes[nwrites].pa = pa;
        writes[nwrites].value = value;
        writes[nwrites++].width = width;
    }
}

static inline uint32_t written(uint64_t pa)
{
    for (unsigned i = nwrites; i-- > 0;)
        if (writes[i].pa == pa)
            return writes[i].value;
    return 0xdeadbeef;
}

// --- a modern virtio device as QEMU makes it: table in BAR 1, registers in the 64-bit BAR 4 ---
static inline void put(struct function *f, unsigned offset, uint32_t value, int width)
{
    memcpy(f->config + offset, &value, (size_t)width);
}

static inline void vendor_cap(struct function *f, uint8_t at, uint8_t next, uint8_t type,
                              uint32_t offset, uint32_t len)
{
    put(f, at, 9, 1);
    put(f, at + 1, next, 1);
    put(f, at + 2, type == 2 ? 20 : 16, 1);
    put(f, at + 3, type, 1);
    put(f, at + 4, 4, 1);
    put(f, at + 8, offset, 4);
    put(f, at + 12, len, 4);
    if (type == 2)
        put(f, at + 16, 4, 4);
}

#define BAR4 UINT64_C(0x380000000000)
#define BAR1 0xfebd1000u

static inline struct function *add_virtio(int bus, int device, int fn, uint64_t bar4, uint32_t bar1)
{
    struct function *f = add(bus, device, fn, 0x1af4, 0x1042);
    put(f, 6, 0x10, 2);
    put(f, 0x14, bar1, 4);
    put(f, 0x20, (uint32_t)bar4 | 0xc, 4);
    put(f, 0x24, (uint32_t)(bar4 >> 32), 4);
    f->bar_size[1] = 0x1000;
    f->bar_size[4] = 0x4000;
    put(f, 0x34, 0x98, 1);
    put(f, 0x98, 0x11, 1); // MSI-X
    put(f, 0x99, 0x84, 1);
    put(f, 0x9a, 2, 2);
    put(f, 0x9c, 0x801, 4); // at 0x800 of BAR 1
    vendor_cap(f, 0x84, 0x70, 5, 0, 0);
    vendor_cap(f, 0x70, 0x60, 2, 0x3000, 0x1000);
    vendor_cap(f, 0x60, 0x50, 4, 0x2000, 0x1000);
    vendor_cap(f, 0x50, 0x40, 3, 0x1000, 0x1000);
    vendor_cap(f, 0x40, 0x00, 1, 0, 0x1000);
    return f;
}

static inline void start(bool with_ports)
{
    ports = with_ports;
    machine.in = port_in;
    machine.out = port_out;
    machine.mmio_read = mmio_in;
    machine.mmio_write = mmio_out;
    acpi_init(0);
}

// acpi_init() with the configuration space in memory.
static inline void start_ecam(void)
{
    struct fake_table *m = fake_table("MCFG", 0x7003000, 60);
    start(false);
    fake_put(m, 44, ECAM, 8);
    fake_put(m, 55, 255, 1);
    fake_table_done(m);
    fake_root(&m, 1);
    acpi_init(FAKE_RSDP);
}

#endif
