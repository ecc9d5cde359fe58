// SPDX-License-Identifier: BSD-2-Clause
// <ucontext.h>: the types only. POSIX dropped getcontext() and its kin in 2008; none is offered.
#ifndef _UCONTEXT_H
#define _UCONTEXT_H

#include <sys/ucontext.h>

#endif
