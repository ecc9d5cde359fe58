// SPDX-License-Identifier: BSD-2-Clause
// Waiting until a word of memory changes: what mutexes, condition variables, semaphores and
// barriers of the C library are made of, as futex(2) is on Linux.
//
// A word of private memory is seen by this process alone: its waiters are parked, in the order in
// which they came, and a wake-up takes as many as it says. A word in the window may be looked at by
// any member: its waiters stand in one of the window's queues, chosen by the word's place, and are
// all woken; each goes on only if the word has changed. So whoever wakes must have changed it
// before, which all of the C library does. Neighbours: sched.c, kernel/window/waitq.c.

#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/mem/shared.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/thread/sched.h"

// By the word's cache line: two words with one queue only wake each other for nothing. All members
// compute the same, as the offset in the window is the same for all.
static struct waitq *window_queue(const uint32_t *word)
{
    const uint64_t offset = (uint64_t)((const uint8_t *)word - window_base);
    return &window_root()->word_queues[offset / 64 % WORD_QUEUES];
}

// Returns how many of this process's own were woken, and 0 for a word of the window, where nobody
// counts. At most N, the longest waiting first; those of another word in the same bucket are passed
// over.
uint32_t word_wake(const uint32_t *word, uint32_t n)
{
    uint32_t woken = 0;
    if (shm_is_window((uintptr_t)word)) {
        waitq_wake(window_queue(word));
        return 0;
    }
    for (struct kthread *t, *next = sched_parked(word)->head; (t = next) && woken < n;) {
        next = t->next;
        if (t->word != word)
            continue;
        t->woken = 1;
        sched_ready(t, 0);
        woken++;
    }
    return woken;
}

// What has_changed() compares; lies on the waiter's stack for as long as it waits.
struct word_wait {
    const uint32_t *word;
    uint32_t expected;
    unsigned flags; // K_WORD_OWNED
};

// A member that is killed rings every door (docs/window.md), so a waiter looks then.
static int has_changed(void *arg)
{
    const struct word_wait *w = arg;
    const int owned = (w->flags & K_WORD_OWNED) != 0;
    if (user_readable(w->word, (owned ? 2 : 1) * sizeof *w->word) < 0)
        return -EFAULT;
    if (owned && w->word[1] && lock_owner_dead(w->word[1]))
        return -EOWNERDEAD;
    return __atomic_load_n(w->word, __ATOMIC_SEQ_CST) != w->expected;
}

// In the window, or by the only thread, which nobody but a handler or another member will wake.
static long wait_looking(struct word_wait *word, uint64_t deadline)
{
    struct waitq *queue = window_queue(word->word);
    const struct wait w = {.ready = has_changed,
                           .arg = word,
                           .queues = &queue,
                           .nqueues = (uint32_t)shm_is_window((uintptr_t)word->word),
                           .deadline = deadline};
    int r = wait_for(&w);
    if (r == 0)
        return -ETIMEDOUT;
    return r > 0 ? 0 : r;
}

// Parked. The look at the word and the parking are one, as no other thread runs in between.
static long wait_parked(struct word_wait *w, uint64_t deadline)
{
    for (;;) {
        if (has_changed(w))
            return 0;
        if (signal_deliverable() || thread_cancelled())
            return -ERESTART;
        if (pv_mono_ns() >= deadline)
            return -ETIMEDOUT;
        current->word = w->word;
        current->deadline = deadline;
        current->woken = 0;
        current->state = THREAD_PARKED;
        thread_queue_push(sched_parked(w->word), current);
        sched_want_timer(deadline);
        sched_switch();
        if (current->woken)
            return 0;
    }
}

// A handler runs, and the wait is over with -EINTR, or goes on. The word is looked at again then:
// what the handler did may be what was waited for.
long sys_word_wait(const uint32_t *word, uint32_t expected, uint64_t deadline, unsigned flags)
{
    struct word_wait w = {word, expected, flags};
    long again = -EAGAIN, r;
    if (user_readable(word, sizeof *word) < 0 || (uintptr_t)word % sizeof *word)
        return -EFAULT;
    do {
        sys_enter();
        if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != expected)
            r = again;
        else if (wait_threads && !shm_is_window((uintptr_t)word))
            r = wait_parked(&w, deadline);
        else
            r = wait_looking(&w, deadline);
        again = 0;
    } while (sys_leave(&r) || (r == -EINTR && (flags & K_WORD_NO_SIG) && !thread_cancelled()));
    return r;
}

// To wake nobody is no error. The word must only be readable: it is not looked at, its address is
// what counts.
long sys_word_wake(const uint32_t *word, uint32_t n)
{
    if (user_readable(word, sizeof *word) < 0)
        return -EFAULT;
    sys_enter();
    const uint32_t woken = word_wake(word, n);
    return sys_done((long)woken);
}
