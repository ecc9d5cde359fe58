// SPDX-License-Identifier: BSD-2-Clause
// Private memory: the break, anonymous mappings, rights of pages, thread-local storage of the first
// thread.
#ifndef RAMET_KERNEL_MEM_H
#define RAMET_KERNEL_MEM_H

#include <stddef.h>
#include <stdint.h>
#include "abi/pv.h"

// Takes the heap's bounds from boot_info. At boot.
void mem_init(void);

// What parent and child of a fork will write: static data, the beginning of the heap, and of the
// static data what is the kernel's, which they do at once.
void mem_hot(struct pv_range hot[3]);

#define TEXT_START (PV_RAM_VA * 2) // where the linker script begins

// Whether the program has memory in all of [start, end), whole pages: text, data, the break,
// mappings, stack.
int mem_is_mapped(uintptr_t start, uintptr_t end);

// Pages that hold `len` bytes. A length near SIZE_MAX is more pages than there are, never none.
static inline uint64_t page_count(size_t len)
{
    return len / 4096 + (len % 4096 != 0);
}

// Whether RLIMIT_DATA and RLIMIT_AS leave room for so many bytes more, private ones or shared.
int mem_limits_allow(uint64_t more, int private);

// Makes writable memory read as zero, and tells the host when there is much of it.
void mem_give_back(uintptr_t start, uintptr_t end);

// --- protect.c ---
// Makes whole pages read as zero, whatever their rights. -EACCES: text.
long mem_discard(uintptr_t start, uintptr_t end);
// What whole pages of private memory may be used for, PROT_*. 0, or -errno with nothing changed.
long rights_set(uintptr_t start, uintptr_t end, int prot);
// As they were when the program started: text to be executed, all else to be written.
long rights_reset(uintptr_t start, uintptr_t end);

// Builds the thread-local storage block the program's PT_TLS segment asks for and points FS at it.
// 0, or -ENOMEM.
int tls_init(void);

#endif
