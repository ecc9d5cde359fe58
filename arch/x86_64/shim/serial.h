// SPDX-License-Identifier: BSD-2-Clause
// COM1, a 16550: the console, or with a companion its bell (abi/companion.h).
#ifndef SHIM_SERIAL_H
#define SHIM_SERIAL_H

#include <stdint.h>

// Sets it up, 115200 baud, FIFOs on. 0: there is no such port.
int serial_init(void);
// Writes one byte; waits for room, but not for ever.
void serial_put(char c);
// A received byte, or -1.
int serial_get(void);
// Lets it interrupt for received bytes.
void serial_listen(void);
// Waits until all is sent, but not for ever.
void serial_flush(void);

#endif
