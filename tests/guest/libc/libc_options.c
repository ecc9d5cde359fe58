// SPDX-License-Identifier: BSD-2-Clause
//
// What <unistd.h> says at compile time and sysconf() at run time is the same: which options there
// are differs between systems, that the two agree does not.
#include "tests/guest/check.h"

// A macro that is not defined, -1 or 0 leaves the answer to sysconf() (XBD <unistd.h>); one that is
// greater promises it.
static void agree(const char *name, long macro, int number)
{
    errno = 0;
    long value = sysconf(number);
    say("%s: %d %s", name, macro <= 0 || value > 0, err_name(errno));
}

#ifndef _POSIX_THREADS
#define _POSIX_THREADS -1
#endif
#ifndef _POSIX_SEMAPHORES
#define _POSIX_SEMAPHORES -1
#endif
#ifndef _POSIX_ASYNCHRONOUS_IO
#define _POSIX_ASYNCHRONOUS_IO -1
#endif
#ifndef _POSIX_MESSAGE_PASSING
#define _POSIX_MESSAGE_PASSING -1
#endif
#ifndef _POSIX_MEMLOCK
#define _POSIX_MEMLOCK -1
#endif
#ifndef _POSIX_PRIORITY_SCHEDULING
#define _POSIX_PRIORITY_SCHEDULING -1
#endif
#ifndef _POSIX_SHARED_MEMORY_OBJECTS
#define _POSIX_SHARED_MEMORY_OBJECTS -1
#endif

int main(void)
{
    agree("version", _POSIX_VERSION, _SC_VERSION);
    agree("job control", _POSIX_JOB_CONTROL, _SC_JOB_CONTROL);
    agree("saved ids", _POSIX_SAVED_IDS, _SC_SAVED_IDS);
    agree("regular expressions", _POSIX_REGEXP, _SC_REGEXP);
    agree("shell", _POSIX_SHELL, _SC_SHELL);
    agree("spawn", _POSIX_SPAWN, _SC_SPAWN);
    agree("fsync", _POSIX_FSYNC, _SC_FSYNC);
    agree("mapped files", _POSIX_MAPPED_FILES, _SC_MAPPED_FILES);
    agree("timers", _POSIX_TIMERS, _SC_TIMERS);
    agree("monotonic clock", _POSIX_MONOTONIC_CLOCK, _SC_MONOTONIC_CLOCK);
    agree("clock selection", _POSIX_CLOCK_SELECTION, _SC_CLOCK_SELECTION);
    agree("realtime signals", _POSIX_REALTIME_SIGNALS, _SC_REALTIME_SIGNALS);
    agree("threads", _POSIX_THREADS, _SC_THREADS);
    agree("semaphores", _POSIX_SEMAPHORES, _SC_SEMAPHORES);
    agree("asynchronous I/O", _POSIX_ASYNCHRONOUS_IO, _SC_ASYNCHRONOUS_IO);
    agree("messages", _POSIX_MESSAGE_PASSING, _SC_MESSAGE_PASSING);
    agree("locked memory", _POSIX_MEMLOCK, _SC_MEMLOCK);
    agree("scheduling", _POSIX_PRIORITY_SCHEDULING, _SC_PRIORITY_SCHEDULING);
    agree("shared memory", _POSIX_SHARED_MEMORY_OBJECTS, _SC_SHARED_MEMORY_OBJECTS);
    return 0;
}
