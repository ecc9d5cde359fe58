// SPDX-License-Identifier: BSD-2-Clause
// elf.h: what Ramet needs to know of an ELF program, taken from its bytes with every field checked.
//
// mkimage parses each program once and stores the result in the image's program table;
// host/image/image.c puts the table of an untrusted image through the same elf_check. exec then
// only walks segments. Source: System V gABI chapters 4-5 and the x86-64 psABI, ELF64.
#ifndef RAMET_HOST_ELF_H
#define RAMET_HOST_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/image.h"

struct elf_program {
    uint64_t entry;
    uint32_t nsegs;
    struct image_seg segs[IMAGE_MAX_SEGS]; // file_off counts from the start of the bytes parsed
    struct image_tls tls;
    struct image_note note; // ABI version, flags, drivers linked
};

// Parse the `size` bytes at `buf` as a Ramet program: ELF64, x86-64, ET_EXEC, static, with the
// Ramet note of this host's ABI version, and passing elf_check. Nothing in *out points into buf.
// Returns 0, or -ENOEXEC with *out undefined and the reason, without a file name, in err.
int elf_parse(struct elf_program *out, const uint8_t *buf, size_t size, char *err, size_t errlen);

// Whether the bytes are an ELF64 x86-64 file that carries a Ramet note of any ABI version. It tells
// programs from plain files in a host directory; elf_parse may still refuse what this accepts.
bool elf_is_ramet(const uint8_t *buf, size_t size);

// Check a segment list that came from anywhere: 1...IMAGE_MAX_SEGS segments, ascending, no two in a
// page, inside IMAGE_VADDR_MIN...MAX and file bytes [file_start, file_end), mappable (offset and
// address equal modulo IMAGE_PAGE), never writable and executable; the entry in executable code;
// the TLS template inside a segment. Returns 0, or -ENOEXEC with the reason in err.
int elf_check(const struct elf_program *prog, uint64_t file_start, uint64_t file_end, char *err,
              size_t errlen);

// Write a printf-style reason to err, cut at errlen. Returns -ENOEXEC, for the caller to return.
int elf_refuse(char *err, size_t errlen, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
