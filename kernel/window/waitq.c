// SPDX-License-Identifier: BSD-2-Clause
// Waiting for another VM, and waking it, without a lock and without losing a wake-up.
//
// A waiter first spins on its condition and tells nobody: between two busy VMs nothing is written
// here at all. Then it goes to sleep in this order (all sequentially consistent):
//     W1 reads its doorbell   W2 asleep = 1, the queue's name at its door, its bit in root.waiting,
//                                its bit in every queue
//     W3 checks ready()       W4 pv_wait(value of W1), which returns at once if the bell changed
// and a waker
//     K1 makes the change     K2 fence, reads the queue; 0 = done
//     K3 takes the queue (exchange with 0)   K4 adds 1 to the bells   K5 kicks those asleep
// If W3 misses the change K1, then K2's fence comes after W2 in the one order of all such
// operations: the waker sees the waiter's bit, or another waker has taken it in between. Whoever
// took it rings the bell after W2, so after W1: W4 does not sleep, or is woken. `asleep` is set
// before the host compares the bell, so a waker that reads 0 there has rung before that comparison.
// Slots that share a bit are told apart by the name at their doors: of a thousand VMs, those asleep
// in other queues are not woken for nothing. The name is there before the bit, so whoever finds
// another name under a bit finds a VM that has moved on, or one whose bit another has set.
// A waker that dies between K3 and K5 would leave a sleeper: the steps are a critical section for
// the monitor's kill, and after a death by force the host rings every bell.
// Neighbours: kernel/pv.h (pv_wait, pv_kick), kernel/upcall.c (events_handle), docs/window.md.

#include "kernel/window/waitq.h"
#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/lib.h"
#include "kernel/window/lock.h"
#include "kernel/pv.h"
#include "kernel/window/window.h"

// How long to spin on the condition before going to sleep. Sleeping and being woken costs both
// sides together some 200 us (three exits and a wake-up across processors). A spin is wasted on
// whoever waits for long, and never ends well beside a partner who shares the processor: so a long
// one is spent only after a wait that was short; after a few in vain there are none but one now and
// then, to see whether the partner has moved; and there are none at all where there is one
// processor for all (boot_info.spin).
#define SPIN_NS       UINT64_C(20000)
#define SPIN_LONG_NS  UINT64_C(60000)
#define SPIN_PROBE_NS UINT64_C(200000) // longer than it takes to wake a partner who answers
#define SHORT_WAIT_NS UINT64_C(250000) // a sleep this short had better been a spin
#define SPIN_PAUSES   8u               // arch_pause() between two looks at the condition
#define VAIN_MAX      3u               // spins in a row that ended in sleep
#define REST_MIN      8u               // waits without a spin between two probes, at first
#define REST_MAX      1024u

uint64_t wait_asleep_ns;
const struct wait_threads *wait_threads;

// What spins have been worth: of this process, so a clone begins with its parent's.
static struct {
    uint64_t ns;   // of the next one
    uint32_t vain; // in a row
    uint32_t rest; // waits without, from one probe to the next
    uint32_t left; // of them
} spins = {.ns = SPIN_NS, .rest = REST_MIN};

// --- waking ---

// Adds 1 to a VM's doorbell and kicks it if it sleeps.
static void ring(uint32_t slot, uint32_t flags)
{
    struct window_door *door = window_door(slot);
    __atomic_add_fetch(&door->bell, 1, __ATOMIC_SEQ_CST);
    uint32_t asleep = __atomic_load_n(&door->asleep, __ATOMIC_SEQ_CST);
    if (asleep == WAIT_ALERT) // it runs, but a thread of it waits for this
        flags |= PV_KICK_INTERRUPT;
    if (asleep || flags)
        pv_kick(slot, flags); // -ESRCH: it died in its sleep
}

// A queue's name at a door: where it is in the window, which is smaller than 32 GB.
#define IN_SEVERAL 0u
#define IN_NONE    UINT32_MAX

// Never 0 or all ones, which mean something else: no queue lies at the window's beginning or end.
static uint32_t queue_name(const struct waitq *q)
{
    return (uint32_t)(((const uint8_t *)q - window_base) / sizeof *q);
}

static int sleeps_in(uint32_t slot, uint32_t name)
{
    uint32_t in = __atomic_load_n(&window_door(slot)->queue, __ATOMIC_SEQ_CST);
    return in == name || in == IN_SEVERAL;
}

// After the change that somebody may be waiting for. Too often costs a load; all in the queue are
// woken, and look for themselves.
void waitq_wake(struct waitq *q)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n((uint64_t *)&q->slots, __ATOMIC_RELAXED) == 0)
        return;
    if (wait_threads)
        wait_threads->wake(q);
    critical_begin(); // a kill is held off until the bells have rung
    uint64_t taken = __atomic_exchange_n((uint64_t *)&q->slots, 0, __ATOMIC_SEQ_CST);
    uint32_t groups = window_header()->max_slots / 64 + 1;
    for (uint32_t g = 0; taken && g < groups; g++) {
        uint64_t who =
            taken & __atomic_load_n((uint64_t *)&window_core()->waiting[g], __ATOMIC_SEQ_CST);
        for (; who; who &= who - 1) {
            uint32_t slot = g * 64 + (uint32_t)__builtin_ctzll(who);
            if (slot != lock_self_slot() && sleeps_in(slot, queue_name(q)))
                ring(slot, 0);
        }
    }
    critical_end();
}

