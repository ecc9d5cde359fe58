// SPDX-License-Identifier: BSD-2-Clause
// Events on their way to a member: posted by the supervisor (family.h), or its timer's.
//
// A poster first sets event bits and rings the doorbell, then sends a signal. A sleeping member is
// woken by it; of one whose guest runs, the back end's interrupt function makes it stop. The bits
// are then moved to where the guest looks for them. Neighbours: kvm/upcall.c (how a running guest
// is told), call/wait.c (who sleeps).

#include <signal.h>
#include <sys/time.h>

#include "host/family/member.h"

static void (*volatile on_event)(void);
static _Atomic int alarm_came; // both ways in one step: the next alarm may come in between

// Nothing but stores and the back end's flag: it runs at any instruction of the member.
static void on_signal(int sig)
{
    void (*const interrupt)(void) = on_event;
    if (sig == SIGALRM)
        atomic_store(&alarm_came, 1);
    if (interrupt)
        interrupt();
}

void event_init(void (*interrupt)(void))
{
    struct sigaction act = {.sa_handler = on_signal}; // no SA_RESTART: blocking calls must return
    sigset_t none;
    on_event = interrupt;
    sigaction(SIGUSR1, &act, NULL);
    sigaction(SIGALRM, &act, NULL);
    signal(SIGPIPE, SIG_IGN); // PV_CALL_CONSOLE has errors for these two
    signal(SIGXFSZ, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// From here on this process is about to end or to become another member: nothing may call the old
// one's functions.
void event_shut(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

// Whether the deadline has passed is asked of the clock, not of the signal: SIGALRM says only that
// it is worth asking.
static uint32_t collect_timer(struct member *m)
{
    const int came = atomic_exchange(&alarm_came, 0);
    if (!m->timer_deadline)
        return 0;
    if (family_now(m->family) >= m->timer_deadline) {
        m->timer_deadline = 0;
        return PV_EVENT_TIMER;
    }
    // The host's clock is disciplined, the family's is not: the alarm may come too early by it, and
    // does not come twice.
    if (came)
        event_set_timer(m, m->timer_deadline);
    return 0;
}

int event_posted(const struct member *m)
{
    const struct family_slot *slot = member_slot(m);
    // PV_EVENT_KILL is meant for a process, not for whoever has its slot by now.
    return atomic_load(&slot->events) || (!m->killed && atomic_load(&slot->kill) == m->serial) ||
           atomic_load(&slot->end) == m->serial;
}

// In the member, with its guest stopped or asleep. Returns the bits that are new, which are in
// `pending` then: if there are any, the guest wants an upcall.
uint32_t event_collect(struct member *m)
{
    struct family_slot *slot = member_slot(m);
    struct pv_shared *shared = member_shared(m);
    uint32_t bits = atomic_exchange(&slot->events, 0) | collect_timer(m);
    // Once per process: the guest has taken note, and is asked to end no second time.
    if (!m->killed && atomic_load(&slot->kill) == m->serial) {
        m->killed = 1;
        bits |= PV_EVENT_KILL;
    }
    // The guest is not running, so it cannot enter a critical section now.
    if (atomic_load(&slot->end) == m->serial && !shared->critical)
        member_die(m, SIGKILL, NULL);
    if (bits)
        __atomic_fetch_or(&shared->pending, bits, __ATOMIC_SEQ_CST);
    return bits;
}

void event_set_timer(struct member *m, uint64_t deadline)
{
    struct itimerval it = {0};
    m->timer_deadline = deadline;
    if (deadline) {
        uint64_t now = family_now(m->family);
        // Rounded up: an alarm that comes too early would only be set again.
        uint64_t us = deadline > now ? (deadline - now + 999) / 1000 : 1;
        it.it_value.tv_sec = (time_t)(us / 1000000);
        it.it_value.tv_usec = (suseconds_t)(us % 1000000);
    }
    setitimer(ITIMER_REAL, &it, NULL);
}
