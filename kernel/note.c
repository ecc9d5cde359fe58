// SPDX-License-Identifier: BSD-2-Clause
// The ELF note by which mkimage and the monitor know a Ramet program. Format: abi/image.h, gABI
// chapter 5.

#include "abi/image.h"
#include "abi/pv.h"

struct ramet_note {
    uint32_t namesz, descsz, type;
    char name[8]; // "Ramet" with its NUL, padded to 4
    // struct image_note, but for its last word, the drivers, which the linker adds (ramet.ld).
    uint32_t abi, flags;
};
_Static_assert(offsetof(struct image_note, drivers) == 2 * sizeof(uint32_t), "the last word");

__attribute__((section(".note.ramet"), used, aligned(4))) static const struct ramet_note note = {
    .namesz = sizeof IMAGE_NOTE_NAME,
    .descsz = sizeof(struct image_note),
    .type = IMAGE_NOTE_TYPE,
    .name = IMAGE_NOTE_NAME,
    .abi = PV_ABI_VERSION,
    .flags = 0,
};
