// SPDX-License-Identifier: BSD-2-Clause
// fork() of a program with several __pt_threads: handlers around it, and this library's own locks,
// which the child must not find taken by __pt_threads that it does not have.
#include <stdlib.h>

#include "libc-glue/pthread/locks.h"
#include "libc-glue/pthread/pthread.h"

// Handlers of pthread_atfork(), the youngest first.
static struct handlers {
    struct handlers *next, *before;
    void (*prepare)(void), (*parent)(void), (*child)(void);
} * youngest, *oldest;

// Backwards, so that a library's handler runs before those of what it stands on: whoever was set up
// last lets go first (XSH pthread_atfork()).
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

// The program's handlers come first, as they may allocate and print: after them this library's
// locks are taken, which they would wait for in vain. With one thread there is nobody to have them.
static void before_fork(void)
{
    run_prepare();
    if (!__pt_threads_many)
        return;
    inner_locks(__retarget_lock_acquire_recursive);
    __pt_quick_take(&__pt_threads_lock);
}

// The reverse of before_fork(): the locks are free again before a handler of the program runs.
// Called too when the clone failed, so that nothing stays taken.
static void in_parent(void)
{
    if (__pt_threads_many) {
        __pt_quick_drop(&__pt_threads_lock);
        inner_locks(__retarget_lock_release_recursive);
    }
    run_after(0);
}

// The thread that forked is the only one.
static void in_child(void)
{
    if (__pt_threads_many) {
        struct thread *self = __pt_self();
        __pt_threads = self;
        self->next = NULL;
        self->tid = (int32_t)sys_gettid();
        __pt_threads_lock.word = 0;
        __pt_forget_all();
        __pt_stream_locks_reset(self);
        inner_locks(__retarget_lock_release_recursive);
    }
    run_after(1);
}

// What fork() calls, through a pointer, so that a program without threads and handlers has none of
// this in its image.
static const struct fork_calls calls = {before_fork, in_parent, in_child};

// Called by the first pthread_atfork() and before the second thread is made, whichever is first;
// once more does no harm.
void __pt_fork_calls_set(void)
{
    glue_fork = &calls;
}

// Any of the three may be NULL. They stay for good, as POSIX has no way to take them back; the
// child of a fork has them too. ENOMEM is the one error.
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
    __pt_fork_calls_set();
    return 0;
}
