// SPDX-License-Identifier: BSD-2-Clause
// RDFSBASE, RDGSBASE, WRFSBASE and WRGSBASE for processors that lack them.
#ifndef SHIM_FSGSBASE_H
#define SHIM_FSGSBASE_H

#include "arch/x86_64/shim/trap.h"

// Does the instruction at f->rip, which was invalid, if it is one of those, and steps over it. 0:
// it is not.
int fsgsbase_emulate(struct frame *f);

#endif
