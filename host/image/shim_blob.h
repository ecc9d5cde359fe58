// SPDX-License-Identifier: BSD-2-Clause
// shim_blob.h: the bootable shim, an ELF64 file, linked into this program (shim_blob.S).
#ifndef RAMET_HOST_SHIM_BLOB_H
#define RAMET_HOST_SHIM_BLOB_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t shim_elf[], shim_elf_end[];

static inline size_t shim_elf_size(void)
{
    return (uintptr_t)shim_elf_end - (uintptr_t)shim_elf;
}

#endif
