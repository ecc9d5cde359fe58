// SPDX-License-Identifier: BSD-2-Clause
// write.h: from a finished tree to an image file (format: abi/image.h).
#ifndef RAMET_MKIMAGE_WRITE_H
#define RAMET_MKIMAGE_WRITE_H

#include <stdint.h>

#include "tools/mkimage/tree.h"

// What to write, and what came of it.
struct plan {
    struct tree *tree; // finished; write_image fills in data_off and program
    const char *entry; // guest path of the first program, or of a link to it
    char **args;       // default arguments without argv[0]
    uint32_t arg_count;

    // Results.
    uint32_t program_count;
    uint32_t entry_program;
    uint32_t drivers; // union over the programs
    uint64_t total_size;
};

// Write the image to `path`. It appears there complete or not at all; the same tree gives the same
// bytes. Dies on errors, leaving an older file at `path` as it was.
void write_image(struct plan *plan, const char *path);

#endif
