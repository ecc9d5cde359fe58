// SPDX-License-Identifier: BSD-2-Clause
// What the shim needs of the DSDT (ACPI 6.4). There is no interpreter of AML here: a package or a
// resource template with constant contents is in the byte code as it is, and is found by its bytes.
// What a program computes is not found. acpi.c has checked the table as a whole.

#include "arch/x86_64/shim/device/acpi.h"

#include <stddef.h>

#include "arch/x86_64/shim/lib.h"

// --- _S5: how deep the sleep is that has no waking ---
// Name (_S5, Package () {a, b, ...}): 20.2.5.1 and 20.2.5.4. The name is the four characters
// "_S5_", after NameOp and perhaps a root character; then PackageOp, a length of 1 to 4 bytes, the
// number of elements, the elements.
#define AML_ZERO    0x00
#define AML_ONE     0x01
#define AML_NAME    0x08
#define AML_BYTE    0x0a
#define AML_WORD    0x0b
#define AML_DWORD   0x0c
#define AML_QWORD   0x0e
#define AML_PACKAGE 0x12
#define AML_ROOT    '\\'
#define AML_RETURN  0xa4

struct aml {
    const uint8_t *at;
    uint32_t len;
};

// Beyond the end everything is 0.
static uint64_t get(const struct aml *t, uint32_t offset, uint32_t size)
{
    uint64_t v = 0;
    if (offset <= t->len && size <= t->len - offset)
        memcpy(&v, t->at + offset, size);
    return v;
}

// An integer constant below 8 at *at; advances it. A sleep type is three bits wide.
static bool aml_sleep_type(const struct aml *t, uint32_t *at, uint8_t *type)
{
    uint8_t op = (uint8_t)get(t, *at, 1);
    uint32_t size = op == AML_BYTE ? 1 : op == AML_WORD ? 2 : op == AML_DWORD ? 4 : 0;

    if (*at >= t->len || size >= t->len - *at || (!size && op != AML_ZERO && op != AML_ONE))
        return false;
    uint64_t v = size ? get(t, *at + 1, size) : op;
    *at += 1 + size;
    *type = (uint8_t)v;
    return v < 8;
}

// The two sleep types, for PM1a and PM1b; firmware that gives one means both.
static bool s5_package(const struct aml *t, uint32_t at, uint8_t type[2])
{
    if (get(t, at, 1) != AML_PACKAGE)
        return false;
    at += 1;
    at += 1 + (uint32_t)(get(t, at, 1) >> 6); // how many more bytes the length takes
    if (get(t, at, 1) < 1)
        return false;
    uint64_t elements = get(t, at++, 1);
    if (!aml_sleep_type(t, &at, &type[0]))
        return false;
    if (elements < 2 || !aml_sleep_type(t, &at, &type[1]))
        type[1] = type[0];
    return true;
}

// The same characters in a string are not behind NameOp.
bool acpi_s5(uint8_t type[2])
{
    struct aml t = {0};

    t.at = acpi_dsdt(&t.len);
    for (uint32_t i = 2; t.at && i + 4 <= t.len; i++) {
        if (t.at[i] != '_' || memcmp(t.at + i, "_S5_", 4) != 0)
            continue;
        if (t.at[i - 1] == AML_NAME || (t.at[i - 1] == AML_ROOT && t.at[i - 2] == AML_NAME))
            return s5_package(&t, i + 4, type);
    }
    return false;
}

// --- _CBA: where a PCI host bridge has its configuration space (PCI Firmware 3.3, 4.1.3) ---
// Method (_CBA) {Return (constant)}: the name, a byte of flags, the statement.
// A bus takes a megabyte, so an address that is not a multiple of one is something else.
bool acpi_cba(uint64_t *address)
{
    struct aml t = {0};

    t.at = acpi_dsdt(&t.len);
    for (uint32_t i = 0; t.at && i + 4 <= t.len; i++) {
        if (t.at[i] != '_' || memcmp(t.at + i, "_CBA", 4) != 0 || get(&t, i + 5, 1) != AML_RETURN)
            continue;
        uint8_t op = (uint8_t)get(&t, i + 6, 1);
        uint32_t size = op == AML_DWORD ? 4 : op == AML_QWORD ? 8 : 0;
        *address = get(&t, i + 7, size);
        return *address && !(*address & 0xfffff);
    }
    return false;
}

