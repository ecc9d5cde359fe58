// SPDX-License-Identifier: BSD-2-Clause
// System V semaphores: the set behind an id (sem.c: operations; sem_ctl.c; sem_undo.c).
#ifndef RAMET_KERNEL_SEM_H
#define RAMET_KERNEL_SEM_H

#include <stdint.h>
#include "kernel/api/sem.h"
#include "kernel/ipc/sysv.h"
#include "kernel/window/waitq.h"

#define SEM_SETS   1024u
#define SEM_MSL    32000 // semaphores of a set
#define SEM_OPM    500u  // operations of a call
#define SEM_VMX    32767 // a semaphore's value
#define SEM_QUEUES 16u   // of a set, by semaphore

struct sem {
    int32_t val;
    int32_t pid; // who changed it last
};

// Under the object's lock, but for the queues. Those are in the entry, which stays an entry of this
// table whatever happens: a waker may come to one whose set is gone by then.
struct sem_set {
    struct ipc_head head;
    uint32_t nsems;   // constant
    struct wref sems; // struct sem[nsems], pages of the set's own
    int64_t otime;
    struct waitq wait_one[SEM_QUEUES]; // who waits for one semaphore, by its number % SEM_QUEUES
    struct waitq wait_all;             // who waits for several at once
    uint64_t reserved[7];
};
_Static_assert(sizeof(struct sem_set) == 256, "objects of a table are multiples of 64 bytes");

// What a process's end adds to one semaphore (SEM_UNDO). In root.sem_undos; its process's list,
// proc.sem_undo, is changed by the process or its undertaker only, `adj` under the set's lock.
struct sem_undo {
    uint32_t used; // 0: free
    uint32_t next; // of the process's, index + 1
    uint32_t id;   // of the set, which may be gone: then this means nothing
    uint32_t num;
    int32_t adj;
    uint32_t reserved[11];
};
_Static_assert(sizeof(struct sem_undo) == 64, "one cache line");

static inline struct sem *sem_at(const struct sem_set *set, uint32_t num)
{
    return (struct sem *)wref_ptr(set->sems) + num;
}

static inline struct sem_set *sem_set_of(struct ipc_head *h)
{
    return (struct sem_set *)h;
}

// After a change, with no lock held: wakes who waits for semaphores with these numbers (bit number
// % SEM_QUEUES), and who waits for several.
void sem_wake(struct sem_set *set, uint32_t queues);

// --- sem_undo.c ---
// This process's entry for a semaphore, made if there is none. NULL: the table is full.
struct sem_undo *sem_undo_get(uint32_t id, uint32_t num);
// Forgets what processes would add to the set's semaphore `num` (< 0: to all). Under its lock.
void sem_undo_forget(uint32_t id, int64_t num);
// At a process's end, its undertaker's too. No lock held.
void sem_undo_all(struct proc *p);

#endif
