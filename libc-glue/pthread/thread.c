// SPDX-License-Identifier: BSD-2-Clause
// Threads: made, joined, detached, ended; once and only once.
//
// Whoever joins waits for `live` to become 0, which the kernel sets when the thread is off its
// stack. Neighbours: stack.c (memory), cancel.c, key.c, kernel/thread/calls.c.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libc-glue/pthread/pthread.h"

// In the image and not mapped: it is there before main(), and never forgotten.
struct thread __pt_first_thread = {.live = 1, .id = 1};
struct thread *__pt_threads = &__pt_first_thread;
struct quick_lock __pt_threads_lock;
int __pt_threads_many;
static uint32_t last_id = 1;

// The kernel's record of the running thread points to ours; while there is only the first one it
// may point nowhere yet.
struct thread *__pt_self(void)
{
    struct thread *t = sys_thread_self()->self;
    return t ? t : &__pt_first_thread;
}

// The address of the record: two threads that live have different ones, and one that is joined may
// give its own to the next.
pthread_t pthread_self(void)
{
    return (pthread_t)__pt_self();
}

// Numbers are compared and not looked at, so they may be of threads that are gone.
int pthread_equal(pthread_t a, pthread_t b)
{
    return a == b;
}

// --- beginning ---

// The first thing a thread does. Where it goes on when it is cancelled asynchronously must be known
// before the program's code runs.
static void thread_main(void *arg)
{
    struct thread *t = arg;
    sys_thread_self()->end = __pt_cancelled_end;
    __pt_end(t->start(t->arg));
}

// Before the second thread is made: from here on locks keep others out.
static void become_many(void)
{
    if (__pt_threads_many)
        return;
    sys_thread_self()->self = &__pt_first_thread;
    sys_thread_self()->end = __pt_cancelled_end;
    __pt_first_thread.reent = _REENT;
    __pt_stream_locks_make();
    __pt_fork_calls_set();
    __pt_threads_many = 1;
}

// The C library's state: that of the streams is everybody's.
static void make_reent(struct _reent *re)
{
    _REENT_INIT_PTR(re);
    re->_stdin = stdin;
    re->_stdout = stdout;
    re->_stderr = stderr;
    re->__sdidinit = 1;
}

// The id is never 0 in practice, which would read as a free lock: it takes THREAD_ID threads to
// come round.
static void enlist(struct thread *t)
{
    __pt_quick_take(&__pt_threads_lock);
    t->id = ++last_id & THREAD_ID;
    t->next = __pt_threads;
    __pt_threads = t;
    __pt_quick_drop(&__pt_threads_lock);
}

// Also of a thread that never began. Who walks the list has the lock, so none sees it half linked.
static void delist(struct thread *t)
{
    __pt_quick_take(&__pt_threads_lock);
    struct thread **link = &__pt_threads;
    while (*link && *link != t)
        link = &(*link)->next;
    if (*link)
        *link = t->next;
    __pt_quick_drop(&__pt_threads_lock);
}

// Everything but the start can be undone; the new thread may be over when it returns.
int pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    pthread_attr_t usual;
    pthread_attr_init(&usual);
    const pthread_attr_t *a = attr ? attr : &usual;
    become_many();
    struct thread *t = __pt_memory(a);
    if (!t)
        return EAGAIN;
    t->live = 1;
    t->start = start;
    t->arg = arg;
    t->fate = a->__detached ? THREAD_DETACHED : THREAD_JOINABLE;
    t->over = a->__detached != 0;
    make_reent(t->reent);
    struct k_thread_start how = {.entry = thread_main,
                                 .arg = t,
                                 .self = t,
                                 .thread = t->kernel,
                                 .stack = t->stack,
                                 .stack_len = t->stack_len,
                                 .pointer = t->pointer,
                                 .reent = t->reent};
    sigprocmask(SIG_SETMASK, NULL, (sigset_t *)&how.sigmask);
    enlist(t);
    *id = (pthread_t)t; // before it runs: it may look there
    const long r = sys_thread_start(&how, (void **)&_impure_ptr);
    if (r < 0) {
        delist(t);
        t->live = 0;
        __pt_forget(t);
        return (int)-r;
    }
    t->tid = (int32_t)r;
    return 0;
}

// --- end ---

// The youngest handler first (XSH pthread_exit()), each taken off before it runs, so that one which
// ends the thread again does not run twice.
static void run_cleanup(struct thread *t)
{
    while (t->cleanup) {
        struct __pthread_cleanup *c = t->cleanup;
        t->cleanup = c->__next;
        c->__routine(c->__arg);
    }
}

// Whether others live. The last one's end is exit(0) (XSH pthread_exit()).
static int is_last(const struct thread *t)
{
    return __pt_threads == t && !t->next;
}

