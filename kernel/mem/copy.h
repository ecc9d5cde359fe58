// SPDX-License-Identifier: BSD-2-Clause
// Copying between the program and the window (kernel/mem/copy.c).
#ifndef RAMET_KERNEL_COPY_H
#define RAMET_KERNEL_COPY_H

#include <stddef.h>

// Copies n bytes that do not overlap, of any alignment, through the caches. For data that another
// VM is about to read: the C library's memcpy() writes past the caches when it is long, and the
// reader then waits for memory.
void copy_bytes(void *to, const void *from, size_t n);

#endif
