// SPDX-License-Identifier: BSD-2-Clause
// Spares: clones made ahead of time.
//
// Nearly all of a fork is the host's work for a process and a VM that are not there yet. A program
// that forks again and again (a shell, a server with a process per connection) gives its monitor
// time for it: when such a program goes to sleep, its monitor clones itself, and the clone makes
// its VM, touches what it will need, and waits. At the program's next fork the spare is given the
// pages that have been written meanwhile (dirty.h), the registers and a slot, and is the child.
//
// A spare belongs to one monitor and is good for the memory and page tables it was cloned from: the
// monitor drops it when it changes them, forks otherwise, or ends. One that is not needed for a few
// seconds ends by itself. Whoever takes its pid out of its owner's slot of the family page decides
// what becomes of it: the owner (use, drop), the spare (end), or the supervisor (it is dead).
// Neighbours: kvm_clone.c (the other way to clone), call_wait.c (when the program sleeps),
// docs/fork.md.
#ifndef HOST_SPARE_H
#define HOST_SPARE_H

#include <stdint.h>
#include <time.h>

#include "abi/pv.h"

#define SPARE_PAGES 128u // that may have changed since: with more, a new clone is no slower

#define NO_PAGEMAP (-2) // this host has none: no spares

struct clone;
struct kvm_regs;
struct monitor;
struct spare_parcel;

// Of a monitor.
struct spare {
    struct spare_parcel *parcel; // what it will be given; NULL: no spare was wanted so far
    int fd;                      // its memory
    int made;                    // there is one, or was: it may have ended
    uint32_t used_slot;          // who was the last one, and may be reading its parcel
    int32_t used_pid;
    int pagemap;      // descriptor; -1: not asked for, NO_PAGEMAP
    uint32_t forks;   // made or taken lately
    uint64_t last_ns; // when
    uint32_t skip;    // for so many forks, none
    uint32_t nhot;    // what the last one named
    struct pv_range hot[PV_MAX_HOT];
    uint32_t nrecent;             // pages the program wrote between the last fork and the spare
    uint64_t recent[SPARE_PAGES]; // before it: likely to be written again, on both sides
};

// A monitor that has none, and knows of no other process' either: at the family's start, and in
// every child of fork(2).
void spare_forget(struct monitor *m);

// The program forks, as `c` says: it may do so again.
void spare_note_fork(struct monitor *m, const struct clone *c);

// The VM is about to sleep, at most this long: makes a spare if one will be wanted. Returns 1 in
// the process of a clone that was one and is now about to run, else 0.
int spare_prepare(struct monitor *m, const struct timespec *sleep);

// Makes the spare the clone that `c` asks for, whose VM goes on from `regs`. 1, or 0 when there is
// none that can be used; there is none afterwards in either case.
int spare_use(struct monitor *m, const struct clone *c, const struct kvm_regs *regs);

// There is none any more.
void spare_drop(struct monitor *m);

#endif