// --- resource templates: a row of descriptors, each a tag, a length and fields (6.4) ---
// 32-bit fixed memory (6.4.3.4) and extended interrupt (6.4.3.6), each with its length
static const uint8_t memory_tag[] = {0x86, 9, 0};
static const uint8_t interrupt_tag[] = {0x89, 6, 0};
#define MEMORY_ADDRESS  4u
#define MEMORY_LEN      8u
#define MEMORY_SIZE     12u
#define INTERRUPT_COUNT 4u
#define INTERRUPT_GSI   5u
#define INTERRUPT_SIZE  9u

// 32-bit address space (6.4.3.5.2) of type memory
static const uint8_t window_tag[] = {0x87, 0x17, 0, 0};
#define WINDOW_MIN  10u
#define WINDOW_MAX  14u
#define WINDOW_LEN  22u
#define WINDOW_SIZE 26u
// A host bridge also passes on the 128 KB of a VGA card.
#define WINDOW_USEFUL 0x1000000u

// What devices of QEMU and of Linux's virtio_mmio driver are called.
static const char virtio_hid[8] = "LNRO0005";
#define DEVICE_BYTES 128u // its _CRS comes within so many bytes

// Nothing in the byte code is aligned.
static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

// The first `size` bytes beginning with `tag` in [p, end); NULL: none.
static const uint8_t *find_tag(const uint8_t *p, const uint8_t *end, const void *tag,
                               uint32_t tag_len, uint32_t size)
{
    uint8_t first = *(const uint8_t *)tag;
    for (; (size_t)(end - p) >= size; p++)
        if (*p == first && memcmp(p, tag, tag_len) == 0)
            return p;
    return NULL;
}

// The device whose _HID ends at `p`.
static bool mmio_device(const uint8_t *p, const uint8_t *end, struct acpi_mmio_device *d)
{
    if ((size_t)(end - p) > DEVICE_BYTES)
        end = p + DEVICE_BYTES;
    const uint8_t *memory = find_tag(p, end, memory_tag, sizeof memory_tag, MEMORY_SIZE);
    const uint8_t *irq = find_tag(p, end, interrupt_tag, sizeof interrupt_tag, INTERRUPT_SIZE);
    if (!memory || !irq || irq[INTERRUPT_COUNT] != 1)
        return false;
    d->address = get32(memory + MEMORY_ADDRESS);
    d->len = get32(memory + MEMORY_LEN);
    d->gsi = get32(irq + INTERRUPT_GSI);
    return true;
}

// How many were found. In the table's order, which is that of QEMU's buses.
unsigned acpi_virtio_mmio(struct acpi_mmio_device *out, unsigned max)
{
    uint32_t len = 0;
    const uint8_t *p = acpi_dsdt(&len), *end = p + len;
    unsigned n = 0;

    while (p && n < max) {
        p = find_tag(p, end, virtio_hid, sizeof virtio_hid, sizeof virtio_hid);
        if (!p)
            break;
        p += sizeof virtio_hid;
        if (mmio_device(p, end, &out[n]))
            n++;
    }
    return n;
}

// The first window that is large enough and whose three numbers agree: bytes that only look like a
// descriptor hardly ever do.
bool acpi_pci_window(uint64_t *start, uint64_t *end)
{
    uint32_t len = 0;
    const uint8_t *p = acpi_dsdt(&len), *stop = p + len;

    for (; p; p++) {
        p = find_tag(p, stop, window_tag, sizeof window_tag, WINDOW_SIZE);
        if (!p)
            break;
        uint64_t low = get32(p + WINDOW_MIN), high = get32(p + WINDOW_MAX);
        if (high > low && high - low + 1 == get32(p + WINDOW_LEN) && high - low >= WINDOW_USEFUL) {
            *start = low;
            *end = high + 1;
            return true;
        }
    }
    return false;
}