// Handlers, then keys, then robust mutexes, as XSH pthread_exit() orders the first two;
// cancellation is off, so that none of it is cut short.
void __pt_end(void *result)
{
    struct thread *t = __pt_self();
    sys_thread_self()->state = K_CANCEL_DISABLED; // for good
    t->result = result;
    run_cleanup(t);
    __pt_keys_destroy(t);
    __pt_robust_release(t);
    if (is_last(t))
        exit(0);
    __pt_stream_locks_release(t);
    delist(t);
    if (t == &__pt_first_thread)
        sys_thread_exit(&t->live);
    t->reent->__cleanup = NULL; // that is the process's
    _reclaim_reent(t->reent);
    // Joiners and pthread_detach() look at `fate`, this thread only here: one of the two forgets.
    if (__atomic_exchange_n(&t->over, 1, __ATOMIC_ACQ_REL))
        __pt_forget(t);
    sys_thread_exit(&t->live);
}

// From the first thread, too: the others go on, and the process ends with the last one.
void pthread_exit(void *result)
{
    __pt_end(result);
}

// What a joiner gets as the result then is PTHREAD_CANCELED, which is no address of an object.
void __pt_cancelled_end(void)
{
    __pt_end(PTHREAD_CANCELED);
}

// --- joining ---

// A joinable thread's memory is forgotten by who joins it; a detached one's by the second of two:
// its end and its detachment.
int pthread_detach(pthread_t id)
{
    struct thread *t = (struct thread *)id;
    if (t->fate != THREAD_JOINABLE)
        return EINVAL;
    t->fate = THREAD_DETACHED;
    if (__atomic_exchange_n(&t->over, 1, __ATOMIC_ACQ_REL) && t != &__pt_first_thread)
        __pt_forget(t);
    return 0;
}

// EDEADLK for oneself, EINVAL for a thread that is detached or already joined. A cancellation
// point; a joiner that is cancelled leaves the thread as it was, to be joined by another.
static int join_until(pthread_t id, void **result, uint64_t deadline)
{
    struct thread *t = (struct thread *)id;
    if (t == __pt_self())
        return EDEADLK;
    if (t->fate != THREAD_JOINABLE)
        return EINVAL;
    while (__atomic_load_n(&t->live, __ATOMIC_ACQUIRE))
        if (__pt_glue_wait(&t->live, 1, deadline, 1) == ETIMEDOUT)
            return ETIMEDOUT;
    t->fate = THREAD_JOINED;
    if (result)
        *result = t->result;
    if (t != &__pt_first_thread)
        __pt_forget(t);
    return 0;
}

// When it returns the thread is off its stack, which the program may free if it was its own.
int pthread_join(pthread_t id, void **result)
{
    return join_until(id, result, FOREVER);
}

// EBUSY while it runs; else it cannot wait, as the thread is over.
int pthread_tryjoin_np(pthread_t id, void **result)
{
    const struct thread *t = (const struct thread *)id;
    return __atomic_load_n(&t->live, __ATOMIC_ACQUIRE) ? EBUSY : join_until(id, result, 0);
}

// ETIMEDOUT at a time of the wall clock; the thread stays joinable then.
int pthread_timedjoin_np(pthread_t id, void **result, const struct timespec *ts)
{
    uint64_t deadline;
    const int r = __pt_wait_deadline(CLOCK_REALTIME, ts, &deadline);
    return r ? r : join_until(id, result, deadline);
}

// --- once ---

enum { ONCE_NOT, ONCE_RUNS, ONCE_DONE };

// The one that ran it was cancelled: as if it had not been called (XSH pthread_once()).
static void once_again(void *once)
{
    __atomic_store_n((pthread_once_t *)once, ONCE_NOT, __ATOMIC_RELEASE);
    __pt_glue_wake(once, UINT32_MAX);
}

// Nobody returns before INIT has (XSH pthread_once()), and what it wrote is seen by all. Others
// wait meanwhile; if the one that runs it is cancelled, one of them runs it again.
int pthread_once(pthread_once_t *once, void (*init)(void))
{
    while (__atomic_load_n(once, __ATOMIC_ACQUIRE) != ONCE_DONE) {
        int not = ONCE_NOT;
        if (!__atomic_compare_exchange_n(once, &not, ONCE_RUNS, 0, __ATOMIC_ACQUIRE,
                                         __ATOMIC_ACQUIRE)) {
            if (not == ONCE_RUNS)
                __pt_glue_wait((uint32_t *)once, ONCE_RUNS, FOREVER, 0);
            continue;
        }
        pthread_cleanup_push(once_again, once);
        init();
        pthread_cleanup_pop(0);
        __atomic_store_n(once, ONCE_DONE, __ATOMIC_RELEASE);
        __pt_glue_wake((uint32_t *)once, UINT32_MAX);
    }
    return 0;
}
