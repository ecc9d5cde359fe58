// SPDX-License-Identifier: BSD-2-Clause
// util.h: what every part of mkimage needs: giving up, memory, and splitting words.
//
// mkimage runs once and exits: what lives until then is not freed, and a failure anywhere ends it.
// All there is to undo are temporary files, which write.c and work.c remove at exit.
#ifndef RAMET_MKIMAGE_UTIL_H
#define RAMET_MKIMAGE_UTIL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Print "mkimage: ", the message and a newline on stderr and exit with status 2.
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

// calloc, reallocarray, and printf into new memory, that die when there is none.
void *new_zeroed(size_t count, size_t size);
void *grow(void *old, size_t count, size_t size);
char *new_string(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

// The next multiple of `align`, a power of two.
uint64_t align_up(uint64_t x, uint64_t align);

// All of buf at `off`; dies naming the file `path`.
void write_at(const char *path, int fd, const void *buf, size_t len, uint64_t off);

// Permissions of a new file as this process's umask has them: temporary files are made private, an
// image is as readable as any other output.
mode_t output_mode(void);

// Split a command line as a shell does, without expansions: blanks separate words, '...' and "..."
// quote, a backslash quotes the next byte (inside "..." only \ and "). Returns a new vector ended
// by NULL and its length in *count; dies on a quote left open.
char **split_words(const char *line, uint32_t *count);

#endif
