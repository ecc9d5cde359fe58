// SPDX-License-Identifier: BSD-2-Clause
// A program that is no part of the image (PV_PROGRAM_FILE), while it is being loaded.
#ifndef SHIM_PROGRAM_FILE_H
#define SHIM_PROGRAM_FILE_H

#include <stdint.h>

#include "abi/image.h"

struct program_file {
    struct image_program program; // file_off is in bytes[]
    const uint8_t *bytes;         // out of ring 3's reach
};

// Copies the file from ring 3's memory and checks the copy. 0 with *out, valid until
// program_file_drop(); -EFAULT, -ENOEXEC or -ENOMEM.
int64_t program_file_take(uint64_t va, uint64_t len, const struct program_file **out);
// Gives the copy back, if there is one.
void program_file_drop(void);

#endif
