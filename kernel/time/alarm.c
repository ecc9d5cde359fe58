// SPDX-License-Identifier: BSD-2-Clause
// The alarm: setitimer(ITIMER_REAL), on the one timer the host gives each VM.
//
// The next expiry is in the process's entry, because exec keeps an alarm (POSIX) and fork does not.
// The other two interval timers count processor time, which the host does not measure for us: they
// are refused with EINVAL rather than made to tick wrongly.

#include "kernel/api/errno.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"

void timer_boot(void)
{
    if (proc_vm->alarm_ns)
        pv_set_timer(proc_vm->alarm_ns);
}

void timer_expired(void)
{
    struct proc *p = proc_vm;
    uint64_t now = pv_mono_ns();
    if (!p->alarm_ns) // switched off while the event was on its way
        return;
    if (now < p->alarm_ns) {
        pv_set_timer(p->alarm_ns);
        return;
    }
    signal_post(p, SIGALRM, NULL);
    if (!p->alarm_interval_ns) {
        p->alarm_ns = 0;
        return;
    }
    // Expiries that were missed are one signal; the period keeps its phase.
    uint64_t missed = (now - p->alarm_ns) / p->alarm_interval_ns;
    p->alarm_ns += (missed + 1) * p->alarm_interval_ns;
    pv_set_timer(p->alarm_ns);
}

// The setting as getitimer() reports it: time left, never 0 while armed.
static struct k_itimerval current(void)
{
    struct proc *p = proc_vm;
    struct k_itimerval v = {.interval = clock_ns_timeval(p->alarm_interval_ns)};
    uint64_t now = pv_mono_ns();
    if (p->alarm_ns) {
        uint64_t left = p->alarm_ns > now ? p->alarm_ns - now : 0;
        v.value = clock_ns_timeval(left < NS_PER_US ? NS_PER_US : left);
    }
    return v;
}

static void arm(uint64_t ns, uint64_t interval)
{
    struct proc *p = proc_vm;
    uint64_t was = p->alarm_ns;
    p->alarm_ns = ns ? clock_deadline(ns) : 0;
    p->alarm_interval_ns = ns ? interval : 0;
    if (was || p->alarm_ns) // alarm(0) without an alarm is common, and an exit is not free
        pv_set_timer(p->alarm_ns);
}

long sys_setitimer(int which, const struct k_itimerval *value, struct k_itimerval *old)
{
    uint64_t ns = 0, interval = 0;
    long r = 0;
    if (which != ITIMER_REAL)
        return -EINVAL;
    if ((value && user_readable(value, sizeof *value) < 0) ||
        (old && user_writable(old, sizeof *old) < 0))
        return -EFAULT;
    if (value && (clock_timeval_ns(&value->value, &ns) < 0 ||
                  clock_timeval_ns(&value->interval, &interval) < 0))
        return -EINVAL;
    sys_enter(); // an expiry in between must not see half a setting
    struct k_itimerval was = current();
    arm(ns, interval); // Linux: no value switches it off
    if (old)
        *old = was;
    sys_leave(&r);
    return r;
}

long sys_getitimer(int which, struct k_itimerval *value)
{
    if (which != ITIMER_REAL)
        return -EINVAL;
    if (user_writable(value, sizeof *value) < 0)
        return -EFAULT;
    *value = current();
    return 0;
}
