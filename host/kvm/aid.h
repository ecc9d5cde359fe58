// SPDX-License-Identifier: BSD-2-Clause
// What may help cloning along, as far as the plain way (clone.c, start.c) has to know: a table of
// the places where it asks for help or says what has happened. Without help (no_aid) nobody answers
// and nobody listens, and every VM is made when it is wanted. With it (spare/spare.h) some have
// been made before.
#ifndef HOST_AID_H
#define HOST_AID_H

#include <stdint.h>
#include <time.h>

#include "abi/pv.h"

struct clone;
struct kvm_regs;
struct load_args;
struct monitor;

struct clone_aid {
    // --- in a parent ---
    // PV_CALL_FORK: 1 if a VM that was there has become the clone that `c` asks for, going on from
    // `regs`; 0: it is to be made. A fork(2) that copies RAM may follow.
    int (*clone)(struct monitor *m, const struct clone *c, const struct kvm_regs *regs);
    // PV_CALL_SPAWN, made at `start`. 1 or 0.
    int (*spawn)(struct monitor *m, const struct pv_exec *c, const struct load_args *args,
                 uint64_t start);
    // The host has no process to give: 1 if it may have one now.
    int (*make_room)(struct monitor *m);

    // --- in a child of fork(2), before anything else ---
    void (*cloned)(struct monitor *m);  // for a FORK
    void (*spawned)(struct monitor *m); // for a SPAWN

    // --- in any VM ---
    // A clone is about to run for the first time.
    void (*begins)(struct monitor *m);
    // RAM or its page tables have changed otherwise than by being written.
    void (*memory_changed)(struct monitor *m);
    // EXEC: all of it is about to be replaced.
    void (*exec)(struct monitor *m);
    // The program is about to sleep, at most this long: 1 in the process of a VM that was made in
    // one of these sleeps and is now about to run, else 0.
    int (*idle)(struct monitor *m, const struct timespec *sleep);
    // PV_CALL_EXIT, before anybody is told: 1 if this process has another use. Then reuse() must
    // follow once its slot is released; that returns in the process of a new VM that is about to
    // run, or not at all.
    int (*leave)(struct monitor *m);
    void (*reuse)(struct monitor *m);
};

extern const struct clone_aid no_aid;

#endif
