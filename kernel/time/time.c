// SPDX-License-Identifier: BSD-2-Clause
// Clocks, sleeping and processor time. The host's time-stamp counter and boot_info give the time
// without an exit; CLOCK_MONOTONIC is the family's, so it agrees between its VMs.
//
// Processor time is real time less the time asleep: the host does not tell how long it ran others
// instead. All of it counts as user time: kernel and program are one image.

#include "kernel/api/errno.h"
#include "kernel/api/resource.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/thread/thread.h"

#define MAX_SEC (INT64_MAX / (int64_t)NS_PER_SEC)

int clock_timespec_ns(const struct k_timespec *ts, uint64_t *ns)
{
    if (ts->sec < 0 || ts->nsec < 0 || ts->nsec >= (int64_t)NS_PER_SEC)
        return -EINVAL;
    // Times beyond 292 years become the largest number: "for ever", not an error.
    *ns = ts->sec >= MAX_SEC ? (uint64_t)INT64_MAX
                             : (uint64_t)ts->sec * NS_PER_SEC + (uint64_t)ts->nsec;
    return 0;
}

int clock_timeval_ns(const struct k_timeval *tv, uint64_t *ns)
{
    if (tv->usec < 0 || tv->usec >= 1000000)
        return -EINVAL;
    struct k_timespec ts = {tv->sec, tv->usec * (int64_t)NS_PER_US};
    return clock_timespec_ns(&ts, ns);
}

struct k_timespec clock_ns_timespec(uint64_t ns)
{
    return (struct k_timespec){(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC)};
}

struct k_timeval clock_ns_timeval(uint64_t ns)
{
    return (struct k_timeval){(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC / NS_PER_US)};
}

uint64_t clock_deadline(uint64_t ns)
{
    uint64_t now = pv_mono_ns();
    return ns < PV_FOREVER - now ? now + ns : PV_FOREVER;
}

// Time since the start, less what was slept: the host's scheduling counts as ours, since nobody
// tells.
uint64_t clock_cpu_ns(void)
{
    uint64_t total = pv_mono_ns() - proc_vm->start_ns;
    return total > wait_asleep_ns ? total - wait_asleep_ns : 0;
}

void clock_boot(void)
{
    wait_asleep_ns = proc_vm->asleep_ns;
}

void clock_exec(void)
{
    proc_vm->asleep_ns = wait_asleep_ns;
}

void clock_fork_child(void)
{
    wait_asleep_ns = 0;
}

// --- clocks ---

// A thread's clock by its number, as Linux's clock ids have it (pthread_getcpuclockid()).
#define IS_THREAD_CLOCK(clock) ((clock) < 0 && ((clock)&7) == 6)
#define THREAD_OF(clock)       ((int)(~((unsigned)(clock) >> 3) & 0x1fffffffu))

static int read_thread_clock(int tid, uint64_t *ns)
{
    if (thread_hooks)
        return thread_hooks->cpu_time(tid, ns);
    if (tid && tid != proc_self->pid)
        return -ESRCH;
    *ns = clock_cpu_ns(); // a lone thread's is the process's
    return 0;
}

// There is one clock: names that Linux tells apart read the same.
static int read_clock(int clock, uint64_t *ns)
{
    if (IS_THREAD_CLOCK(clock))
        return read_thread_clock(THREAD_OF(clock), ns);
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *ns = pv_wall_ns();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *ns = pv_mono_ns();
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        return read_thread_clock(0, ns);
    case CLOCK_PROCESS_CPUTIME_ID:
        *ns = clock_cpu_ns();
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_clock_gettime(int clock, struct k_timespec *ts)
{
    uint64_t ns;
    if (user_writable(ts, sizeof *ts) < 0)
        return -EFAULT;
    int r = read_clock(clock, &ns);
    if (r < 0)
        return r;
    *ts = clock_ns_timespec(ns);
    return 0;
}

long sys_uptime(void)
{
    return (long)((pv_mono_ns() - window_root()->started_ns) / NS_PER_SEC);
}

long sys_clock_getres(int clock, struct k_timespec *ts)
{
    uint64_t ns;
    if (ts && user_writable(ts, sizeof *ts) < 0)
        return -EFAULT;
    if (read_clock(clock, &ns) < 0)
        return -EINVAL;
    if (ts)
        *ts = (struct k_timespec){0, 1};
    return 0;
}

long sys_clock_settime(int clock, const struct k_timespec *ts)
{
    uint64_t ns;
    if (user_readable(ts, sizeof *ts) < 0)
        return -EFAULT;
    if (clock != CLOCK_REALTIME || clock_timespec_ns(ts, &ns) < 0)
        return -EINVAL;
    return -EPERM; // the clock is the host's, and no process of a family may set that
}

// --- sleeping ---

static int sleep_never_ready(void *arg)
{
    (void)arg;
    return 0;
}

// The monotonic time at which a sleep until `ns` of `clock` ends.
static uint64_t absolute_deadline(int clock, uint64_t ns)
{
    if (clock != CLOCK_REALTIME)
        return ns;
    // The wall clock does not jump within a family (clock_settime() is refused), so converting once
    // is enough.
    uint64_t wall = pv_wall_ns();
    return ns > wall ? clock_deadline(ns - wall) : 0;
}

static int tell_left(struct k_timespec *rem, uint64_t deadline)
{
    uint64_t now = pv_mono_ns();
    if (user_writable(rem, sizeof *rem) < 0) // checked before the wait, not since
        return -EFAULT;
    *rem = clock_ns_timespec(deadline > now ? deadline - now : 0);
    return 0;
}

long sys_clock_nanosleep(int clock, int flags, const struct k_timespec *req, struct k_timespec *rem)
{
    uint64_t ns, seen = current->handled;
    int absolute = flags & TIMER_ABSTIME;
    long r;
    if (user_readable(req, sizeof *req) < 0 || (rem && user_writable(rem, sizeof *rem) < 0))
        return -EFAULT;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    if (clock_timespec_ns(req, &ns) < 0)
        return -EINVAL;
    struct wait w = {.ready = sleep_never_ready, .spin = 1};
    w.deadline = absolute ? absolute_deadline(clock, ns) : clock_deadline(ns);
    do {
        sys_enter();
        // A stop and continue goes on sleeping; a handler ends the sleep, SA_RESTART or not
        // (POSIX).
        r = current->handled != seen ? -EINTR : wait_for(&w);
        // Before the handler: it finds the time left, and may take that memory away.
        if (r == -ERESTART && rem && !absolute && tell_left(rem, w.deadline) < 0)
            r = -EFAULT;
    } while (sys_leave(&r));
    return r;
}

// --- usage ---

long sys_getrusage(int who, struct k_rusage *usage)
{
    uint64_t ns = clock_cpu_ns();
    const int thread = 1; // Linux's RUSAGE_THREAD
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != thread)
        return -EINVAL;
    if (user_writable(usage, sizeof *usage) < 0)
        return -EFAULT;
    memset(usage, 0, sizeof *usage);
    if (who == thread)
        read_thread_clock(0, &ns);
    usage->utime = who == RUSAGE_CHILDREN ? proc_self->cutime : clock_ns_timeval(ns);
    return 0;
}
