// SPDX-License-Identifier: BSD-2-Clause
// Mutexes: normal, recursive, error-checking, robust, of one process or of several.
//
// The word of a mutex says who has it: the owner's id, WAITED if somebody may wait, DIED if its
// last owner died with it. Beside it, of a mutex shared between processes, is the owner's member,
// so that both are taken by one store: a member that is killed in between leaves either a free
// mutex or one that tells who had it. Taking a free one is one such store and no call. A robust
// mutex is in a list of its owner's, which is gone through when the thread or the process ends
// (__pt_robust_release()); after a death without an end, the kernel tells the waiters
// (K_WORD_OWNED). Priorities are accepted and mean nothing: there is one.
#include <stddef.h>

#include "libc-glue/pthread/pthread.h"

#define WAITED    0x80000000u
#define DIED      0x40000000u // unlocked by a death; or had by one who has not repaired it yet
#define LOST      0x20000000u // never to be had again (ENOTRECOVERABLE)
#define TYPE(m)   ((m)->__kind & 3u)
#define ROBUST    4u
#define SHARED    8u
#define PROTOCOL  16u // and 32
#define MAX_DEPTH 0x7fffffffu

typedef uint64_t word2;

// Owner and member as the one store has them; the owner is the lower half, on which waiters wait.
static word2 pair(uint32_t owner, uint32_t member)
{
    return (word2)member << 32 | owner;
}

// 0 for a mutex of one process, so that the child of a fork still has what its parent's thread had.
static uint32_t my_member(const pthread_mutex_t *m)
{
    return m->__kind & SHARED ? (uint32_t)sys_member() : 0;
}

// A relaxed look is enough: only this thread itself can make the answer yes, or take it back.
static int mutex_is_mine(const pthread_mutex_t *m, const struct thread *self)
{
    const word2 both = __atomic_load_n(&m->__both, __ATOMIC_RELAXED);
    return ((uint32_t)both & THREAD_ID) == self->id && both >> 32 == my_member(m);
}

