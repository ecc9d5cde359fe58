// SPDX-License-Identifier: BSD-2-Clause
// newlib's <stdlib.h> plus POSIX functions it does not declare.
#ifndef _RAMET_STDLIB_H
#define _RAMET_STDLIB_H

// newlib declares itoa() and utoa(), which no standard knows and programs define for themselves.
#define itoa __newlib_itoa
#define utoa __newlib_utoa
#include_next <stdlib.h>
#undef itoa
#undef utoa

_BEGIN_STD_C
char *realpath(const char *__restrict, char *__restrict);
char *mkdtemp(char *);
int mkstemp(char *);
int mkostemp(char *, int);
int mkstemps(char *, int);
int mkostemps(char *, int, int);
int clearenv(void);
int getloadavg(double[], int);
char *secure_getenv(const char *);
_END_STD_C

#ifdef _LARGEFILE64_SOURCE
#define mkstemp64 mkstemp
#endif

#endif
