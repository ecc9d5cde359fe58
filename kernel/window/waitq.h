// SPDX-License-Identifier: BSD-2-Clause
// Waiting for something another VM does.
//
// A wait queue is one word: bit (slot % 64) says that some VM with such a slot may be waiting. A
// waker takes the word, bumps the doorbells of the slots it stands for that are asleep or about to
// be, and kicks those asleep. A spurious wake-up only costs a re-check, so dead waiters need no
// cleaning up. Nothing here takes a lock.
#ifndef RAMET_KERNEL_WAITQ_H
#define RAMET_KERNEL_WAITQ_H

#include <stdint.h>

struct waitq {
    _Atomic uint64_t slots;
};

// Wakes everything that waits on the queue. Call it after the change it announces. No exit to the
// host unless somebody is asleep.
void waitq_wake(struct waitq *q);

// Wakes one VM by slot (it re-checks whatever it waits for); with `interrupt`, also one that is
// running.
void waitq_wake_slot(uint32_t slot, int interrupt);

// One wait: blocks until ready(arg) is not 0.
struct wait {
    int (*ready)(void *arg); // called often, while spinning too; may take locks, must not block
    void *arg;
    struct waitq **queues;
    uint32_t nqueues;
    uint32_t console;  // PV_WAIT_IN/OUT/ERR: host descriptors to wait for as well
    uint64_t deadline; // monotonic ns, PV_FOREVER for none
    // Ends the wait with -ERESTART. NULL: wait_hooks.interrupted, any signal to be delivered; for
    // waits that must not end so, wait_hooks.killed.
    int (*interrupted)(void);
    uint32_t spin; // calls of ready() before sleeping; 0 = as many as fit in the default time
};

// What the kernel above does for waits (kernel/upcall.c); a table of the program's own, which needs
// no setting up.
struct wait_hooks {
    void (*events)(void);     // takes pv_shared->pending and handles it
    int (*interrupted)(void); // a signal is to be delivered
    int (*killed)(void);      // SIGKILL is
};
extern const struct wait_hooks wait_hooks;

// What a process with several threads does instead (kernel/thread/sched.c).
struct wait_threads {
    // wait_for()'s: others run meanwhile.
    int (*wait)(const struct wait *w);
    // The queue is woken: those of this process that wait in it as well.
    void (*wake)(struct waitq *q);
};
// NULL: the process has one thread, or none but the calling one is to run.
extern const struct wait_threads *wait_threads;

// --- for kernel/thread/ ---
// One look: what ready() says, -ERESTART if the wait is to end for a signal, or 0. Handles events.
int wait_look(const struct wait *w);
// Enters the queues: a waker rings this VM's door from now on. Look again before sleeping.
void wait_enter(const struct wait *w);
// Whether wakers are to kick this VM: not at all, in its sleep, or also while it runs.
enum wait_alert { WAIT_AWAKE = 0, WAIT_ASLEEP = 1, WAIT_ALERT = 2 };
void wait_set_alert(enum wait_alert alert);
// wait_for() of a VM that has nothing else to do meanwhile.
int wait_alone(const struct wait *w);

// Returns what ready() returned (> 0), 0 at the deadline, -ERESTART when a signal is to be
// delivered. No lock may be held. Handles events (timers, deaths, terminal input) while it waits.
int wait_for(const struct wait *wait);

// Time this process has spent asleep in wait_for(), for processor-time clocks. Private; exec and
// fork set it.
extern uint64_t wait_asleep_ns;

#endif
