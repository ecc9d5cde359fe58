// SPDX-License-Identifier: BSD-2-Clause
// Private memory: the break, anonymous mappings, thread-local storage of the first thread.
#ifndef RAMET_KERNEL_MEM_H
#define RAMET_KERNEL_MEM_H

#include <stddef.h>
#include <stdint.h>
#include "abi/pv.h"

// Takes the heap's bounds from boot_info. At boot.
void mem_init(void);

// What parent and child of a fork will surely write: static data, and the beginning of the heap.
void mem_hot(struct pv_range hot[2]);

// Builds the thread-local storage block the program's PT_TLS segment asks for and points FS at it.
// 0, or -ENOMEM.
int tls_init(void);

#endif
