// SPDX-License-Identifier: BSD-2-Clause
// Interval timers and the limit of processor time, on the one timer the host gives each VM.
//
// What is set lies in the process's entry, because exec keeps it (POSIX) and fork does not.
// ITIMER_REAL expires by the clock. ITIMER_VIRTUAL, ITIMER_PROF and RLIMIT_CPU expire by processor
// time, which passes as fast as the clock while the process runs: the host's timer is set to when
// they would be due if it never slept. If it did, the timer comes too early, and is set anew on the
// way back to the program (timer_resume), so a process that sleeps is woken for it at most once.
// Processor time is all one here, user and system (time.c), so VIRTUAL and PROF tick alike.

#include "kernel/api/errno.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc/vfork.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/thread/thread.h"

// Set at an expiry that leaves processor time to be watched: the way back to the program arms the
// timer again, since it is then that processor time goes on.
int timer_lapsed;

static uint64_t armed; // what the host's timer is set to; 0: it is off

// --- when ---

static uint64_t limit_ns(uint64_t seconds)
{
    if (seconds >= PV_FOREVER / NS_PER_SEC)
        return PV_FOREVER;
    return (seconds ? seconds : 1) * NS_PER_SEC; // as Linux: no process ends before it began
}

// The processor time at which something is due; PV_FOREVER: nothing ever is.
static uint64_t cpu_due(const struct proc *p)
{
    const struct k_rlimit *limit = &p->rlimits[RLIMIT_CPU];
    uint64_t due = limit_ns(min_u64(limit->cur, limit->max));
    if (vfork_borrowed()) // the VM's time is its owner's
        return PV_FOREVER;
    for (int i = 0; i < PROC_CPU_TIMERS; i++)
        if (p->cpu_timer[i].next)
            due = min_u64(due, p->cpu_timer[i].next);
    return due;
}

// The sooner of the two decides, whichever timer it is of: timer_expired() looks at all.
static void arm(void)
{
    const struct proc *p = proc_vm;
    uint64_t due = cpu_due(p), used = clock_cpu_ns();
    // 0 is "off" in p->alarm_ns and to the host, PV_FOREVER "off" in between, where the sooner one
    // is looked for.
    uint64_t deadline = p->alarm_ns ? p->alarm_ns : PV_FOREVER;
    if (due != PV_FOREVER)
        deadline = min_u64(deadline, clock_deadline(due > used ? due - used : 0));
    deadline = min_u64(deadline, thread_due);
    if (deadline == PV_FOREVER)
        deadline = 0;
    if (armed || deadline) // alarm(0) without an alarm is common, and an exit is not free
        pv_set_timer(deadline);
    armed = deadline;
}

void timer_boot(void)
{
    arm();
}

// XSH fork(): timers are not inherited. The entry has none; a limit on processor time it has.
void timer_fork_child(void)
{
    armed = 0; // a clone's timer is off (abi/pv.h)
    timer_lapsed = 0;
    arm();
}

void timer_resume(void)
{
    timer_lapsed = 0;
    arm();
}

// --- expiries ---

// The next expiry after `now` of one that has passed: those missed are one signal, and the period
// keeps its phase. 0: there is no period.
static uint64_t next_expiry(uint64_t was, uint64_t interval, uint64_t now)
{
    return interval ? was + ((now - was) / interval + 1) * interval : 0;
}

static void check_cpu_timers(struct proc *p, uint64_t used)
{
    static const int sigs[PROC_CPU_TIMERS] = {SIGVTALRM, SIGPROF};
    for (int i = 0; i < PROC_CPU_TIMERS; i++) {
        struct proc_cpu_timer *t = &p->cpu_timer[i];
        if (!t->next || used < t->next)
            continue;
        signal_post(p, sigs[i], NULL);
        t->next = next_expiry(t->next, t->interval, used);
    }
}

