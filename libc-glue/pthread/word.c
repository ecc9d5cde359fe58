// SPDX-License-Identifier: BSD-2-Clause
// Waiting: for words, until deadlines, in cancellation points; and this library's own small lock.
#include "libc-glue/pthread/pthread.h"

// Cannot fail for the two clocks it is asked about.
static uint64_t now_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

// The wall clock does not jump within a family, so converting once is enough.
int __pt_wait_deadline(clockid_t clock, const struct timespec *ts, uint64_t *deadline)
{
    if (ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000)
        return EINVAL;
    if (ts->tv_sec < 0) {
        *deadline = 0;
        return 0;
    }
    if (ts->tv_sec > INT64_MAX / 1000000000 - 1) {
        *deadline = FOREVER;
        return 0;
    }
    const uint64_t at = (uint64_t)ts->tv_sec * 1000000000u + (uint64_t)ts->tv_nsec;
    const uint64_t now = now_ns(clock);
    if (clock == CLOCK_MONOTONIC)
        *deadline = at;
    else
        *deadline = at > now ? now_ns(CLOCK_MONOTONIC) + (at - now) : 0;
    return 0;
}

// A word that had changed already is no error to callers, who look again anyway: EAGAIN becomes 0.
// Without POINT a handler runs in between and the wait goes on in the kernel.
int __pt_glue_wait(const uint32_t *word, uint32_t value, uint64_t deadline, int point)
{
    long r;
    if (point) {
        glue_point_begin();
        r = sys_word_wait(word, value, deadline, K_WORD_ANY);
        glue_point_end(r);
    } else {
        r = sys_word_wait(word, value, deadline, K_WORD_NO_SIG);
    }
    return r == -EAGAIN ? 0 : (int)-r;
}

// Having waited once it marks the lock as waited for, since it cannot know whether others still
// are: at worst the next drop makes a call for nobody.
void __pt_quick_take(struct quick_lock *l)
{
    uint32_t free = 0;
    if (__atomic_compare_exchange_n(&l->word, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&l->word, 2, __ATOMIC_ACQUIRE))
        __pt_glue_wait(&l->word, 2, FOREVER, 0);
}

// Wakes one, which marks the lock again and so wakes the next in its turn.
void __pt_quick_drop(struct quick_lock *l)
{
    if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2)
        __pt_glue_wake(&l->word, 1);
}
