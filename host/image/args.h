// SPDX-License-Identifier: BSD-2-Clause
// A program's arguments and environment on their way to it, and where it lies in RAM.
#ifndef HOST_ARGS_H
#define HOST_ARGS_H

#include <stdint.h>

#include "host/image/elf.h"

struct image;

// A program that is no part of the image (PV_PROGRAM_FILE): a copy of its bytes that no guest can
// reach, and what they say, checked.
struct load_file {
    uint8_t *bytes; // malloc'd
    uint64_t size;
    struct elf_program elf; // file_off is in bytes[]
};

// argc, then envc NUL-terminated strings in one block.
struct load_args {
    char *strings;
    uint64_t len;
    uint32_t argc, envc;
    const struct load_file *file; // the program, if its number is PV_PROGRAM_FILE
};

// The program that this number and these arguments mean, and its name for messages.
const struct elf_program *load_elf(const struct image *image, uint32_t program,
                                   const struct load_args *args);
const char *load_name(const struct image *image, uint32_t program);

// Packs NULL-terminated vectors. The block is malloc'd; free(args->strings). 0, -E2BIG over
// PV_ARG_MAX, -ENOMEM.
int load_args_pack(struct load_args *args, char *const argv[], char *const envp[]);

// Whether the block holds exactly the strings it says.
int load_args_valid(const struct load_args *args);

// Where things lie in RAM above the program's segments: heap, guard, stack. Guest addresses.
struct load_layout {
    uint64_t heap, stack_bottom;
};

// 0, or -ENOMEM: program and arguments do not fit into RAM that ends at `ram_size`.
int load_layout(uint64_t ram_size, const struct elf_program *elf, const struct load_args *args,
                struct load_layout *l);

#endif
