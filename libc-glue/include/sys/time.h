// SPDX-License-Identifier: BSD-2-Clause
// newlib's <sys/time.h>; the timer numbers come from the kernel's header (the values are equal).
#ifndef _RAMET_SYS_TIME_H
#define _RAMET_SYS_TIME_H

#include <ramet/time.h>
#include_next <sys/time.h>

#endif
