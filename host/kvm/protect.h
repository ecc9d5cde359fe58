// SPDX-License-Identifier: BSD-2-Clause
// Rights of single pages in the guest's page tables: PV_CALL_PROTECT, and what the monitor itself
// must know of them. Neighbours: platform.c (the tables as a program starts), call.c (the call).
#ifndef HOST_PROTECT_H
#define HOST_PROTECT_H

#include <stdint.h>

#include "host/image/elf.h"
#include "host/call/guest.h"
#include "host/kvm/vm.h"

// Gives [addr, addr + len) of a program's private memory these PV_RIGHT_*. 0; 1 if KVM has derived
// something from the entries as they were, so that the caller must vm_memory_flush() before the
// guest runs; -errno as abi/pv.h has it, with nothing changed.
int protect_pages(struct vm *vm, const struct elf_program *program, uint64_t addr, uint64_t len,
                  uint32_t rights);

// Whether the guest could write, or read, all of [addr, addr + len), which lies in private RAM.
int protect_writable(const struct vm *vm, uint64_t addr, uint64_t len);
int protect_readable(const struct vm *vm, uint64_t addr, uint64_t len);

#endif
