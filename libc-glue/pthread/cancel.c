// SPDX-License-Identifier: BSD-2-Clause
// Cancellation (XSH 2.9.5).
//
// The kernel keeps whether a thread was asked to end, and lets go of what it waits for in a
// cancellation point; asynchronously, it calls `end` where the program would go on. In between the
// thread looks for itself: glue_point_begin() and glue_point_end() around the calls that are
// cancellation points (libc-glue/glue.h).
#include "libc-glue/pthread/pthread.h"

// Only asks, and returns at once (XSH pthread_cancel()). To oneself it is acted upon here when
// cancellation is asynchronous, else at the next cancellation point.
int pthread_cancel(pthread_t id)
{
    struct thread *t = (struct thread *)id;
    if (t == __pt_self()) {
        if (!__pt_threads_many)
            return 0;
        sys_thread_cancel(0);
        if (sys_thread_self()->state & K_CANCEL_ASYNC)
            pthread_testcancel();
        return 0;
    }
    sys_thread_cancel(t->tid);
    return 0; // also of one that is over and not joined
}

// A cancellation point and nothing else. It does not return when the thread was asked to end and
// lets itself be ended.
void pthread_testcancel(void)
{
    const struct k_thread *t = sys_thread_self();
    if (t->pending && !(t->state & K_CANCEL_DISABLED))
        __pt_cancelled_end();
}

// Sets or clears a bit of the calling thread's state and returns whether it was set. Nobody else
// changes the word of a thread that goes on, so no atomic operation is needed.
static int swap_bit(uint32_t bit, int on)
{
    struct k_thread *t = sys_thread_self();
    const int was = (t->state & bit) != 0;
    t->state = on ? t->state | bit : t->state & ~bit;
    return was;
}

// A request that comes while it is disabled stays pending (XSH 2.9.5.1): with the asynchronous type
// it is acted upon as soon as this enables it. OLD may be NULL, which POSIX does not promise and
// Linux allows.
int pthread_setcancelstate(int state, int *old)
{
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
        return EINVAL;
    const int was = swap_bit(K_CANCEL_DISABLED, state == PTHREAD_CANCEL_DISABLE);
    if (old)
        *old = was ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    if (sys_thread_self()->state & K_CANCEL_ASYNC)
        pthread_testcancel();
    return 0;
}

// Asynchronously the thread may end between any two instructions, so this is itself a point where
// it ends. The type counts only while cancellation is enabled.
int pthread_setcanceltype(int type, int *old)
{
    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    const int was = swap_bit(K_CANCEL_ASYNC, type == PTHREAD_CANCEL_ASYNCHRONOUS);
    if (old)
        *old = was ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
    if (type == PTHREAD_CANCEL_ASYNCHRONOUS)
        pthread_testcancel();
    return 0;
}

// The handler is a variable of the caller's block: nothing is allocated, so this cannot fail.
void __pthread_cleanup_push(struct __pthread_cleanup *c)
{
    struct thread *t = __pt_self();
    c->__next = t->cleanup;
    t->cleanup = c;
}

// Taken off before it runs: if the handler itself ends the thread, it is not run a second time.
void __pthread_cleanup_pop(struct __pthread_cleanup *c, int execute)
{
    __pt_self()->cleanup = c->__next;
    if (execute)
        c->__routine(c->__arg);
}
