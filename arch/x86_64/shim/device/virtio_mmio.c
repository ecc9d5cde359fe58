// SPDX-License-Identifier: BSD-2-Clause
// Virtio over MMIO (virtio 1.2, 4.2): QEMU's microvm and Firecracker. Nothing on this "bus" can be
// enumerated, so somebody has to say where to look; what is there says then whether it is a device.
// Like those on PCI (pci.c) devices are left in reset.

#include "arch/x86_64/shim/device/virtio_mmio.h"

#include <stdbool.h>
#include <stddef.h>

#include "abi/x86.h"
#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/time/apic.h"
#include "arch/x86_64/shim/device/device.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/device/pci_config.h"
#include "arch/x86_64/shim/mem/space.h"

// Registers (4.2.2)
#define MMIO_MAGIC     0x000
#define MMIO_VERSION   0x004
#define MMIO_DEVICE_ID 0x008
#define MMIO_STATUS    0x070
#define MAGIC_VALUE    0x74726976u // "virt"
#define VERSION_LEGACY 1u
#define VERSION_MODERN 2u
#define MIN_SIZE       0x100u // where the device's own configuration begins
#define MAX_SIZE       0x1000u

// QEMU's microvm without ACPI: hw/i386/microvm.c
#define MICROVM_FIRST 0xfeb00000u
#define MICROVM_STEP  0x200u
#define MICROVM_COUNT 8u
#define MICROVM_GSI   5u

#define MAX_DSDT 24u // of a microvm with ACPI

struct search {
    struct pv_device *out;
    unsigned n, max;
};

// Ring 0's view of a place that may be none. Neighbours share a page.
static volatile uint8_t *look_at(uint64_t pa)
{
    static uint64_t page;
    static volatile uint8_t *at;

    if (!at || page != pa / X86_PAGE) {
        page = pa / X86_PAGE;
        at = device_map(page * X86_PAGE, X86_PAGE);
    }
    return at + pa % X86_PAGE;
}

// Level-triggered interrupts are taken as edges: the line falls when the driver has acknowledged,
// which is after the shim's end of interrupt, and until then a level would interrupt again and
// again.
static void add(struct search *s, const struct acpi_mmio_device *place)
{
    if (place->len < MIN_SIZE || place->address % 4 ||
        place->address % X86_PAGE + MIN_SIZE > X86_PAGE)
        return;
    // Read by ring 0's mapping; ring 3 gets one only of what turns out to be a device.
    volatile uint8_t *regs = look_at(place->address);
    if (mmio_read32(regs + MMIO_MAGIC) != MAGIC_VALUE)
        return;
    uint32_t version = mmio_read32(regs + MMIO_VERSION);
    uint32_t type = mmio_read32(regs + MMIO_DEVICE_ID);
    if (type == 0) // a place without a device (4.2.2.2)
        return;
    if (version != VERSION_MODERN) {
        shim_print("virtio device at %x is of version %u, not 1.x%s", place->address, version,
                   version == VERSION_LEGACY
                       ? " (QEMU wants -global virtio-mmio.force-legacy=false)"
                       : "");
        return;
    }
    uint64_t va =
        s->n < s->max ? device_registers(place->address, min_u64(place->len, MAX_SIZE)) : 0;
    if (!va) {
        shim_print("virtio device at %x: no room for more", place->address);
        return;
    }
    mmio_write32(regs + MMIO_STATUS, 0); // reset
    irq_route(place->gsi, 0, irq_device_vector());
    s->out[s->n++] = (struct pv_device){.type = type, .transport = PV_TRANSPORT_MMIO, .regs = {va}};
}

// --- the command line ---
static const char *skip_prefix(const char *s, const char *prefix)
{
    while (*prefix)
        if (*s++ != *prefix++)
            return NULL;
    return s;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

// A number as C writes it; the character after it. NULL: none, or not below 2^32.
static const char *number(const char *s, uint32_t *value)
{
    int base = 10;
    uint64_t v = 0;

    if (s[0] == '0' && (s[1] | 0x20) == 'x') {
        base = 16;
        s += 2;
    } else if (s[0] == '0') {
        base = 8;
    }
    const char *first = s;
    for (; digit(*s) < base; s++) {
        v = v * (unsigned)base + (unsigned)digit(*s);
        if (v > UINT32_MAX)
            return NULL;
    }
    *value = (uint32_t)v;
    return s == first ? NULL : s;
}

// SIZE@ADDRESS:IRQ[:ID] up to the end of the word.
static bool parse_place(const char *s, struct acpi_mmio_device *place)
{
    uint32_t id, shift = 0;

    s = number(s, &place->len);
    if (!s)
        return false;
    if ((*s | 0x20) == 'k' || (*s | 0x20) == 'm')
        shift = (*s++ | 0x20) == 'k' ? 10 : 20;
    if (place->len > UINT32_MAX >> shift)
        return false;
    place->len <<= shift;
    if (*s++ != '@' || !(s = number(s, &place->address)) || *s++ != ':')
        return false;
    s = number(s, &place->gsi);
    if (s && *s == ':')
        s = number(s + 1, &id);
    return s && (*s == '\0' || *s == ' ');
}

// True: there are such words.
static bool from_command_line(struct search *s, const char *cmdline)
{
    bool any = false;

    for (const char *word = cmdline; *word;) {
        struct acpi_mmio_device place;
        const char *value = skip_prefix(word, "virtio_mmio.device=");
        if (value) {
            any = true;
            if (parse_place(value, &place))
                add(s, &place);
            else
                shim_print("a virtio_mmio.device= that is not SIZE@ADDRESS:IRQ[:ID]");
        }
        while (*word && *word != ' ')
            word++;
        while (*word == ' ')
            word++;
    }
    return any;
}

// --- elsewhere ---
static void from_dsdt(struct search *s)
{
    struct acpi_mmio_device places[MAX_DSDT];
    unsigned n = acpi_virtio_mmio(places, MAX_DSDT);

    for (unsigned i = 0; i < n; i++)
        add(s, &places[i]);
}

static void from_microvm(struct search *s)
{
    for (uint32_t i = 0; i < MICROVM_COUNT; i++) {
        struct acpi_mmio_device place = {MICROVM_FIRST + i * MICROVM_STEP, MICROVM_STEP,
                                         MICROVM_GSI + i};
        add(s, &place);
    }
}

unsigned virtio_mmio_find(struct pv_device *out, unsigned max, const char *cmdline)
{
    struct search s = {.out = out, .max = max};

    // Whoever names places knows them all: nothing else is tried then.
    if (from_command_line(&s, cmdline))
        return s.n;
    if (acpi()->hw_reduced) // a PC with PM registers has none of these
        from_dsdt(&s);
    else if (!acpi()->present && !pci_open())
        from_microvm(&s);
    return s.n;
}
