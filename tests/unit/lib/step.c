// SPDX-License-Identifier: BSD-2-Clause
// See step.h. The host clears the trap flag for a signal's handler and restores it afterwards.
#include "tests/unit/lib/step.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#define RFLAGS_TF "$0x100"

static void (*looker)(void);

static void on_trap(int sig)
{
    int saved = errno;
    (void)sig;
    if (looker)
        looker();
    errno = saved;
}

void step_begin(void (*look)(void))
{
    struct sigaction act = {.sa_handler = on_trap};
    looker = look;
    sigaction(SIGTRAP, &act, NULL);
    // The host's code may use the 128 bytes below the stack pointer (psABI 3.2.2).
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\tpushfq\n\torq " RFLAGS_TF
                     ", (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp" ::
                         : "memory", "cc");
}

void step_end(void)
{
    looker = NULL;
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"
                     "leaq 128(%%rsp), %%rsp" ::
                         : "memory", "cc");
}
