// SPDX-License-Identifier: BSD-2-Clause
// newlib's <stdio.h> with getline(), which it keeps under an inner name, and Linux's renameat2().
#ifndef _RAMET_STDIO_H
#define _RAMET_STDIO_H

#include_next <stdio.h>
#include <sys/types.h>

#define RENAME_NOREPLACE 1 // K_RENAME_* of <ramet/fcntl.h>
#define RENAME_EXCHANGE  2

_BEGIN_STD_C
int renameat2(int, const char *, int, const char *, unsigned);
ssize_t getdelim(char **__restrict, size_t *__restrict, int, FILE *__restrict);
ssize_t getline(char **__restrict, size_t *__restrict, FILE *__restrict);
_END_STD_C

#endif
