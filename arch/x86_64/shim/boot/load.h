// SPDX-License-Identifier: BSD-2-Clause
// Loading a program of the image: no byte of it moves before it is touched.
#ifndef SHIM_LOAD_H
#define SHIM_LOAD_H

#include <stdint.h>

#include "abi/pv.h"
#include "arch/x86_64/shim/boot/program_file.h"
#include "arch/x86_64/shim/trap.h"

struct load_args {
    const char *strings; // argc, then envc NUL-terminated strings; not in ring 3's memory
    uint64_t len;
    uint32_t argc, envc;
    const struct program_file *file; // the program, if its number is PV_PROGRAM_FILE
};

// boot_info as the shim may write it.
struct pv_boot_info *load_boot_info(void);

// Once: the memory programs get, [PV_RAM_VA, ram_end), and what is mapped besides.
void load_init(uint64_t ram_end, uint64_t window_phys, uint64_t window_size);

// 0, or -ENOEXEC, -ENOMEM, -EINVAL: what EXEC says before it destroys the caller.
int64_t load_check(uint32_t program, const struct load_args *args);

// Replaces private memory by the program, about to start at *f.
void load_program(uint32_t program, const struct load_args *args, struct frame *f);

#endif
