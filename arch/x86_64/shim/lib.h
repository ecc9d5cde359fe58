// SPDX-License-Identifier: BSD-2-Clause
// What the shim has of a C library, its console lines, and its way out when nothing helps.
#ifndef SHIM_LIB_H
#define SHIM_LIB_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

// "ramet: ..." on the serial console. %s %u %d %x (with l for 64 bits) %c.
void shim_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The same, then the machine is powered off with status 255.
_Noreturn void shim_panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
