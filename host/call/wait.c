// SPDX-License-Identifier: BSD-2-Clause
// Blocking: PV_CALL_WAIT on the doorbell, or on console descriptors as well.
//
// No wake-up is lost: whoever has news changes the doorbell first and then looks at our slot state
// (guests, in family_kick) or sends a signal (the supervisor). We publish the state first and
// compare the doorbell last.

#include "host/call/call.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/backend.h"

// The sooner of the guest's deadline and its timer, as time from now; 0 when it has passed.
static int time_left(struct member *m, uint64_t deadline, struct timespec *left)
{
    uint64_t now = family_now(m->family);
    if (m->timer_deadline && m->timer_deadline < deadline)
        deadline = m->timer_deadline;
    if (deadline <= now)
        return 0;
    // About 35 years: "for ever", and no overflow below.
    uint64_t ns = deadline - now < (UINT64_C(1) << 60) ? deadline - now : UINT64_C(1) << 60;
    left->tv_sec = (time_t)(ns / 1000000000u);
    left->tv_nsec = (long)(ns % 1000000000u);
    return 1;
}

// Sequentially consistent: stored before the last look at the bell, as family_kick() relies on.
static void set_state(struct member *m, enum slot_state state)
{
    atomic_store(&member_slot(m)->state, state);
}

static int has_news(struct member *m, const uint32_t *bell, uint32_t expected)
{
    // The bell covers what others in the family do, `events` what the supervisor has posted and we
    // have not yet moved, `pending` what has been moved.
    return __atomic_load_n(bell, __ATOMIC_SEQ_CST) != expected || event_posted(m) ||
           __atomic_load_n(&member_shared(m)->pending, __ATOMIC_SEQ_CST);
}

static void wait_bell(struct member *m, uint32_t *bell, uint32_t expected,
                      const struct timespec *left)
{
    set_state(m, SLOT_WAITING);
    if (!has_news(m, bell, expected))
        // The kernel compares the bell once more under its own lock, so a ring after our look ends
        // the sleep at once. Spurious returns do no harm: the guest looks for itself.
        syscall(SYS_futex, bell, FUTEX_WAIT, expected, left, NULL, 0);
    set_state(m, SLOT_RUNNING);
}

// Returns which descriptors are ready, as PV_WAIT_* bits; an end or an error counts, since the
// transfer that follows will tell.
static int64_t wait_console(struct member *m, const struct pv_wait *c, const uint32_t *bell,
                            const struct timespec *left)
{
    struct pollfd fds[3];
    uint32_t bit[3], n = 0;
    sigset_t block, none, before;
    int64_t ready = 0;

    for (int fd = 0; fd < 3; fd++) {
        if (!(c->ready & 1u << fd) || m->family->stdio[fd] == PV_STDIO_NONE)
            continue;
        fds[n] = (struct pollfd){.fd = fd, .events = fd == 0 ? POLLIN : POLLOUT};
        bit[n++] = 1u << fd;
    }
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigaddset(&block, SIGALRM);
    sigaddset(&block, SIGIO);
    // ppoll opens the mask atomically: kicks come as a signal here.
    sigprocmask(SIG_BLOCK, &block, &before);
    set_state(m, SLOT_POLLING);
    if (!has_news(m, bell, c->bell) && ppoll(fds, n, left, &none) > 0)
        for (uint32_t i = 0; i < n; i++)
            ready |= fds[i].revents ? bit[i] : 0;
    set_state(m, SLOT_RUNNING);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ready;
}

// May return for no reason: the guest looks at what it waits for by itself.
int64_t call_wait(struct member *m, struct pv_wait *c)
{
    uint32_t *bell = &family_door(m->family, m->slot)->bell;
    struct timespec left = {0};
    int64_t ready = 0;
    int sleep = time_left(m, c->deadline, &left);

    // A member with nothing to do is where a spare may be made or an idle VM put to other use; that
    // may take long, so the time is measured again.
    if (sleep && m->family->backend->idle && !has_news(m, bell, c->bell)) {
        if (m->family->backend->idle(m, &left))
            return CALL_REPLACED;
        sleep = time_left(m, c->deadline, &left);
    }
    if (c->ready & (PV_WAIT_IN | PV_WAIT_OUT | PV_WAIT_ERR))
        ready = wait_console(m, c, bell, &left);
    else if (sleep)
        wait_bell(m, bell, c->bell, &left);
    else
        sched_yield(); // a lock's owner may be off the processor
    // On every way out: what ended the sleep is in `pending` before the guest runs again.
    event_collect(m);
    return ready;
}