void waitq_wake_slot(uint32_t slot, int interrupt)
{
    if (slot != lock_self_slot())
        ring(slot, interrupt ? PV_KICK_INTERRUPT : 0);
}

// --- waiting ---

static int is_interrupted(const struct wait *w)
{
    return w->interrupted ? w->interrupted() : wait_hooks.interrupted();
}

// One look: what ready() says, or why else to stop; 0 to go on.
int wait_look(const struct wait *w)
{
    if (*(volatile uint32_t *)&pv_shared->pending)
        wait_hooks.events();
    int r = w->ready(w->arg);
    if (r == 0 && is_interrupted(w))
        return -ERESTART;
    return r;
}

// At least one look, also with no time to spin. W->spin: so many looks, without asking for the
// time.
static int spin(const struct wait *w, uint64_t until)
{
    for (uint32_t turn = 1;; turn++) {
        int r = wait_look(w);
        if (r || (w->spin && turn >= w->spin) || (!w->spin && pv_mono_ns() >= until))
            return r;
        for (uint32_t i = 0; i < SPIN_PAUSES; i++)
            arch_pause();
    }
}

// W2, in the order that is written above; again before each sleep, since a waker may have taken
// bits.
static void enter_queues(const struct wait *w, uint32_t name, uint32_t slot)
{
    __atomic_store_n(&window_door(slot)->queue, name, __ATOMIC_SEQ_CST);
    __atomic_fetch_or((uint64_t *)&window_core()->waiting[slot / 64], UINT64_C(1) << slot % 64,
                      __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < w->nqueues; i++)
        __atomic_fetch_or((uint64_t *)&w->queues[i]->slots, UINT64_C(1) << slot % 64,
                          __ATOMIC_SEQ_CST);
}

static void announce(const struct wait *w, struct window_door *door, uint32_t slot)
{
    uint32_t name = w->nqueues == 1   ? queue_name(w->queues[0])
                    : w->nqueues == 0 ? IN_NONE
                                      : IN_SEVERAL;
    __atomic_store_n(&door->asleep, WAIT_ASLEEP, __ATOMIC_SEQ_CST);
    enter_queues(w, name, slot);
}

// Of one thread among several: others wait in other queues.
void wait_enter(const struct wait *w)
{
    enter_queues(w, IN_SEVERAL, lock_self_slot());
}

void wait_set_alert(enum wait_alert alert)
{
    const uint32_t slot = lock_self_slot();
    __atomic_store_n(&window_door(slot)->asleep, alert, __ATOMIC_SEQ_CST);
    if (alert == WAIT_AWAKE)
        __atomic_fetch_and((uint64_t *)&window_core()->waiting[slot / 64],
                           ~(UINT64_C(1) << slot % 64), __ATOMIC_SEQ_CST);
}

// Bits left in queues are harmless: a waker finds nobody waiting under them.
static void withdraw(struct window_door *door, uint32_t slot)
{
    __atomic_fetch_and((uint64_t *)&window_core()->waiting[slot / 64], ~(UINT64_C(1) << slot % 64),
                       __ATOMIC_SEQ_CST);
    __atomic_store_n(&door->asleep, 0, __ATOMIC_SEQ_CST);
}

static int sleep_once(const struct wait *w, struct window_door *door, uint32_t slot)
{
    uint32_t bell = __atomic_load_n(&door->bell, __ATOMIC_SEQ_CST);
    announce(w, door, slot);
    int r = wait_look(w);
    if (r == 0) {
        uint64_t from = pv_mono_ns();
        if (from < w->deadline)
            pv_wait(bell, w->deadline, w->console);
        wait_asleep_ns += pv_mono_ns() - from;
    }
    return r;
}

static int sleep_until(const struct wait *w, uint32_t slot)
{
    struct window_door *door = window_door(slot);
    int r;
    do {
        r = sleep_once(w, door, slot);
        if (r == 0)
            r = wait_look(w); // as late as possible before giving up at the deadline
    } while (r == 0 && pv_mono_ns() < w->deadline);
    withdraw(door, slot);
    return r;
}

// How long the next wait may spin; 0: not at all.
static uint64_t spin_budget(void)
{
    if (spins.vain < VAIN_MAX)
        return spins.ns;
    if (spins.left) {
        spins.left--;
        return 0;
    }
    spins.left = spins.rest;
    spins.rest = spins.rest < REST_MAX ? spins.rest * 2 : REST_MAX;
    return SPIN_PROBE_NS;
}

static int spin_first(const struct wait *w, uint64_t start)
{
    const uint64_t ns = spin_budget();
    int r = ns ? spin(w, min_u64(start + ns, w->deadline)) : 0;
    if (r) {
        spins.vain = 0;
        spins.rest = REST_MIN;
    } else if (ns) {
        spins.vain++;
    }
    return r;
}

int wait_alone(const struct wait *w)
{
    uint64_t start = pv_mono_ns();
    int r = 0;
    // A console descriptor takes a call to the host to look at: no spinning on that.
    if (!w->console && boot_info->spin)
        r = spin_first(w, start);
    if (r == 0)
        r = sleep_until(w, lock_self_slot());
    spins.ns = pv_mono_ns() - start < SHORT_WAIT_NS ? SPIN_LONG_NS : SPIN_NS;
    return r;
}

// What ready() said, 0 at the deadline, -ERESTART for a signal. With no lock held, in the kernel.
int wait_for(const struct wait *w)
{
    return wait_threads ? wait_threads->wait(w) : wait_alone(w);
}
