// SPDX-License-Identifier: BSD-2-Clause
// Socket addresses, in and out of the program's memory (kernel/net/calls.c).
#ifndef RAMET_KERNEL_NET_ADDRESS_H
#define RAMET_KERNEL_NET_ADDRESS_H

#include <stdint.h>
#include "kernel/api/socket.h"

// Copies an address that the program gives. 0, -EINVAL (too long), -EFAULT.
int address_get(const void *from, uint32_t len, uint8_t name[K_SOCKADDR_MAX]);
// Whether one can be put at `to` (NULL: none is wanted), where *len says how much room there is. 0,
// -EFAULT, -EINVAL.
int address_room(const void *to, uint32_t *len);
// Puts it there; address_room() has been asked.
void address_put(void *to, uint32_t *len, const uint8_t *name, uint32_t name_len);

#endif
