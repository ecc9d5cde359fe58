// SPDX-License-Identifier: BSD-2-Clause
// Time of a VM without a companion: the clock of boot_info, SET_TIMER, and sleeping.
#ifndef SHIM_TIMER_H
#define SHIM_TIMER_H

#include <stdint.h>

// CLOCK_MONOTONIC as boot_info's fields give it.
uint64_t timer_now(void);
// PV_CALL_SET_TIMER.
void timer_set(uint64_t deadline);
// The timer has interrupted.
void timer_interrupt(void);
// Sleeps until an interrupt, at `until` at the latest.
void timer_sleep(uint64_t until);

#endif
