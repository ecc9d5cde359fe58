// SPDX-License-Identifier: BSD-2-Clause
// image.h: an opened Ramet image (format: abi/image.h), as the monitor and the CLI see it.
//
// An image is untrusted. Its tables are read into private memory once, every field is checked
// there, and only that copy is used afterwards: a file that changes under us cannot make a checked
// offset wrong. File contents are never looked at on the host; guests map them from `fd`.
#ifndef RAMET_HOST_IMAGE_H
#define RAMET_HOST_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "abi/image.h"
#include "host/image/elf.h"

struct image {
    int fd;        // the file, open for reading, close-on-exec; -1 after image_parse
    uint64_t size; // of the whole image in bytes; a multiple of IMAGE_PAGE

    // The checked copy of everything before contents_off; owned, freed by image_close.
    const struct image_header *header;
    const struct image_file *files; // header->file_count entries, sorted by path

    struct elf_program *programs; // header->program_count; file_off is in the image file
    const char **args;            // header->arg_count default arguments, a NULL; no argv[0]
};

// Open, read and check the image at `path`. Blocks on the file only. Returns 0, or, with nothing
// left open and a line for the user in err (it names the file; no newline, no program name):
// -errno of the failing call, -ENOMEM, or -ENOEXEC for what is not an image, is damaged or is of
// another version.
int image_open(struct image *img, const char *path, char *err, size_t errlen);

// The same for an image in memory (tests, fuzzing), with the reason alone in err. `buf` need not be
// aligned or outlive the call.
int image_parse(struct image *img, const uint8_t *buf, size_t size, char *err, size_t errlen);

// Whether its files fit into a window of that many bytes, of a family of at most `procs` processes
// (fits.c). 0, or -ENOSPC or -ENOMEM with a line for the user in err.
int image_fits(const struct image *img, uint64_t window, uint32_t procs, char *err, size_t errlen);

// Free what the image holds and close its file. Harmless on a struct that is all zero but fd -1.
void image_close(struct image *img);

// Program `index` of header->program_count; NULL beyond. Valid until image_close.
const struct elf_program *image_program(const struct image *img, uint32_t index);

// The guest path of program `index`, or NULL beyond.
const char *image_program_path(const struct image *img, uint32_t index);

// The string a checked image_str names; NUL-terminated, valid until image_close.
const char *image_string(const struct image *img, struct image_str str);

// Tells an image from others, and from itself before it was made anew; no protection.
uint64_t image_hash(const struct image *img);

// The file table entry of exactly this absolute path (links are not followed), or NULL.
const struct image_file *image_find(const struct image *img, const char *path);

// The one that this absolute path leads to as a program of the image would see it: links are
// followed, in directories too, and "." and ".." are what they say. NULL where it leads nowhere.
const struct image_file *image_follow(const struct image *img, const char *path);

#endif
