// SPDX-License-Identifier: BSD-2-Clause
// Guest memory as the monitor may touch it.
//
// A guest address is a type of its own, so that it cannot be used as a pointer by mistake.
// guest_ptr() is the only way from one to the other: it checks the whole range, and the caller
// copies what it needs once.
#ifndef HOST_GUEST_H
#define HOST_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include "host/kvm/vm.h"

struct gaddr {
    uint64_t v;
};

enum guest_area {
    GUEST_RAM = 1,    // private RAM, PV_RAM_VA and up
    GUEST_WINDOW = 2, // shared with the family
    GUEST_IMAGE = 4,  // read-only
};

// The host address of guest range [addr, addr + len), which must lie inside one of `areas` (a set
// of enum guest_area); NULL if not. Host memory behind it may change under the reader at any time.
void *guest_ptr(const struct vm *vm, struct gaddr addr, uint64_t len, unsigned areas);

// Copies an object in (out). 0 or -EFAULT.
int guest_read(const struct vm *vm, struct gaddr from, void *to, size_t len);
int guest_write(const struct vm *vm, struct gaddr to, const void *from, size_t len);

#endif