// Changes both halves if they are still *WAS, which is what they are now when it fails.
static int swap(pthread_mutex_t *m, word2 *was, word2 now)
{
    return __atomic_compare_exchange_n(&m->__both, was, now, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

// --- robust ones ---

// Set while the list below is changed: the mutex that goes in or out.
static void list_robust(pthread_mutex_t *m, struct thread *self)
{
    m->__before = NULL;
    m->__next = self->robust;
    if (self->robust)
        self->robust->__before = m;
    self->robust = m;
}

// In the middle of the list when mutexes are not given back in the reverse order.
static void unlist_robust(pthread_mutex_t *m, struct thread *self)
{
    pthread_mutex_t *next = m->__next, *before = m->__before;
    if (next)
        next->__before = before;
    if (before)
        before->__next = next;
    else
        self->robust = next;
}

// They are free and marked, so the next owner gets EOWNERDEAD (XSH pthread_mutex_lock()). All are
// woken: one of them takes it and the rest wait on. NEXT is read first, as a new owner writes it.
void __pt_robust_release(struct thread *t)
{
    for (pthread_mutex_t *m = t->robust, *next; m; m = next) {
        next = m->__next;
        __atomic_exchange_n(&m->__both, pair(DIED, 0), __ATOMIC_ACQ_REL);
        __pt_glue_wake(&m->__owner, UINT32_MAX);
    }
    t->robust = NULL;
}

// The process ends: of all its __pt_threads.
static void release_all(void)
{
    for (struct thread *t = __pt_threads; t; t = t->next)
        __pt_robust_release(t);
}

// --- taking ---

// The lock is ours; of a robust one, what its last owner left.
static int taken(pthread_mutex_t *m, struct thread *self, uint32_t was)
{
    m->__count = 0;
    if (!(m->__kind & ROBUST))
        return 0;
    sys_at_end(release_all);
    list_robust(m, self);
    return was & DIED ? EOWNERDEAD : 0;
}

// One mutex_attempt: 0, EOWNERDEAD, EBUSY, or what a mutex of its own says to its owner.
static int mutex_attempt(pthread_mutex_t *m, struct thread *self, uint32_t bits)
{
    word2 was = __atomic_load_n(&m->__both, __ATOMIC_ACQUIRE);
    for (;;) {
        const uint32_t owner = (uint32_t)was;
        const int free = (owner & THREAD_ID) == 0;
        if (owner & LOST)
            return ENOTRECOVERABLE;
        if (!free)
            return EBUSY;
        if (swap(m, &was, pair(self->id | bits | (owner & (WAITED | DIED)), my_member(m))))
            return taken(m, self, owner);
    }
}

// Of one that the calling thread has already.
static int again(pthread_mutex_t *m, int trying)
{
    if (TYPE(m) == PTHREAD_MUTEX_RECURSIVE) {
        if (m->__count == MAX_DEPTH)
            return EAGAIN;
        m->__count++;
        return 0;
    }
    if (trying)
        return EBUSY;
    return TYPE(m) == PTHREAD_MUTEX_ERRORCHECK ? EDEADLK : -1; // -1: it waits for ever, as asked
}

// The owner's member died with it, and the kernel has said so: whoever is first makes it free.
static void bury_owner(pthread_mutex_t *m)
{
    word2 was = __atomic_load_n(&m->__both, __ATOMIC_ACQUIRE);
    if ((was & THREAD_ID) && sys_member_dead((uint32_t)(was >> 32)))
        swap(m, &was, pair(DIED | WAITED, 0));
}

// Waits until the owner may have changed: 0 says only to look again. WAITED is set before, or found
// set, so the owner's unlock cannot miss this waiter. Handlers run and the wait goes on.
static int wait_owner(pthread_mutex_t *m, uint64_t deadline)
{
    word2 was = __atomic_load_n(&m->__both, __ATOMIC_ACQUIRE);
    const unsigned flags =
        K_WORD_NO_SIG | (m->__kind & ROBUST && m->__kind & SHARED ? K_WORD_OWNED : 0);
    if (((uint32_t)was & THREAD_ID) == 0)
        return 0;
    if (!(was & WAITED) && !swap(m, &was, was | WAITED))
        return 0;
    const long r = sys_word_wait(&m->__owner, (uint32_t)was | WAITED, deadline, flags);
    if (r == -EOWNERDEAD)
        bury_owner(m);
    return r == -ETIMEDOUT ? ETIMEDOUT : 0;
}

// The mutex is looked at before the deadline is: one that is free is taken even when the time has
// passed (XSH pthread_mutex_timedlock()). -1 is a normal mutex that its owner waits for.
int __pt_mutex_take(pthread_mutex_t *m, uint64_t deadline)
{
    struct thread *self = __pt_self();
    int r = mutex_attempt(m, self, 0);
    if (r == EBUSY && mutex_is_mine(m, self) && (r = again(m, 0)) >= 0)
        return r;
    while (r == EBUSY || r == -1) {
        const int waited = wait_owner(m, deadline);
        if (waited == ETIMEDOUT)
            return ETIMEDOUT;
        r = mutex_attempt(m, self, WAITED); // others may wait still
    }
    return r;
}

// The usual case is the first line. Not a cancellation point: cleanup handlers would not know
// whether they have it.
int pthread_mutex_lock(pthread_mutex_t *m)
{
    word2 free = 0;
    if (m->__kind == 0 && swap(m, &free, __pt_self()->id))
        return 0;
    return __pt_mutex_take(m, FOREVER);
}

// EBUSY for the owner of any mutex but a recursive one, the error-checking kind too. It can be
// EOWNERDEAD as well, and then the mutex is the caller's.
int pthread_mutex_trylock(pthread_mutex_t *m)
{
    struct thread *self = __pt_self();
    const int r = mutex_attempt(m, self, 0);
    return r == EBUSY && mutex_is_mine(m, self) ? again(m, 1) : r;
}

// TS is only looked at when there is something to wait for (XSH pthread_mutex_timedlock()), so a
// time that is none is no error while the mutex is free.
int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock, const struct timespec *ts)
{
    uint64_t deadline;
    int r = pthread_mutex_trylock(m);
    if (r != EBUSY)
        return r;
    r = __pt_wait_deadline(clock, ts, &deadline);
    return r ? r : __pt_mutex_take(m, deadline);
}

// By the wall clock, as POSIX has it since there was no other.
int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *ts)
{
    return pthread_mutex_clocklock(m, CLOCK_REALTIME, ts);
}

// --- giving ---

// EPERM where the kind or robustness asks for a check; a normal one is set free whoever had it. A
// robust one leaves its owner's list before it is free: afterwards its links are the next owner's.
int pthread_mutex_unlock(pthread_mutex_t *m)
{
    struct thread *self = __pt_self();
    const int checks = TYPE(m) != PTHREAD_MUTEX_NORMAL || (m->__kind & ROBUST);
    if (checks && !mutex_is_mine(m, self))
        return EPERM;
    if (TYPE(m) == PTHREAD_MUTEX_RECURSIVE && m->__count) {
        m->__count--;
        return 0;
    }
    word2 left = 0;
    if (m->__kind & ROBUST) {
        unlist_robust(m, self);
        // Not made consistent: nobody gets it any more (XSH pthread_mutex_consistent()).
        left = m->__owner & DIED ? LOST : 0;
    }
    const word2 was = __atomic_exchange_n(&m->__both, left, __ATOMIC_RELEASE);
    if (was & WAITED)
        __pt_glue_wake(&m->__owner, left ? UINT32_MAX : 1);
    return 0;
}

