// SPDX-License-Identifier: BSD-2-Clause
// What the shim needs to know of a program that comes as an ELF file.
#ifndef SHIM_ELF_H
#define SHIM_ELF_H

#include <stdint.h>

#include "abi/image.h"

// Checks the `size` bytes at `bytes`, which nobody else can change, as host/image/elf.c does for
// mkimage and for the monitor, and says of the program what an image's table would; file_off is in
// `bytes`. 0 or -ENOEXEC.
int elf_describe(const uint8_t *bytes, uint64_t size, struct image_program *out);

#endif
