// SPDX-License-Identifier: BSD-2-Clause
// The machine state given to a SA_SIGINFO handler: Linux x86-64's layout of ucontext_t.
#ifndef RAMET_API_UCONTEXT_H
#define RAMET_API_UCONTEXT_H

#include <stdint.h>
#include "signal.h"

// R8..R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP, RIP, EFL, CSGSFS, ERR, TRAPNO, OLDMASK, CR2.
#define K_NGREG 23

struct k_ucontext {
    uint64_t flags;
    void *link;
    struct k_stack stack;
    uint64_t gregs[K_NGREG];
    void *fpregs; // FXSAVE area, or NULL inside a system call
    uint64_t reserved[8];
    k_sigset_t sigmask; // in force after the handler; the handler may change it
};
_Static_assert(sizeof(struct k_ucontext) == 304, "the libc's ucontext_t is laid out alike");

#endif
