// SPDX-License-Identifier: BSD-2-Clause
// Resource descriptors in the DSDT (ACPI 6.4, 6.4). There is no interpreter of AML here: a resource
// template with constant contents is a row of descriptors in the byte code as it is, and is found
// by its bytes. That is how QEMU's microvm, the one machine that needs it, writes them; what a
// program computes is not found.

#include "arch/x86_64/shim/acpi_crs.h"

#include <stddef.h>

#include "arch/x86_64/shim/acpi.h"
#include "arch/x86_64/shim/lib.h"

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

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

// The first `size` bytes beginning with `tag` in [p, end); NULL: none.
static const uint8_t *find(const uint8_t *p, const uint8_t *end, const void *tag, uint32_t tag_len,
                           uint32_t size)
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
    const uint8_t *memory = find(p, end, memory_tag, sizeof memory_tag, MEMORY_SIZE);
    const uint8_t *irq = find(p, end, interrupt_tag, sizeof interrupt_tag, INTERRUPT_SIZE);
    if (!memory || !irq || irq[INTERRUPT_COUNT] != 1)
        return false;
    d->address = get32(memory + MEMORY_ADDRESS);
    d->len = get32(memory + MEMORY_LEN);
    d->gsi = get32(irq + INTERRUPT_GSI);
    return true;
}

unsigned acpi_virtio_mmio(struct acpi_mmio_device *out, unsigned max)
{
    const uint8_t *p = acpi()->dsdt, *end = p ? p + acpi()->dsdt_len : NULL;
    unsigned n = 0;

    while (p && n < max) {
        p = find(p, end, virtio_hid, sizeof virtio_hid, sizeof virtio_hid);
        if (!p)
            break;
        p += sizeof virtio_hid;
        if (mmio_device(p, end, &out[n]))
            n++;
    }
    return n;
}

bool acpi_pci_window(uint64_t *start, uint64_t *end)
{
    const uint8_t *p = acpi()->dsdt, *stop = p ? p + acpi()->dsdt_len : NULL;

    for (; p; p++) {
        p = find(p, stop, window_tag, sizeof window_tag, WINDOW_SIZE);
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
