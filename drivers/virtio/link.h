// SPDX-License-Identifier: BSD-2-Clause
// What makes a driver part of a program: an object with a pointer to it and the bit it is known by.
//
// The object's source has one line, DRIVER_LINK(); ramet-cc links it for --drivers. The pointer
// goes into the table of kernel/dev/driver.c. The symbol, an absolute number, is one of those that
// arch/x86_64/ramet.ld adds up to the drivers in the program's note (abi/image.h).
#ifndef DRIVERS_VIRTIO_LINK_H
#define DRIVERS_VIRTIO_LINK_H

#include "abi/image.h"
#include "kernel/dev/driver.h"

#define DRIVER_LINK_TEXT(x) #x
#define DRIVER_LINK(name, bit)                                                                     \
    extern const struct driver ramet_driver_##name;                                                \
    __attribute__((section("drivers"), used)) static const struct driver *const entry =            \
        &ramet_driver_##name;                                                                      \
    __asm__(".globl __driver_" #name "\n.set __driver_" #name ", " DRIVER_LINK_TEXT(bit))

#endif
