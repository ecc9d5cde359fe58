// SPDX-License-Identifier: BSD-2-Clause
// The Ramet image in physical memory (abi/image.h).
#ifndef SHIM_IMAGE_H
#define SHIM_IMAGE_H

#include <stdint.h>

#include "abi/image.h"

// Checks the image's header and programs; panics with a line when it cannot be run.
void image_init(uint64_t pa, uint64_t size);

uint64_t image_phys(void);
const struct image_header *image_header(void);
// NULL: no such program.
const struct image_program *image_program(uint32_t index);
// The string at an offset that image_init() or mkimage checked.
const char *image_string(uint32_t off);
// The program with exactly this path, or IMAGE_NO_PROGRAM.
uint32_t image_find_program(const char *path);

#endif
