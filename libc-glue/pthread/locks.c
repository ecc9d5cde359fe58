// SPDX-License-Identifier: BSD-2-Clause
// The locks inside of newlib (its "retargetable" ones): of malloc(), streams, the environment...
//
// In a program with one thread they do nothing, and streams have none: what they do in one with
// several is behind glue_locks, which pthread_create() sets (libc-glue/pthread/stream.c), so that
// programs without __pt_threads do not have it in their image.
#include <stddef.h>

#include "libc-glue/pthread/locks.h"

// NULL until the second thread is about to be made; never set back.
const struct lock_calls *glue_locks;

// By newlib's names.
struct __lock __lock___sinit_recursive_mutex, __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex, __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex, __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex, __lock___dd_hash_mutex, __lock___arc4random_mutex;

// A lock that newlib makes while there is one thread is NULL and stays so, but for those of
// streams, which are all made when the second thread comes.
void __retarget_lock_init(_LOCK_T *lock)
{
    *lock = glue_locks ? glue_locks->make() : NULL;
}

// All locks are recursive, so newlib's two kinds are one here and below.
void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    __retarget_lock_init(lock);
}

// Without threads no lock was made, so there is none to free.
void __retarget_lock_close(_LOCK_T lock)
{
    if (glue_locks)
        glue_locks->destroy(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    __retarget_lock_close(lock);
}

// Never a cancellation point: a thread that ended in here would leave half a change behind.
void __retarget_lock_acquire(_LOCK_T lock)
{
    if (glue_locks && lock)
        glue_locks->take(lock, 1);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    __retarget_lock_acquire(lock);
}

// Not 0: taken (newlib's convention is that of its callers: ftrylockfile()).
int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return glue_locks && lock ? glue_locks->take(lock, 0) : 1;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    return __retarget_lock_try_acquire(lock);
}

// By a thread that does not have it nothing happens: a stream that was closed at exit may have been
// another's.
void __retarget_lock_release(_LOCK_T lock)
{
    if (glue_locks && lock)
        glue_locks->drop(lock);
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    __retarget_lock_release(lock);
}
