// SPDX-License-Identifier: BSD-2-Clause
// The end of the machine.
#ifndef SHIM_POWER_H
#define SHIM_POWER_H

#include <stdint.h>

// Ends the machine with the wait(2) status of its program (code << 8, or a signal number). Code 0
// is a power-off. Any other (128 + n for signal n) is told to QEMU's isa-debug-exit device first,
// if there: QEMU then ends with status 2 * code + 1. Needs acpi_init(); works without its tables.
_Noreturn void power_exit(uint32_t wait_status);

// Turns the machine off.
_Noreturn void power_off(void);

#endif
