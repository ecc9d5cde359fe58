// SPDX-License-Identifier: BSD-2-Clause
// Time and sleep: WAIT, KICK, SET_TIMER.
//
// A sleeper waits on its doorbell's futex, in the window: whoever rings wakes it without the
// supervisor. One that waits for a descriptor as well sleeps in ppoll() and says so at its door;
// only a signal wakes it, and only the supervisor may send one.

#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "host/process/stub/stub.h"

uint64_t now_ns(void)
{
    const struct pv_boot_info *b = BOOT_PAGE;
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    const uint64_t tsc = (uint64_t)high << 32 | low;
    return (uint64_t)((unsigned __int128)(tsc - b->tsc_base) * b->tsc_mult >> 32) + b->mono_base_ns;
}

static void set_mask(uint64_t mask)
{
    sys4(SYS_rt_sigprocmask, SIG_SETMASK, (uintptr_t)&mask, 0, sizeof mask);
}

void block_signals(void)
{
    set_mask(~UINT64_C(0));
}

void unblock_signals(void)
{
    set_mask(0);
}

// --- the timer ---

void set_timer(uint64_t deadline)
{
    struct itimerval it = {0};
    STATE->timer_deadline = deadline;
    if (deadline) {
        const uint64_t now = now_ns(), us = deadline > now ? (deadline - now + 999) / 1000 : 1;
        it.it_value.tv_sec = (time_t)(us / 1000000);
        it.it_value.tv_usec = (suseconds_t)(us % 1000000);
    }
    sys3(SYS_setitimer, ITIMER_REAL, (uintptr_t)&it, 0);
}

int64_t stub_set_timer(const struct pv_set_timer *c)
{
    set_timer(c->deadline);
    return 0;
}

// --- waking ---

static long wake(uint32_t slot)
{
    return sys3(SYS_futex, (uintptr_t)&door(slot)->bell, FUTEX_WAKE, 1);
}

void stub_wake(uint32_t slot)
{
    wake(slot);
    // It set this before it looked at its bell a last time, and the bell was rung before we look.
    if (__atomic_load_n(&door(slot)->polling, __ATOMIC_SEQ_CST))
        note(STUB_KICK, slot, 0);
}

int64_t stub_kick(const struct pv_kick *c)
{
    if (!slot_valid(c->slot))
        return -ESRCH;
    if (c->flags & PV_KICK_INTERRUPT)
        return note(STUB_KICK, c->slot, PV_KICK_INTERRUPT);
    stub_wake(c->slot);
    return 0;
}

// --- sleeping ---

// 0 when the deadline has passed.
static int time_left(uint64_t deadline, struct timespec *left)
{
    const uint64_t now = now_ns(), most = UINT64_C(1) << 60; // 35 years are for ever
    if (deadline <= now)
        return 0;
    const uint64_t ns = deadline - now < most ? deadline - now : most;
    left->tv_sec = (time_t)(ns / 1000000000u);
    left->tv_nsec = (long)(ns % 1000000000u);
    return 1;
}

static int64_t wait_console(const struct pv_wait *c, const struct timespec *left)
{
    struct window_door *own = door(STATE->slot);
    struct pollfd fds[3];
    uint32_t bit[3], n = 0;
    uint64_t none = 0;
    int64_t ready = 0;

    for (int fd = 0; fd < 3; fd++) {
        if (!(c->ready & 1u << fd) || BOOT_PAGE->stdio[fd] == PV_STDIO_NONE)
            continue;
        fds[n] = (struct pollfd){.fd = fd, .events = fd == 0 ? POLLIN : POLLOUT};
        bit[n++] = 1u << fd;
    }
    // ppoll() opens the mask at once with going to sleep.
    block_signals();
    __atomic_store_n(&own->polling, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&own->bell, __ATOMIC_SEQ_CST) == c->bell && !SHARED->pending &&
        sys6(SYS_ppoll, (uintptr_t)fds, n, (uintptr_t)left, (uintptr_t)&none, sizeof none, 0) > 0)
        for (uint32_t i = 0; i < n; i++)
            ready |= fds[i].revents ? bit[i] : 0;
    __atomic_store_n(&own->polling, 0, __ATOMIC_SEQ_CST);
    unblock_signals();
    return ready;
}

int64_t stub_wait(const struct pv_wait *c)
{
    struct timespec left = {0};
    const int sleep = time_left(c->deadline, &left);
    if (c->ready & (PV_WAIT_IN | PV_WAIT_OUT | PV_WAIT_ERR))
        return wait_console(c, &left);
    if (!sleep) {
        sys2(SYS_sched_yield, 0, 0); // a lock's owner may be off the processor
        return 0;
    }
    const uint32_t stayed = place_sleep();
    stub_wait_bell(&door(STATE->slot)->bell, FUTEX_WAIT, c->bell, &left);
    place_woken(stayed);
    return 0;
}
