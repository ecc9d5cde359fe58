// SPDX-License-Identifier: BSD-2-Clause
// COM1 as the family's terminal, or as the companion's bell.
#ifndef SHIM_CONSOLE_H
#define SHIM_CONSOLE_H

#include <stdint.h>

#include "abi/pv.h"

// Received bytes go to the window's terminal ring from now on; the window is there.
void console_terminal(void);
// Received bytes only wake the processor (abi/companion.h).
void console_bell(void);
// The serial port has interrupted.
void console_interrupt(void);
// PV_CALL_CONSOLE of a VM without a companion.
int64_t console_call(const struct pv_console *c);

#endif
