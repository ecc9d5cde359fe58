// SPDX-License-Identifier: BSD-2-Clause
// fork() of a program with several threads: handlers around it, and this library's own locks, which
// the child must not find taken by threads that it does not have.
#include <stdlib.h>

#include "libc-glue/pthread/locks.h"
#include "libc-glue/pthread/pthread.h"

// Handlers of pthread_atfork(), the youngest first.
static struct handlers {
    struct handlers *next, *before;
    void (*prepare)(void), (*parent)(void), (*child)(void);
} * youngest, *oldest;

static void run_prepare(void)
{
    for (struct handlers *h = youngest; h; h = h->next)
        if (h->prepare)
            h->prepare();
}

// In the order in which they were given, here and below (XSH pthread_atfork()).
static void run_after(int child)
{
    for (struct handlers *h = oldest; h; h = h->before) {
        void (*call)(void) = child ? h->child : h->parent;
        if (call)
            call();
    }
}

// Taken over the clone, so that what they protect is whole in the child.
static void inner_locks(void (*call)(_LOCK_T))
{
    call(&__lock___sfp_recursive_mutex);
    call(&__lock___malloc_recursive_mutex);
}

static void before_fork(void)
{
    run_prepare();
    if (!threads_many)
        return;
    inner_locks(__retarget_lock_acquire_recursive);
    quick_take(&threads_lock);
}

static void in_parent(void)
{
    if (threads_many) {
        quick_drop(&threads_lock);
        inner_locks(__retarget_lock_release_recursive);
    }
    run_after(0);
}

// The thread that forked is the only one.
static void in_child(void)
{
    if (threads_many) {
        struct thread *self = thread_self();
        threads = self;
        self->next = NULL;
        self->tid = (int32_t)sys_gettid();
        threads_lock.word = 0;
        thread_forget_all();
        stream_locks_reset(self);
        inner_locks(__retarget_lock_release_recursive);
    }
    run_after(1);
}

static const struct fork_calls calls = {before_fork, in_parent, in_child};

void fork_calls_set(void)
{
    glue_fork = &calls;
}

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    struct handlers *h = malloc(sizeof *h);
    if (!h)
        return ENOMEM;
    *h = (struct handlers){youngest, NULL, prepare, parent, child};
    if (youngest)
        youngest->before = h;
    else
        oldest = h;
    youngest = h;
    fork_calls_set();
    return 0;
}
