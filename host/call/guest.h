// SPDX-License-Identifier: BSD-2-Clause
// Guest memory as the host may touch it.
//
// A guest address is a type of its own, so that it cannot be used as a pointer by mistake.
// guest_ptr() is the only way from one to the other: it checks the whole range, and the caller
// copies what it needs once.
#ifndef HOST_GUEST_H
#define HOST_GUEST_H

#include <stddef.h>
#include <stdint.h>

// Where a member's guest memory is in its host process; at the same addresses in every member of a
// family.
struct guest_memory {
    uint8_t *ram; // of guest address 0; mapped from PV_PLATFORM_VA up
    uint64_t ram_size;
    uint8_t *window;
    uint64_t window_size;
    uint8_t *image; // read-only
    uint64_t image_size;
};

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
void *guest_ptr(const struct guest_memory *mem, struct gaddr addr, uint64_t len, unsigned areas);

// Copies an object in (out). 0 or -EFAULT.
int guest_read(const struct guest_memory *mem, struct gaddr from, void *to, size_t len);
int guest_write(const struct guest_memory *mem, struct gaddr to, const void *from, size_t len);

#endif
