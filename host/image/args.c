// SPDX-License-Identifier: BSD-2-Clause
// Arguments of a program, and whether it fits: what is the same wherever it is loaded. See args.h.

#include "host/image/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/pv.h"
#include "abi/x86.h"
#include "host/image/image.h"

#define STACK_MAX (UINT64_C(8) << 20)

int load_args_pack(struct load_args *args, char *const argv[], char *const envp[])
{
    char *const *vectors[2] = {argv, envp};
    uint32_t counts[2] = {0, 0};
    *args = (struct load_args){0};
    for (int v = 0; v < 2; v++)
        for (uint32_t i = 0; vectors[v] && vectors[v][i]; i++, counts[v]++)
            args->len += strlen(vectors[v][i]) + 1;
    if (args->len > PV_ARG_MAX)
        return -E2BIG;
    args->strings = malloc(args->len + 1);
    if (!args->strings)
        return -ENOMEM;
    char *p = args->strings;
    for (int v = 0; v < 2; v++)
        for (uint32_t i = 0; i < counts[v]; i++)
            p = stpcpy(p, vectors[v][i]) + 1;
    args->argc = counts[0];
    args->envc = counts[1];
    return 0;
}

// As many strings as were announced, and the last one ended: whoever lays them out counts on it.
int load_args_valid(const struct load_args *args)
{
    uint64_t strings = 0;
    for (uint64_t i = 0; i < args->len; i++)
        strings += args->strings[i] == 0;
    return strings == (uint64_t)args->argc + args->envc &&
           (args->len == 0 || args->strings[args->len - 1] == 0);
}

int load_layout(uint64_t ram_size, const struct elf_program *elf, const struct load_args *args,
                struct load_layout *l)
{
    const struct image_seg *last = &elf->segs[elf->nsegs - 1];
    uint64_t stack = ram_size / 8 < STACK_MAX ? ram_size / 8 : STACK_MAX;

    // An eighth of RAM, at most 8 MB; 2 MB below it stay unmapped, so that an overflow faults
    // instead of running into the heap.
    l->stack_bottom = (ram_size - stack) & ~(X86_PAGE_2M - 1);
    // A last segment that is not writable shares no 2 MB page with the heap.
    uint64_t align = (last->flags & IMAGE_SEG_W) ? X86_PAGE : X86_PAGE_2M;
    l->heap = (last->vaddr + last->memsz + align - 1) & ~(align - 1);
    int fits = l->heap + X86_PAGE_2M <= l->stack_bottom - X86_PAGE_2M && args->len <= stack / 2;
    return fits ? 0 : -ENOMEM;
}

const struct elf_program *load_elf(const struct image *image, uint32_t program,
                                   const struct load_args *args)
{
    return program == PV_PROGRAM_FILE ? &args->file->elf : image_program(image, program);
}

const char *load_name(const struct image *image, uint32_t program)
{
    return program == PV_PROGRAM_FILE ? "a file" : image_program_path(image, program);
}
