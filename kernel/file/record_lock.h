// SPDX-License-Identifier: BSD-2-Clause
// Locks on files, as the program sees them: fcntl()'s ranges and flock()'s whole files. One entry
// each in the table root.rlocks (kernel/file/record_lock.c, kernel/file/record_lock_calls.c).
#ifndef RAMET_KERNEL_FLOCK_H
#define RAMET_KERNEL_FLOCK_H

#include <stdint.h>
#include "kernel/window/window.h"

enum rlock_kind {
    RLOCK_FREE = 0,
    RLOCK_RANGE = 1, // fcntl(): held by a process
    RLOCK_WISH = 2,  // a range that a process waits for, so that circles can be seen
    RLOCK_WHOLE = 3, // flock(): held by an open file description; no business of the ranges
};

struct rlock {
    uint32_t kind; // enum rlock_kind
    int32_t pid;   // owner of a range or wish
    struct wref inode;
    uint32_t type;       // F_RDLCK or F_WRLCK; F_UNLCK in a request
    uint64_t start, end; // bytes [start, end]
    struct wref file;    // owner of a whole one
    uint32_t slot;       // of a range or wish: its process's
    uint32_t turn;       // owners of locks on the file in the order in which they came
    uint32_t seen;       // a wish that rlock_circle() has followed
    uint32_t reserved[4];
};
_Static_assert(sizeof(struct rlock) == 64, "one cache line");

// All under root.flock_lock.
// Sets, changes or removes what `want` says, for its owner. 0, -EAGAIN (a conflict; of a whole file
// the owner's old lock is gone, so who waits must be woken) or -ENOLCK (table full; nothing has
// changed).
int rlock_set(const struct rlock *want);
// The lock of another owner that keeps `want` from being set, the first of several; or NULL.
struct rlock *rlock_conflict(const struct rlock *want);
// Whether waiting for `want` would close a circle of processes that wait for each other.
int rlock_circle(const struct rlock *want);
// Frees all entries of the owner: of a process on one file, or of a description.
void rlock_drop_process(int32_t pid, struct wref inode);
void rlock_drop_file(struct wref file);

#endif
