// SPDX-License-Identifier: BSD-2-Clause
// util.h: what every part of mkimage needs: giving up, signals, memory, text, splitting words.
//
// mkimage runs once and exits: what lives until then is not freed, and a failure anywhere ends it.
// All there is to undo are temporary files, which write.c and work.c remove at exit. A signal must
// not skip that, and what removes a folder cannot run in a handler: so from the first temporary
// file on, signals that would end mkimage are blocked, and looked for where it reads, writes and
// waits.
#ifndef RAMET_MKIMAGE_UTIL_H
#define RAMET_MKIMAGE_UTIL_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

// Print "mkimage: ", the message and a newline on stderr and exit with status 2.
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

// Call `undo` at exit, and from now on only there and in signals_check() does a signal end mkimage.
void undo_at_exit(void (*undo)(void));

// Undo and end by the signal, if one has come that ends programs.
void signals_check(void);

// The signals that are blocked once there is something to undo.
const sigset_t *signals_held(void);

// Print text that an image, a file name or a user brought: what could steer a terminal (control
// characters, bytes that are not UTF-8) and backslashes come out as a backslash and three octal
// digits.
void print_text(FILE *to, const char *text);

// calloc, reallocarray, and printf into new memory, that die when there is none.
void *new_zeroed(size_t count, size_t size);
void *grow(void *old, size_t count, size_t size);
char *new_string(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

// The next multiple of `align`, a power of two.
uint64_t align_up(uint64_t x, uint64_t align);

// All of buf at `off`, or dies, naming the file `path`. Where a signal is noticed.
void write_at(const char *path, int fd, const void *buf, size_t len, uint64_t off);

// Permissions of a new file as this process's umask has them: temporary files are made private, an
// image is as readable as any other output.
mode_t output_mode(void);

// Split a command line as a shell does, without expansions: blanks separate words, '...' and "..."
// quote, a backslash quotes the next byte (inside "..." only \ and "). Returns a new vector ended
// by NULL and its length in *count; dies on a quote left open.
char **split_words(const char *line, uint32_t *count);

#endif
