// SPDX-License-Identifier: BSD-2-Clause
// util.h: what every part of mkimage needs: giving up, memory, and splitting words.
//
// mkimage runs once and exits: what lives until then is not freed, and a failure anywhere ends it.
// The only thing to undo is the temporary file, which write.c removes at exit.
#ifndef RAMET_MKIMAGE_UTIL_H
#define RAMET_MKIMAGE_UTIL_H

#include <stddef.h>
#include <stdint.h>

// Print "mkimage: ", the message and a newline on stderr and exit with status 2.
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

// calloc, reallocarray, and printf into new memory, that die when there is none.
void *new_zeroed(size_t count, size_t size);
void *grow(void *old, size_t count, size_t size);
char *new_string(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

// Split a command line as a shell does, without expansions: blanks separate words, '...' and "..."
// quote, a backslash quotes the next byte (inside "..." only \ and "). Returns a new vector ended
// by NULL and its length in *count; dies on a quote left open.
char **split_words(const char *line, uint32_t *count);

#endif
