// SPDX-License-Identifier: BSD-2-Clause
// Cancellation (XSH 2.9.5).
//
// The kernel keeps whether a thread was asked to end, and lets go of what it waits for in a
// cancellation point; asynchronously, it calls `end` where the program would go on. In between the
// thread looks for itself: glue_point_begin() and glue_point_end() around the calls that are
// cancellation points (libc-glue/glue.h).
#include "libc-glue/pthread/pthread.h"

int pthread_cancel(pthread_t id)
{
    struct thread *t = (struct thread *)id;
    if (t == thread_self()) {
        if (!threads_many)
            return 0;
        sys_thread_cancel(0);
        if (sys_thread_self()->state & K_CANCEL_ASYNC)
            pthread_testcancel();
        return 0;
    }
    sys_thread_cancel(t->tid);
    return 0; // also of one that is over and not joined
}

void pthread_testcancel(void)
{
    const struct k_thread *t = sys_thread_self();
    if (t->pending && !(t->state & K_CANCEL_DISABLED))
        thread_cancelled_end();
}

static int swap_bit(uint32_t bit, int on)
{
    struct k_thread *t = sys_thread_self();
    const int was = (t->state & bit) != 0;
    t->state = on ? t->state | bit : t->state & ~bit;
    return was;
}

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

void __pthread_cleanup_push(struct __pthread_cleanup *c)
{
    struct thread *t = thread_self();
    c->__next = t->cleanup;
    t->cleanup = c;
}

void __pthread_cleanup_pop(struct __pthread_cleanup *c, int execute)
{
    thread_self()->cleanup = c->__next;
    if (execute)
        c->__routine(c->__arg);
}
