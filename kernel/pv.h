// SPDX-License-Identifier: BSD-2-Clause
// Paravirtual calls as the kernel makes them, and what boot told us. Unit tests replace
// kernel/pv.c.
#ifndef RAMET_KERNEL_PV_H
#define RAMET_KERNEL_PV_H

#include <stdint.h>
#include "abi/pv.h"

extern const struct pv_boot_info *boot_info;
extern struct pv_shared *pv_shared;

// Monotonic and wall-clock nanoseconds; no exit.
uint64_t pv_mono_ns(void);
uint64_t pv_wall_ns(void);

// See abi/pv.h for each.
_Noreturn void pv_exit(uint32_t status, const void *publish, uint32_t value, uint32_t kick_slot,
                       int interrupt);
int64_t pv_wait(uint32_t bell, uint64_t deadline, uint32_t ready);
int64_t pv_kick(uint32_t slot, uint32_t flags);
int64_t pv_set_timer(uint64_t deadline);
int64_t pv_console(uint32_t fd, int write, const void *buf, uint64_t len);
int64_t pv_fork(uint32_t slot, const struct pv_range *hot, uint32_t nhot);
int64_t pv_exec(struct pv_exec *call);
int64_t pv_spawn(struct pv_exec *call);
int64_t pv_kill(uint32_t slot);
int64_t pv_release(void *addr, uint64_t len);
int64_t pv_protect(void *addr, uint64_t len, uint32_t rights);
int64_t pv_notify(uint32_t device, uint32_t queue);

#endif
