// SPDX-License-Identifier: BSD-2-Clause
// check.h: the steps of checking an untrusted image, called by host/image/image.c in this order.
// Each returns 0, or -ENOEXEC with the reason in err.
#ifndef RAMET_HOST_IMAGE_CHECK_H
#define RAMET_HOST_IMAGE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/image.h"
#include "host/image/image.h"

// The header against the size of the whole image in bytes. Good: contents_off bounds the tables.
int image_check_header(const struct image_header *h, uint64_t size, char *err, size_t errlen);

// Both tables, the arguments and the entry path. img->header must be a checked header followed in
// memory by all the bytes up to its contents_off, and img->files must point there. A program's
// segments are not looked at: elf_check does that.
int image_check_tables(const struct image *img, char *err, size_t errlen);

// Entry i of the program table, as it stands in the file.
static inline const struct image_program *image_program_entry(const struct image *img, uint32_t i)
{
    const char *base = (const char *)img->header;
    return (const struct image_program *)(base + img->header->programs_off) + i;
}

#endif
