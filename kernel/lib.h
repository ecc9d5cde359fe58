// SPDX-License-Identifier: BSD-2-Clause
// Small things every kernel file needs: memory and string functions, container arithmetic, panic,
// logging.
//
// The functions of <string.h> come from the C library the image is linked with (or the host's, in
// unit tests); the kernel does not include its headers, so the few it uses are declared here.
#ifndef RAMET_KERNEL_LIB_H
#define RAMET_KERNEL_LIB_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int byte, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// Our own bug: prints the message on the console and ends this VM with SIGABRT. Never for a
// program's mistake or a full table. Format: %s %d %u %x %p %lu %lx.
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

// At boot: what we were given cannot be run, which is no bug of ours. Ends this VM with status 1.
_Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

// One line on the console (host stderr). Same formats.
void klog(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
