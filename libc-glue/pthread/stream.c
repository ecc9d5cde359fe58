// SPDX-License-Identifier: BSD-2-Clause
// What newlib's inner locks do in a program with several threads, and the locks of its streams:
// they are made when the second thread is about to be, of all streams there are, and from then on
// with each.
//
// At exit() another thread may wait in the read of a stream and have its lock, for ever perhaps.
// The streams are closed all the same: then a lock that another has is taken for free.
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>

#include "libc-glue/pthread/locks.h"
#include "libc-glue/pthread/pthread.h"

void __sinit(struct _reent *re);

static int exiting;

static _LOCK_T lock_make(void)
{
    return calloc(1, sizeof(struct __lock));
}

static void lock_destroy(_LOCK_T lock)
{
    free(lock);
}

static int inner_take(_LOCK_T l, int wait)
{
    struct thread *self = thread_self();
    uint32_t free_word = 0;
    if (l->owner == self) {
        l->count++;
        return 1;
    }
    if (!__atomic_compare_exchange_n(&l->word, &free_word, 1, 0, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        if (!wait || exiting)
            return exiting;
        quick_take((struct quick_lock *)&l->word);
    }
    l->owner = self;
    l->count = 1;
    return 1;
}

static void inner_drop(_LOCK_T l)
{
    if (l->owner != thread_self() || --l->count)
        return;
    l->owner = NULL;
    quick_drop((struct quick_lock *)&l->word);
}

static void at_exit(void)
{
    exiting = 1;
}

static const struct lock_calls calls = {lock_make, lock_destroy, inner_take, inner_drop, at_exit};

static void each_stream(void (*call)(FILE *f, void *arg), void *arg)
{
    for (struct _glue *g = &_GLOBAL_REENT->__sglue; g; g = g->_next)
        for (int i = 0; i < g->_niobs; i++)
            if (g->_iobs[i]._flags)
                call(&g->_iobs[i], arg);
}

static void make_one(FILE *f, void *arg)
{
    (void)arg;
    f->_lock = lock_make();
}

void stream_locks_make(void)
{
    if (!_GLOBAL_REENT->__sdidinit)
        __sinit(_GLOBAL_REENT);
    each_stream(make_one, NULL);
    glue_locks = &calls;
}

static void release_one(FILE *f, void *owner)
{
    struct __lock *l = f->_lock;
    if (l && l->owner == owner) {
        l->count = 1;
        inner_drop(l);
    }
}

// A thread that was cancelled in the middle of a call on a stream.
void stream_locks_release(struct thread *t)
{
    each_stream(release_one, t);
}

static void reset_one(FILE *f, void *self)
{
    struct __lock *l = f->_lock;
    if (l && l->owner != self)
        *l = (struct __lock){0};
}

// In the child of a fork: what the others had.
void stream_locks_reset(struct thread *self)
{
    each_stream(reset_one, self);
}
