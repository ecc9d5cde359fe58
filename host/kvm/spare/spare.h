// SPDX-License-Identifier: BSD-2-Clause
// Spares: VMs made ahead of time.
//
// Nearly all of a fork is the host's work for a process and a VM that are not there yet. A program
// that starts one process after another (a shell, a server with a process per connection) gives its
// monitor time for it: when such a program goes to sleep, its monitor clones itself, and the clone
// makes its VM, touches what it will need, and waits. At the program's next fork the spare is given
// the pages that have been written meanwhile (dirty.h), the registers and a slot, and is the child.
// At its next spawn the spare loads the new program instead. For one that only spawns, the spare is
// blank: it has none of its owner's memory, but the program that was spawned last, ready to start.
//
// A child of such a program that ends need not be taken down: its monitor becomes the next blank
// spare. That saves a VM's end and another's beginning, which together are dearer than all the
// rest, so it is how a loop of short commands runs.
//
// A spare belongs to one monitor and is good for the memory and page tables it was cloned from: the
// monitor drops it when it changes them, forks otherwise, or ends. One that is not needed for a few
// seconds ends by itself. Its pid is in one word of its owner's slot of the family page; whoever
// takes it out decides what becomes of it: the owner (use, drop), the spare (end), or the
// supervisor (it is dead). The same word holds the owner's wish, for the child that takes it.
// Neighbours: private.h (the parts), kvm/clone.c (the plain way to clone), kvm/aid.h (what it knows
// of this one), call/wait.c (when the program sleeps), docs/fork.md.
#ifndef HOST_SPARE_H
#define HOST_SPARE_H

#include <stdint.h>

#include "abi/pv.h"
#include "host/kvm/aid.h"

#define SPARE_PAGES 128u // that may have changed since: with more, a new clone is no slower
#define SPARE_UNITS 8u   // of 2 MB, that may be copied

struct family_slot;
struct spare_handover;

// Of a monitor.
struct spare {
    // What it will be given; NULL, until one was wanted. [1] is for spares whose program is
    // spawned: children keep its descriptor, so nothing of the owner's memory ever comes into it.
    struct spare_handover *handover[2];
    int handover_fd[2];
    int made;           // there is one, is wished for, or was: it may have ended
    uint32_t seq;       // its number
    int blank;          // which has no memory of ours, but a program
    uint32_t program;   // that was spawned last
    uint32_t used_seq;  // of the last one that was used, which may be reading its handover,
    uint32_t used_slot; // for a process in this slot
    int32_t used_pid;
    int pagemap;      // descriptor; -1: not asked for; NO_ANSWER: only blank spares
    uint32_t starts;  // forks and spawns lately
    uint32_t clones;  // not 0: there were forks among the last few
    uint64_t last_ns; // when
    uint64_t pause;   // between the last two, ns
    uint32_t skip;    // for so many starts, none
    uint32_t late;    // that so many in a row were
    uint32_t nhot;    // what the last fork named
    struct pv_range hot[PV_MAX_HOT];
    uint32_t copies;              // so many spares more may be given copies: children write much
    uint32_t nunits;              // 2 MB of addresses each, to be copied
    uint32_t unit[SPARE_UNITS];   // by number
    uint8_t *held;                // what they were copied from
    uint32_t nrecent;             // pages the program wrote between a spare and its use: likely to
    uint64_t recent[SPARE_PAGES]; // be written again, on both sides
};

// Whose spare we may be when our process ends: our parent's, if it spawned us.
struct spare_origin {
    uint32_t serial; // of its VM; 0: nobody's
    uint32_t slot;
    int fd; // its handover
};

// Whose clone this VM is, and how many faults the host had counted before.
struct spare_parent {
    uint32_t serial; // 0: nobody's
    uint32_t slot;
    uint32_t faults;
};

// How the plain way of cloning comes to them (aid.c).
extern const struct clone_aid spares;

// In the supervisor: the spare of the VM in `slot`, or the VM, is dead.
void spare_bury(struct family_slot *slot);

#endif
