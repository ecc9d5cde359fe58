// SPDX-License-Identifier: BSD-2-Clause
// Paravirtual calls in the shim.
#ifndef SHIM_CALL_H
#define SHIM_CALL_H

#include <stdint.h>

#include "arch/x86_64/shim/trap.h"

// Once: where the strings of EXEC are kept while memory is replaced, PV_ARG_MAX bytes.
void call_init(char *scratch);
// Fills the page at PV_CALL_VA.
void call_page_init(void);
// SYSCALL does not work here: from now on calls are made by UD2. Whether `f`, an invalid opcode, is
// one of those: it then stands behind the instruction.
void call_page_use_ud2(void);
int call_is_ud2(struct frame *f);
// The call whose argument struct f->rdi points to.
void call_dispatch(struct frame *f);
// Ends the program with a wait(2) status.
_Noreturn void call_end(uint32_t status);

#endif
