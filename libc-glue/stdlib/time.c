// SPDX-License-Identifier: BSD-2-Clause
// Clocks, sleeping, interval timers. Neighbour: tz.c (the calendar).
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "libc-glue/glue.h"

#define TICKS_PER_SECOND 100 // sysconf(_SC_CLK_TCK), the unit of times()

// Reading a clock is a function call and a few instructions: the kernel is in the same address
// space and computes the time from the processor's counter. There is no need for a page like
// Linux's vDSO.
int clock_gettime(clockid_t clock, struct timespec *ts)
{
    return (int)glue_ret(sys_clock_gettime(clock, K(k_timespec, ts)));
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
    return (int)glue_ret(sys_clock_settime(clock, KC(k_timespec, ts)));
}

int clock_getres(clockid_t clock, struct timespec *ts)
{
    return (int)glue_ret(sys_clock_getres(clock, K(k_timespec, ts)));
}

// Returns the error number and leaves errno alone (XSH clock_nanosleep()), unlike nanosleep(). REM
// is written only when a handler cut a relative sleep short; with TIMER_ABSTIME the caller just
// asks again with the same moment.
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *req, struct timespec *rem)
{
    glue_point_begin();
    long r = sys_clock_nanosleep(clock, flags, KC(k_timespec, req), K(k_timespec, rem));
    glue_point_end(r);
    return (int)-r;
}

int nanosleep(const struct timespec *req, struct timespec *rem)
{
    // XSH nanosleep(): by the real-time clock, but setting that must have no effect.
    // CLOCK_MONOTONIC is the clock nobody sets.
    return (int)glue_ret(-clock_nanosleep(CLOCK_MONOTONIC, 0, req, rem));
}

// The second argument has no meaning in POSIX; those who pass one anyway (an old BSD habit) must
// not read an uninitialized zone.
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec ts;
    if (tz)
        *(struct timezone *)tz = (struct timezone){0, 0};
    if (!tv)
        return 0;
    if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
        return -1;
    *tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
    return 0;
}

int settimeofday(const struct timeval *tv, const struct timezone *tz)
{
    (void)tz;
    struct timespec ts = {tv->tv_sec, tv->tv_usec * 1000};
    return clock_settime(CLOCK_REALTIME, &ts);
}

// Not the coarse clock: two calls and gettimeofday() in between must not seem to go backwards.
time_t time(time_t *t)
{
    struct timespec ts;
    if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
        return -1;
    if (t)
        *t = ts.tv_sec;
    return ts.tv_sec;
}

int stime(const time_t *t)
{
    struct timespec ts = {*t, 0};
    return clock_settime(CLOCK_REALTIME, &ts);
}

int timespec_get(struct timespec *ts, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, ts) == 0 ? base : 0;
}

// Processor time of this process only, without its children's; the unit is fixed by POSIX at a
// millionth of a second, however finely the clock counts.
clock_t clock(void)
{
    struct timespec ts;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) < 0)
        return -1;
    return ts.tv_sec * CLOCKS_PER_SEC + ts.tv_nsec / (1000000000L / CLOCKS_PER_SEC);
}

// Rounded down: user and system time of a short program may both read 0, as they do on Linux.
static clock_t ticks(const struct timeval *tv)
{
    return tv->tv_sec * TICKS_PER_SECOND + tv->tv_usec / (1000000 / TICKS_PER_SECOND);
}

// Counts from the start of the family's clock, which POSIX leaves open: only differences mean
// anything. Children count from the moment they were waited for, with theirs in turn.
clock_t times(struct tms *t)
{
    struct rusage self, children;
    struct timespec now;
    if (getrusage(RUSAGE_SELF, &self) < 0 || getrusage(RUSAGE_CHILDREN, &children) < 0 ||
        clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return -1;
    if (t)
        *t = (struct tms){
            .tms_utime = ticks(&self.ru_utime),
            .tms_stime = ticks(&self.ru_stime),
            .tms_cutime = ticks(&children.ru_utime),
            .tms_cstime = ticks(&children.ru_stime),
        };
    return now.tv_sec * TICKS_PER_SECOND + now.tv_nsec / (1000000000L / TICKS_PER_SECOND);
}

// A timer is the process' own: fork() gives the child none, exec keeps it (XSH).
int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    return (int)glue_ret(sys_setitimer(which, KC(k_itimerval, value), K(k_itimerval, old)));
}

int getitimer(int which, struct itimerval *value)
{
    return (int)glue_ret(sys_getitimer(which, K(k_itimerval, value)));
}

// Seconds left of the alarm replaced, rounded up: 0 would mean there was none.
unsigned alarm(unsigned seconds)
{
    struct itimerval value = {.it_value = {seconds, 0}}, old;
    if (setitimer(ITIMER_REAL, &value, &old) < 0)
        return 0;
    return (unsigned)old.it_value.tv_sec + (old.it_value.tv_usec > 0);
}

// A second and more is accepted, where POSIX allowed EINVAL: splitting it costs nothing.
useconds_t ualarm(useconds_t first, useconds_t interval)
{
    struct itimerval old, value = {
                              .it_value = {first / 1000000, first % 1000000},
                              .it_interval = {interval / 1000000, interval % 1000000},
                          };
    if (setitimer(ITIMER_REAL, &value, &old) < 0)
        return 0;
    return (useconds_t)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}

// What is left is rounded to the nearest second, so a handler that ran half a second before the end
// does not make the caller sleep a whole second again. alarm() and this do not disturb each other:
// sleeping uses no SIGALRM.
unsigned sleep(unsigned seconds)
{
    struct timespec left = {seconds, 0};
    if (nanosleep(&left, &left) == 0)
        return 0;
    return (unsigned)left.tv_sec + (left.tv_nsec >= 500000000L);
}

int usleep(useconds_t us)
{
    struct timespec ts = {us / 1000000, (long)(us % 1000000) * 1000};
    return nanosleep(&ts, NULL);
}
