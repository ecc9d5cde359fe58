// SPDX-License-Identifier: BSD-2-Clause
// <ucontext.h>: a program's own coroutines. POSIX dropped them in 2008; programs did not.
#ifndef _UCONTEXT_H
#define _UCONTEXT_H

#include <sys/cdefs.h>
#include <sys/ucontext.h>

__BEGIN_DECLS
// Notes where the program is: setcontext() returns from here a second time. 0.
int getcontext(ucontext_t *) __attribute__((__returns_twice__));
// Goes on there, and returns only when that fails.
int setcontext(const ucontext_t *);
// Both at once: returns when somebody goes on at the first.
int swapcontext(ucontext_t *__restrict, const ucontext_t *__restrict);
// A context that getcontext() has filled is to call a function, on the stack in uc_stack, and to go
// on at uc_link when it returns; without one the process ends.
void makecontext(ucontext_t *, void (*)(void), int, ...);
__END_DECLS

#endif
