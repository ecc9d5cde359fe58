// SPDX-License-Identifier: BSD-2-Clause
// The guest's side of abi/companion.h.
#ifndef SHIM_COMPANION_H
#define SHIM_COMPANION_H

#include "abi/companion.h"
#include "arch/x86_64/shim/boot/bootinfo.h"

struct companion_memory {
    uint64_t ram; // private memory ends, and the window begins, at this physical address
    uint64_t window_size, image_size;
};

// Reads COMPANION_OPTION from the command line. 0: there is no companion.
int companion_find(const char *cmdline, struct companion_memory *m);
// Tells the companion where `page` is (zeroed, in private memory, page-aligned).
void companion_hello(struct companion_page *page, uint64_t pa);
// Waits to be told what to run. Valid until the next call.
const struct companion_start *companion_wait_start(void);
int companion_here(void);
// The companion has rung: what it says of the time.
void companion_catch_up(void);

int64_t companion_call(const struct pv_call *call, uint32_t size);
int64_t companion_console(const struct pv_console *c);
int64_t companion_spawn(const struct pv_exec *c);
int64_t companion_fork(const struct pv_fork *c);
// The program has died with this wait(2) status.
_Noreturn void companion_end(uint32_t status);

#endif
