// SPDX-License-Identifier: BSD-2-Clause
// Locks in the window: spin, then yield, and take over from the dead.
//
// A lock is held for microseconds, but its owner's monitor may lose the processor meanwhile, and
// there may be more VMs than processors: so a waiter spins about as long as a critical section
// takes, then gives the processor away for a moment, each time for a longer one. Each time round it
// asks whether the owner is still alive. Neighbours: abi/window.h (doors: who died),
// kernel/proc/exit.c (who was buried).

#include "kernel/window/lock.h"
#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/window/window.h"

#define SLOT_BITS  12
#define SLOT_MASK  ((1u << SLOT_BITS) - 1)
#define SPIN_TURNS 256u              // of arch_pause(): some 10 us
#define YIELD_NS   UINT64_C(50000)   // the first nap, and the longest: each is twice as long as the
#define YIELD_MAX  UINT64_C(3200000) // one before, as a herd must not wake faster than it gets in

static uint32_t self; // our owner word

// In each VM before its first lock: in a fork's child, too, whose word would be its parent's.
void lock_init_self(uint32_t slot)
{
    self = window_door(slot)->gen << SLOT_BITS | slot;
}

// The VM's slot, not the process': under vfork() a child runs in its parent's.
uint32_t lock_self_slot(void)
{
    return self & SLOT_MASK;
}

uint32_t lock_self(void)
{
    return self;
}

// The generation tells a slot's last process from its present one; of its bits those that fit
// count.
int lock_owner_dead(uint32_t owner)
{
    uint32_t slot = owner & SLOT_MASK;
    if (owner == self)
        return 0;
    const struct window_door *door = window_door(slot);
    // Acquire: if the slot has moved on, what its last process wrote is visible.
    const uint32_t gen = __atomic_load_n(&door->gen, __ATOMIC_ACQUIRE);
    if ((gen << SLOT_BITS) >> SLOT_BITS != owner >> SLOT_BITS)
        return 1;
    const uint64_t death = __atomic_load_n(&door->death, __ATOMIC_ACQUIRE);
    if (death && WINDOW_DEATH_GEN(death) == gen)
        return 1;
    // Buried already, but the slot not reused: death is 0 again.
    return __atomic_load_n(&door->gone, __ATOMIC_ACQUIRE) == door->gen;
}

void lock_owner_gone(uint32_t slot)
{
    struct window_door *door = window_door(slot);
    __atomic_store_n(&door->gone, door->gen, __ATOMIC_RELEASE);
}

// The monitor reads `critical` when it is about to end this VM. It is raised before the lock is
// ours (or the first of a few stores is done) and lowered after it is free; the compiler must keep
// that order, the processor does (stores are not reordered, and the exchange is a full barrier).
static void critical_add(int32_t n)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint32_t *)&pv_shared->critical += (uint32_t)n;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

// Nests. Until the end a kill from the supervisor waits, so no wait may lie inside but for a
// lock's.
void critical_begin(void)
{
    critical_add(1);
}

void critical_end(void)
{
    critical_add(-1);
}

// One attempt, replacing the owner word `expected`.
static int grab(struct wlock *lock, uint32_t expected)
{
    critical_add(1);
    // Acquire: the critical section sees what the last owner did.
    if (__atomic_compare_exchange_n((uint32_t *)&lock->owner, &expected, self, 0, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
        return 1;
    critical_add(-1);
    return 0;
}

// Gives the processor away for a moment. Events that are pending already would end the wait at
// once; they are for the way out of the kernel, and put aside meanwhile. The bell may ring: then
// this returns at once, and spinning on is as good.
static void nap(uint64_t ns)
{
    uint32_t events = __atomic_exchange_n(&pv_shared->pending, 0, __ATOMIC_SEQ_CST);
    pv_wait(window_door(lock_self_slot())->bell, pv_mono_ns() + ns, 0);
    if (events)
        __atomic_fetch_or(&pv_shared->pending, events, __ATOMIC_SEQ_CST);
}

// 0, or -EOWNERDEAD: the lock is ours, and what it protects may be half done. Never fails
// otherwise. The owner may not take it again.
int lock_take(struct wlock *lock)
{
    // On one processor the owner does not get on while we look.
    const uint32_t turns = boot_info->spin ? SPIN_TURNS : 1;
    for (uint64_t rest = YIELD_NS;; rest = rest < YIELD_MAX ? 2 * rest : rest) {
        for (uint32_t turn = 0; turn < turns; turn++) {
            if (__atomic_load_n((uint32_t *)&lock->owner, __ATOMIC_RELAXED) == 0 && grab(lock, 0))
                return 0;
            arch_pause();
        }
        uint32_t owner = __atomic_load_n((uint32_t *)&lock->owner, __ATOMIC_RELAXED);
        if (owner == self)
            panic("lock taken twice");
        // Two VMs may find the owner dead at once: only one replaces its word.
        if (owner && lock_owner_dead(owner) && grab(lock, owner))
            return -EOWNERDEAD;
        nap(rest);
    }
}

int lock_try(struct wlock *lock)
{
    return __atomic_load_n((uint32_t *)&lock->owner, __ATOMIC_RELAXED) == 0 && grab(lock, 0);
}

void lock_drop(struct wlock *lock)
{
    // Release: the next owner sees what we did.
    __atomic_store_n((uint32_t *)&lock->owner, 0, __ATOMIC_RELEASE);
    critical_add(-1);
}
