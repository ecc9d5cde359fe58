// SPDX-License-Identifier: BSD-2-Clause
// Time inside the kernel: unit conversions, processor time, the alarm (kernel/time/time.c,
// kernel/time/alarm.c).
#ifndef RAMET_KERNEL_CLOCK_H
#define RAMET_KERNEL_CLOCK_H

#include <stdint.h>
#include "kernel/api/errno.h"
#include "kernel/api/time.h"
#include "kernel/entry.h"
#include "kernel/proc/proc.h"

#define NS_PER_SEC UINT64_C(1000000000)
#define NS_PER_US  UINT64_C(1000)

// A relative time as nanoseconds, saturating below PV_FOREVER. -EINVAL if it is no valid time.
int clock_timespec_ns(const struct k_timespec *ts, uint64_t *ns);
int clock_timeval_ns(const struct k_timeval *tv, uint64_t *ns);
struct k_timespec clock_ns_timespec(uint64_t ns);
struct k_timeval clock_ns_timeval(uint64_t ns);
// now + ns, saturating: the deadline of a wait.
uint64_t clock_deadline(uint64_t ns);

// The deadline of a wait as a program asks for it: 0 for no time at all, PV_FOREVER without a
// timeout (NULL). 0, -EFAULT or -EINVAL.
static inline int clock_timeout(const struct k_timespec *timeout, uint64_t *deadline)
{
    uint64_t ns;
    *deadline = PV_FOREVER;
    if (!timeout)
        return 0;
    if (user_readable(timeout, sizeof *timeout) < 0)
        return -EFAULT;
    if (clock_timespec_ns(timeout, &ns) < 0)
        return -EINVAL;
    *deadline = ns ? clock_deadline(ns) : 0;
    return 0;
}

// Processor time of this process so far: real time since it began less the time asleep in pv_wait.
// An approximation: time the host gave to others counts as ours.
uint64_t clock_cpu_ns(void);

// At boot: goes on counting from what the window kept over exec.
void clock_boot(void);
// Just before exec: keeps the count in the window.
void clock_exec(void);
void clock_fork_child(void);

// Sets the host's timer for what is due next: at boot, as exec keeps timers and limits; and when
// this VM is another process's, or a limit has changed.
void timer_boot(void);
void timer_fork_child(void);
// Not 0: a timer of processor time is to be set anew by timer_resume(), on the way back to the
// program.
extern int timer_lapsed;
void timer_resume(void);
// events_handle() calls this on PV_EVENT_TIMER: posts the signals of what is due.
void timer_expired(void);

#endif
