// SPDX-License-Identifier: BSD-2-Clause
// Paravirtual calls in the shim.
#ifndef SHIM_CALL_H
#define SHIM_CALL_H

#include <stdint.h>

#include "arch/x86_64/shim/trap.h"

// Once: where the strings of EXEC are kept while memory is replaced, PV_ARG_MAX bytes.
void call_init(char *scratch);
// The call whose argument struct f->rdi points to.
void call_dispatch(struct frame *f);
// Ends the program with a wait(2) status.
_Noreturn void call_end(uint32_t status);

#endif
