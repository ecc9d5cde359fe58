// SPDX-License-Identifier: BSD-2-Clause
// The clock a boot_info describes (abi/pv.h): how fast the time-stamp counter runs, and what the
// time was at one value of it.
#ifndef SHIM_CLOCK_H
#define SHIM_CLOCK_H

#include <stdint.h>

// Under emulation the rate is measured, which takes time that others can use: call this first, and
// clock_init() as late as can be. Needs device_map().
void clock_begin(void);

// Fills the fields of the same names: ns = ((rdtsc - tsc_base) * tsc_mult >> 32) + mono_base_ns.
// Monotonic time counts from the machine's start. wall_base_ns is 0 where no source knows the date.
// Needs acpi_init(). Never fails and never hangs: with no source at all, a guess of 1 GHz and a
// line.
void clock_init(uint64_t *tsc_base, uint64_t *tsc_mult, uint64_t *mono_base_ns,
                uint64_t *wall_base_ns);

// --- its parts, in files of their own ---

// The rate by CPUID and paravirtual clocks (clock.c) or by a timer (calibrate.c), as ns per
// tick in 32.32 fixed point; 0: unknown.
uint64_t clock_calibrate(void);
// The same number for a counter of `hz`.
uint64_t clock_mult_of_hz(uint64_t hz);
// Seconds since 1970 by the CMOS clock (rtc.c); 0: there is none, or it makes no sense.
uint64_t clock_rtc_seconds(void);

#endif
