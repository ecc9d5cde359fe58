// SPDX-License-Identifier: BSD-2-Clause
// bootelf.h: one ELF file that boots: the shim with an image behind it (docs/run-anywhere.md).
#ifndef RAMET_MKIMAGE_BOOTELF_H
#define RAMET_MKIMAGE_BOOTELF_H

#include <stdint.h>

#define BOOTELF_MAX (2ull << 30) // below this, PCs have memory and no devices

// The part of the boot file that comes before the image.
struct bootelf {
    uint8_t *head; // new memory: `size` bytes, whole pages
    uint64_t size; // the image's offset in the file
    uint64_t addr; // the image's physical address
};

// Make the head for an image of image_size bytes out of the shim, an ELF64 file of shim_size bytes.
// Returns NULL, or what is wrong with the shim (this build's own, so only a bug shows it).
const char *bootelf_make(struct bootelf *out, const uint8_t *shim, uint64_t shim_size,
                         uint64_t image_size);

#endif
