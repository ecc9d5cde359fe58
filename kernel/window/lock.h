// SPDX-License-Identifier: BSD-2-Clause
// Locks in the window. Each records its owner, so that a lock whose VM died can be taken over.
//
// The owner word is (door generation << 12 | slot), so a slot's next process is not taken for the
// dead one. While a VM holds any, shared->critical is above 0: the monitor defers a kill, and
// signal handlers do not run. Held for short, bounded work only: never over a wait, a call to the
// host, or a copy that can fault (check user memory first). Order of taking: docs/window.md.
#ifndef RAMET_KERNEL_LOCK_H
#define RAMET_KERNEL_LOCK_H

#include <stdint.h>

struct wlock {
    _Atomic uint32_t owner; // 0 = free
};

// Takes the lock; spins a while, then yields. 0, or -EOWNERDEAD: the lock is ours, but its last
// owner died inside; the caller repairs the object or marks it broken.
int lock_take(struct wlock *lock);
// 1 if taken, 0 if another live VM has it.
int lock_try(struct wlock *lock);
void lock_drop(struct wlock *lock);

// Around a few stores that belong together without a lock (a descriptor's word and the reference
// it stands for, an end of a pipe and its counts): a kill waits until all are done. Nests, and
// holds signal handlers off as a lock does. For bounded work only.
void critical_begin(void);
void critical_end(void);

// This VM's owner word; set at boot and in a fork child by lock_init_self(slot).
void lock_init_self(uint32_t slot);
// The slot given to lock_init_self(); 0 before.
uint32_t lock_self_slot(void);
// The word itself, for what is owned in other ways than a struct wlock.
uint32_t lock_self(void);
// Whether the VM that wrote this owner word is gone: dead, buried, or followed by another.
int lock_owner_dead(uint32_t owner);
// Its undertaker says so, before he takes the note of its death from its door.
void lock_owner_gone(uint32_t slot);

#endif