// EINVAL unless the caller has got EOWNERDEAD for it and not given it back since. From here on its
// unlock makes it an ordinary free mutex again.
int pthread_mutex_consistent(pthread_mutex_t *m)
{
    if (!(m->__kind & ROBUST) || !(m->__owner & DIED) || !mutex_is_mine(m, __pt_self()))
        return EINVAL;
    __atomic_fetch_and(&m->__owner, ~DIED, __ATOMIC_ACQ_REL);
    return 0;
}

// The attributes are one word of bits, which becomes the mutex's kind as it is. EBUSY for one that
// is in use is left out, as POSIX does not ask for it.
int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{
    *m = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    m->__kind = a ? (unsigned)a->__kind : 0;
    return 0;
}

// EBUSY while somebody has it, which POSIX leaves undefined and Linux reports. Waiters without an
// owner are on their way to take it and are not looked for.
int pthread_mutex_destroy(pthread_mutex_t *m)
{
    return m->__owner & THREAD_ID ? EBUSY : 0;
}

int pthread_mutex_getprioceiling(const pthread_mutex_t *m, int *ceiling)
{
    (void)m, (void)ceiling;
    return EINVAL; // it has none
}

// Only a mutex with a ceiling could change it; the attribute is accepted, but no mutex keeps one.
int pthread_mutex_setprioceiling(pthread_mutex_t *m, int ceiling, int *old)
{
    (void)m, (void)ceiling, (void)old;
    return EINVAL;
}

// --- attributes ---

// Normal, private, stalled, no protocol: all bits are 0.
int pthread_mutexattr_init(pthread_mutexattr_t *a)
{
    a->__kind = 0;
    return 0;
}

// Mutexes have their own copy of the bits.
int pthread_mutexattr_destroy(pthread_mutexattr_t *a)
{
    (void)a;
    return 0;
}

// The field of `mask` that begins at `unit`.
static int set_field(pthread_mutexattr_t *a, int value, int most, unsigned mask, unsigned unit)
{
    if (value < 0 || value > most)
        return EINVAL;
    a->__kind = (int)(((unsigned)a->__kind & ~mask) | (unsigned)value * unit);
    return 0;
}

// The kinds are numbered from 0 to that of PTHREAD_MUTEX_ERRORCHECK, and the names with _NP are the
// same numbers. PTHREAD_MUTEX_DEFAULT is the normal one.
int pthread_mutexattr_settype(pthread_mutexattr_t *a, int type)
{
    return set_field(a, type, PTHREAD_MUTEX_ERRORCHECK, 3, 1);
}

// The default type is told as the normal one, as they are the same number.
int pthread_mutexattr_gettype(const pthread_mutexattr_t *a, int *type)
{
    *type = a->__kind & 3;
    return 0;
}

// Costs its owner a place in a list, so that pthread_mutex_lock() is no longer one store.
int pthread_mutexattr_setrobust(pthread_mutexattr_t *a, int robust)
{
    return set_field(a, robust, PTHREAD_MUTEX_ROBUST, ROBUST, ROBUST);
}

// PTHREAD_MUTEX_STALLED unless it was set: whoever waits for a dead owner waits for ever then.
int pthread_mutexattr_getrobust(const pthread_mutexattr_t *a, int *robust)
{
    *robust = (a->__kind & (int)ROBUST) != 0;
    return 0;
}

// A shared mutex has its owner's member in it, which is how its death is noticed.
int pthread_mutexattr_setpshared(pthread_mutexattr_t *a, int shared)
{
    return set_field(a, shared, PTHREAD_PROCESS_SHARED, SHARED, SHARED);
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *a, int *shared)
{
    *shared = (a->__kind & (int)SHARED) != 0;
    return 0;
}

// All three are accepted: with one priority nobody can be held up by somebody less important, so
// there is nothing to inherit or to protect.
int pthread_mutexattr_setprotocol(pthread_mutexattr_t *a, int protocol)
{
    return set_field(a, protocol, PTHREAD_PRIO_PROTECT, 3 * PROTOCOL, PROTOCOL);
}

// As it was set, PTHREAD_PRIO_NONE at first.
int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *a, int *protocol)
{
    *protocol = a->__kind / (int)PROTOCOL & 3;
    return 0;
}

// The range is that of SCHED_FIFO's priorities (XSH pthread_mutexattr_getprioceiling()); the value
// is forgotten.
int pthread_mutexattr_setprioceiling(pthread_mutexattr_t *a, int ceiling)
{
    (void)a;
    return ceiling < 1 || ceiling > 99 ? EINVAL : 0;
}

// The lowest there is, whatever was set.
int pthread_mutexattr_getprioceiling(const pthread_mutexattr_t *a, int *ceiling)
{
    (void)a;
    *ceiling = 1;
    return 0;
}
