// SPDX-License-Identifier: BSD-2-Clause
// Device registers for ring 3, at PV_DEVICES_VA (abi/pv.h).
#ifndef SHIM_DEVICE_H
#define SHIM_DEVICE_H

#include <stdint.h>

// The guest-virtual address of `len` bytes of registers at physical address `pa`; 0: no room. Pages
// that are there already, for a neighbour's registers, are used again: the room is 64 pages, and
// devices have several small register blocks in a page.
uint64_t device_registers(uint64_t pa, uint64_t len);

#endif
