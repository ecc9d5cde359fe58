// SPDX-License-Identifier: BSD-2-Clause
// System V IPC: what shared memory, semaphores and message queues have in common.
//
// An object is an entry of its kind's table, with struct ipc_head first. An id is the entry's index
// and, above it, a number that counts what was ever made, so that an old id does not hit a new
// object. Each index has a lock of its own, outside of the entry: who holds an id that is gone
// may still take it, and finds out after. Objects stay until they are removed, as on Linux, whoever
// ends. Lock order: a registry's lock, then an object's.
// Neighbours: sysv.c; sysv_shm.c, sem.h, msg.h (the kinds); docs/ipc.md.
#ifndef RAMET_KERNEL_SYSV_H
#define RAMET_KERNEL_SYSV_H

#include <stdint.h>
#include "kernel/api/ipc.h"
#include "kernel/root.h"
#include "kernel/window/lock.h"
#include "kernel/window/window.h"

#define IPC_INDEX_BITS 15    // of an id, as on Linux
#define IPC_READ       0444u // rights that are asked for, in all three places of a mode
#define IPC_WRITE      0222u
#define IPC_ALL        0777u

struct proc;

struct ipc_head {
    uint32_t used; // 0: free
    uint32_t live; // not 0: may be found by its id; under the object's lock
    uint32_t id;   // constant
    int32_t key;   // under the registry's lock
    uint32_t mode; // permissions and, of shared memory, SHM_*; here and below under the object's
    uint32_t uid, gid;
    uint32_t cuid, cgid; // constant
    uint32_t pad;
    int64_t ctime; // seconds since 1970
};
_Static_assert(sizeof(struct ipc_head) == 48, "the same place in each kind of object");

// What a get call asks of its kind.
struct ipc_kind_ops {
    // Whether a new object can be as large (-EINVAL), and makes it: everything behind the head.
    // -ENOMEM.
    int (*make)(struct ipc_head *h, uint64_t size, int flags);
    // Whether the size that was asked for fits what is there. 0 or -EINVAL.
    int (*fits)(const struct ipc_head *h, uint64_t size);
};

// shmget() and its likes: the id for a key, made if that is wanted. -ENOENT, -EEXIST, -EACCES,
// -EINVAL, -ENOMEM, -ENOSPC (no id left). In the kernel, no lock held.
long ipc_get(enum ipc_kind kind, int32_t key, int flags, uint64_t size,
             const struct ipc_kind_ops *ops);

// The object of an id, locked. NULL and *error: -EINVAL (there is none), -EIDRM (another has its
// place). ipc_lock_at() takes an index instead.
struct ipc_head *ipc_lock(enum ipc_kind kind, int64_t id, long *error);
struct ipc_head *ipc_lock_at(enum ipc_kind kind, int64_t index, long *error);
void ipc_unlock(enum ipc_kind kind, const struct ipc_head *h);
// The same, if the caller may do all of `want` (IPC_READ, IPC_WRITE); else -EACCES.
struct ipc_head *ipc_lock_for(enum ipc_kind kind, int64_t id, uint32_t want, long *error);

// Whether the id is an object's; it may have become none by now. No lock needed.
int ipc_is_live(enum ipc_kind kind, uint32_t id);

// Whether the caller has these rights by its effective ids: 0 or -EACCES.
int ipc_may(const struct ipc_head *h, uint32_t want);
// Whether it may change and remove the object: 0 or -EPERM.
int ipc_owns(const struct ipc_head *h);

// Takes an object out of its registry, with both locks: its id is none from here on. The caller
// frees what it has, wakes who waits, and frees the entry by ipc_free().
struct ipc_head *ipc_take_out(enum ipc_kind kind, int64_t id, long *error);
void ipc_free(enum ipc_kind kind, struct ipc_head *h);

// The registry's lock, for a kind that changes a key itself.
void ipc_keys_lock(enum ipc_kind kind);
void ipc_keys_unlock(enum ipc_kind kind);

// IPC_STAT and IPC_SET: the common part of the program's structure.
void ipc_show(const struct ipc_head *h, struct k_ipc_perm *perm);
int ipc_change(struct ipc_head *h, const struct k_ipc_perm *perm); // -EPERM, -EINVAL

// The highest index that is in use, or 0: what IPC_INFO returns.
long ipc_highest(enum ipc_kind kind);
// Objects of a kind, and of all.
uint32_t ipc_count(enum ipc_kind kind);
uint32_t ipc_count_all(void);
// All objects are at indexes below this.
uint32_t ipc_bound(enum ipc_kind kind);

int64_t ipc_now(void); // seconds since 1970

// --- who waits: waits.c ---

// What a waiter waits for, for GETNCNT and the like. In root.ipc_waits.
struct ipc_wait {
    uint32_t used; // 0: free
    int32_t pid;   // whose it is: its end drops it
    uint32_t what; // enum ipc_wait_kind
    uint32_t id;   // of the object
    uint32_t num;  // of the semaphore
    uint32_t pad[11];
};
_Static_assert(sizeof(struct ipc_wait) == 64, "one cache line");
enum ipc_wait_kind { IPC_WAIT_MORE = 1, IPC_WAIT_ZERO = 2, IPC_WAIT_MESSAGE = 3 };

// An entry for a wait of this process, or NULL: the table is full, and the waiter is not counted.
struct ipc_wait *ipc_wait_begin(enum ipc_wait_kind what, uint32_t id, uint32_t num);
void ipc_wait_end(struct ipc_wait *w); // NULL: nothing
uint32_t ipc_wait_count(enum ipc_wait_kind what, uint32_t id, uint32_t num);
// At a process's end, its undertaker's too.
void ipc_wait_drop(const struct proc *p);

#endif
