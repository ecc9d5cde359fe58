// SPDX-License-Identifier: BSD-2-Clause
// newlib's <string.h> with GNU's names and texts of errors and signals.
#ifndef _RAMET_STRING_H
#define _RAMET_STRING_H

#include_next <string.h>

#if __GNU_VISIBLE
_BEGIN_STD_C
// "ENOENT", and the text strerror() has; "TERM" and strsignal()'s. NULL for a number there is not.
const char *strerrorname_np(int);
const char *strerrordesc_np(int);
const char *sigabbrev_np(int);
const char *sigdescr_np(int);
_END_STD_C
#endif

#endif
