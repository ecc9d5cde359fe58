// SPDX-License-Identifier: BSD-2-Clause
// What the boot loader said, whichever it was.
#ifndef SHIM_BOOTINFO_H
#define SHIM_BOOTINFO_H

#include <stdint.h>

#define BOOT_RANGES  64
#define BOOT_CMDLINE 4096

struct boot_range {
    uint64_t start, end;
};

struct boot {
    struct boot_range usable[BOOT_RANGES]; // RAM nobody uses, whole pages, ascending
    uint32_t nusable;
    uint64_t image, image_size; // the Ramet image: appended to the shim, or the first module
    uint64_t rsdp;              // ACPI's root, or 0
    char cmdline[BOOT_CMDLINE]; // cut if longer; without the name of the kernel file
};

// Reads the loader's tables at physical address `info`, which from then on may be overwritten.
// `magic` is one of BOOT_* (layout.h). Panics when there is no memory map.
void boot_parse(struct boot *b, uint32_t magic, uint64_t info);

// Takes [start, end) out of the usable ranges.
void boot_reserve(struct boot *b, uint64_t start, uint64_t end);

#endif
