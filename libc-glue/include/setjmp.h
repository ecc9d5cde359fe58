// SPDX-License-Identifier: BSD-2-Clause
// newlib's setjmp plus POSIX's sigsetjmp, which also saves the signal mask.
//
// sigsetjmp is a macro because setjmp must run in the frame it returns to: the mask is saved first,
// by a function, then setjmp itself is called in place.
#ifndef _RAMET_SETJMP_H
#define _RAMET_SETJMP_H

#include_next <setjmp.h>
#include <sys/_sigset.h>

typedef struct {
    jmp_buf __regs;
    int __saved; // whether __mask is to be restored
    __sigset_t __mask;
} sigjmp_buf[1];

_BEGIN_STD_C
int setjmp(jmp_buf) __attribute__((__returns_twice__));
void __sigjmp_save(sigjmp_buf, int __savemask);
void siglongjmp(sigjmp_buf, int) __attribute__((__noreturn__));
void _longjmp(jmp_buf, int) __attribute__((__noreturn__));
_END_STD_C

#define sigsetjmp(env, savemask) (__sigjmp_save(env, savemask), setjmp((env)->__regs))
#define _setjmp(env)             setjmp(env)

#endif
