// SPDX-License-Identifier: BSD-2-Clause
// newlib's inner locks, of a program with several __pt_threads (locks.c, stream.c).
#ifndef RAMET_GLUE_LOCKS_H
#define RAMET_GLUE_LOCKS_H

#include <stdint.h>
#include <sys/lock.h>

struct thread;

// All are recursive.
struct __lock {
    uint32_t word; // a struct quick_lock
    uint32_t count;
    struct thread *owner;
};

struct lock_calls {
    _LOCK_T (*make)(void); // NULL: no memory, and then none
    void (*destroy)(_LOCK_T lock);
    int (*take)(_LOCK_T lock, int wait); // whether it is taken
    void (*drop)(_LOCK_T lock);
    void (*at_exit)(void); // after the program's own handlers, before streams are closed
};
extern const struct lock_calls *glue_locks; // NULL: there is one thread

extern struct __lock __lock___malloc_recursive_mutex, __lock___sfp_recursive_mutex;

#endif
