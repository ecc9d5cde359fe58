// SPDX-License-Identifier: BSD-2-Clause
// newlib's <time.h> with Linux's clock numbers instead of its own.
//
// newlib defines the numbers as macros without asking. The kernel's header may have been included
// before (by <sys/stat.h>, say), so its values are put aside while newlib's file is read.
#ifndef _RAMET_TIME_H
#define _RAMET_TIME_H

#include <ramet/time.h>

#pragma push_macro("CLOCK_REALTIME")
#pragma push_macro("CLOCK_MONOTONIC")
#pragma push_macro("CLOCK_PROCESS_CPUTIME_ID")
#pragma push_macro("CLOCK_THREAD_CPUTIME_ID")
#pragma push_macro("CLOCK_MONOTONIC_RAW")
#pragma push_macro("CLOCK_REALTIME_COARSE")
#pragma push_macro("CLOCK_MONOTONIC_COARSE")
#pragma push_macro("CLOCK_BOOTTIME")
#pragma push_macro("TIMER_ABSTIME")

#include_next <time.h>

#pragma pop_macro("CLOCK_REALTIME")
#pragma pop_macro("CLOCK_MONOTONIC")
#pragma pop_macro("CLOCK_PROCESS_CPUTIME_ID")
#pragma pop_macro("CLOCK_THREAD_CPUTIME_ID")
#pragma pop_macro("CLOCK_MONOTONIC_RAW")
#pragma pop_macro("CLOCK_REALTIME_COARSE")
#pragma pop_macro("CLOCK_MONOTONIC_COARSE")
#pragma pop_macro("CLOCK_BOOTTIME")
#pragma pop_macro("TIMER_ABSTIME")

#undef CLOCK_REALTIME_ALARM // newlib's; the kernel has none
#undef CLOCK_BOOTTIME_ALARM
#undef CLK_TCK // obsolete; sysconf(_SC_CLK_TCK) is 100, not CLOCKS_PER_SEC

#define TIME_UTC 1

_BEGIN_STD_C
extern long timezone;
extern int daylight;
time_t timegm(struct tm *);
int stime(const time_t *);
int timespec_get(struct timespec *, int);
_END_STD_C

#endif