// POSIX setrlimit(): SIGXCPU at the soft limit; Linux: and each second after, SIGKILL at the hard
// one.
static void check_cpu_limit(struct proc *p, uint64_t used)
{
    struct k_rlimit *limit = &p->rlimits[RLIMIT_CPU];
    if (used >= limit_ns(limit->max)) {
        signal_post(p, SIGKILL, NULL);
    } else if (used >= limit_ns(limit->cur)) {
        signal_post(p, SIGXCPU, NULL);
        limit->cur = used / NS_PER_SEC + 1;
    }
}

// At an event of the host's timer, in the kernel and with no lock held. May come too early, or when
// nothing is due any more.
void timer_expired(void)
{
    struct proc *p = proc_vm;
    uint64_t now = pv_mono_ns();
    // The host's timer is one-shot: it is off now, whatever we had set it to.
    armed = 0;
    if (p->alarm_ns && now >= p->alarm_ns) {
        signal_post(p, SIGALRM, NULL);
        p->alarm_ns = next_expiry(p->alarm_ns, p->alarm_interval_ns, now);
    }
    if (cpu_due(p) <= clock_cpu_ns()) {
        check_cpu_timers(p, clock_cpu_ns());
        check_cpu_limit(p, clock_cpu_ns());
    }
    uint64_t next = p->alarm_ns ? p->alarm_ns : PV_FOREVER;
    if (thread_due > now) // else the scheduler is about to say when it wants the timer next
        next = min_u64(next, thread_due);
    if (next != PV_FOREVER) // also in the middle of a wait
        pv_set_timer(armed = next);
    timer_lapsed = cpu_due(p) != PV_FOREVER;
}

// --- settings ---

// The time left, never 0 while armed.
static struct k_timeval time_left(uint64_t next, uint64_t now)
{
    uint64_t left = next > now ? next - now : 0;
    return clock_ns_timeval(next ? (left < NS_PER_US ? NS_PER_US : left) : 0);
}

// A setting as getitimer() reports it.
static struct k_itimerval setting(int which)
{
    const struct proc *p = proc_vm;
    if (which == ITIMER_REAL)
        return (struct k_itimerval){.interval = clock_ns_timeval(p->alarm_interval_ns),
                                    .value = time_left(p->alarm_ns, pv_mono_ns())};
    const struct proc_cpu_timer *t = &p->cpu_timer[which - ITIMER_VIRTUAL];
    return (struct k_itimerval){.interval = clock_ns_timeval(t->interval),
                                .value = time_left(t->next, clock_cpu_ns())};
}

// Without sys_enter() around it an expiry could fall between the two halves of a setting.
static void set_timer(int which, uint64_t ns, uint64_t interval)
{
    struct proc *p = proc_vm;
    // XSH setitimer(): a value of 0 disarms, whatever the interval says.
    interval = ns ? interval : 0;
    if (which == ITIMER_REAL) {
        p->alarm_ns = ns ? clock_deadline(ns) : 0;
        p->alarm_interval_ns = interval;
    } else {
        uint64_t next = ns ? clock_cpu_ns() + ns : 0;
        p->cpu_timer[which - ITIMER_VIRTUAL] = (struct proc_cpu_timer){next, interval};
    }
    arm();
}

long sys_setitimer(int which, const struct k_itimerval *value, struct k_itimerval *old)
{
    uint64_t ns = 0, interval = 0;
    long r = 0;
    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    if ((value && user_readable(value, sizeof *value) < 0) ||
        (old && user_writable(old, sizeof *old) < 0))
        return -EFAULT;
    if (value && (clock_timeval_ns(&value->value, &ns) < 0 ||
                  clock_timeval_ns(&value->interval, &interval) < 0))
        return -EINVAL;
    sys_enter(); // an expiry in between must not see half a setting
    // The checks were before: from here on nothing fails, or the old setting would be lost.
    struct k_itimerval was = setting(which);
    set_timer(which, ns, interval); // Linux: no value switches it off
    if (old)
        *old = was;
    sys_leave(&r);
    return r;
}

long sys_getitimer(int which, struct k_itimerval *value)
{
    long r = 0;
    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    if (user_writable(value, sizeof *value) < 0)
        return -EFAULT;
    sys_enter();
    *value = setting(which);
    sys_leave(&r);
    return r;
}
