// SPDX-License-Identifier: BSD-2-Clause
// What newlib's inner locks do in a program with several __pt_threads, and the locks of its
// streams: they are made when the second thread is about to be, of all streams there are, and from
// then on with each.
//
// At exit() another thread may wait in the read of a stream and have its lock, for ever perhaps.
// The streams are closed all the same: then a lock that another has is taken for free.
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>

#include "libc-glue/pthread/locks.h"
#include "libc-glue/pthread/pthread.h"

void __sinit(struct _reent *re);

// Set once, by exit(), before the streams are closed.
static int exiting;

// NULL without memory: then this lock keeps nobody out, which is better than no stream at all.
static _LOCK_T lock_make(void)
{
    return calloc(1, sizeof(struct __lock));
}

static void lock_destroy(_LOCK_T lock)
{
    free(lock);
}

// Whether it is taken: always, if it may wait. At exit one that another has is passed over without
// being owned, so that inner_drop() leaves it alone.
static int inner_take(_LOCK_T l, int wait)
{
    struct thread *self = __pt_self();
    uint32_t free_word = 0;
    if (l->owner == self) {
        l->count++;
        return 1;
    }
    if (!__atomic_compare_exchange_n(&l->word, &free_word, 1, 0, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        if (!wait || exiting)
            return exiting;
        __pt_quick_take((struct quick_lock *)&l->word);
    }
    l->owner = self;
    l->count = 1;
    return 1;
}

// Nothing for who does not have it: see inner_take(). The owner is cleared before the word is free,
// or it would be the next owner's name that is wiped out.
static void inner_drop(_LOCK_T l)
{
    if (l->owner != __pt_self() || --l->count)
        return;
    l->owner = NULL;
    __pt_quick_drop((struct quick_lock *)&l->word);
}

// After the program's own handlers: those may still print and have to keep others out.
static void at_exit(void)
{
    exiting = 1;
}

static const struct lock_calls calls = {lock_make, lock_destroy, inner_take, inner_drop, at_exit};

// All that are in use, in newlib's chain of blocks of them; a free one has no flags.
static void each_stream(void (*call)(FILE *f, void *arg), void *arg)
{
    for (struct _glue *g = &_GLOBAL_REENT->__sglue; g; g = g->_next)
        for (int i = 0; i < g->_niobs; i++)
            if (g->_iobs[i]._flags)
                call(&g->_iobs[i], arg);
}

// A stream that is opened later gets its lock from newlib, through
// __retarget_lock_init_recursive().
static void make_one(FILE *f, void *arg)
{
    (void)arg;
    f->_lock = lock_make();
}

// The standard streams must exist by then, so newlib is told to make them. The calls are set last,
// when every stream has its lock.
void __pt_stream_locks_make(void)
{
    if (!_GLOBAL_REENT->__sdidinit)
        __sinit(_GLOBAL_REENT);
    each_stream(make_one, NULL);
    glue_locks = &calls;
}

// However often it was taken: the count goes to 1, so that one drop sets it free.
static void release_one(FILE *f, void *owner)
{
    struct __lock *l = f->_lock;
    if (l && l->owner == owner) {
        l->count = 1;
        inner_drop(l);
    }
}

// A thread that was cancelled in the middle of a call on a stream.
void __pt_stream_locks_release(struct thread *t)
{
    each_stream(release_one, t);
}

// Nobody of those who had it, or wait for it, is in the child, so it is simply free. The forking
// thread's own stay taken: it gives them back itself.
static void reset_one(FILE *f, void *self)
{
    struct __lock *l = f->_lock;
    if (l && l->owner != self)
        *l = (struct __lock){0};
}

// In the child of a fork: what the others had.
void __pt_stream_locks_reset(struct thread *self)
{
    each_stream(reset_one, self);
}
