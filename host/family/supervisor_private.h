// SPDX-License-Identifier: BSD-2-Clause
// The parts of the supervisor: supervisor.c, its loop; deaths.c, what it does about
// monitors that have ended; answers.c, what it does for those that are confined.
#ifndef HOST_SUPERVISOR_PRIVATE_H
#define HOST_SUPERVISOR_PRIVATE_H

#include "host/family/supervisor.h"

struct supervisor {
    struct family *f;
    int signals;          // signalfd
    int messages;         // our end of the monitors' socket
    int answers;          // and of what goes back
    int terminal;         // not 0: stdin is a terminal to be read
    int outside;          // signal that the family ends by, or 0
    uint64_t stop_ns;     // it has been asked to end, and has time until then; 0: it has not
    pid_t group;          // of the first monitor and its session: all monitors are in it
    uint32_t first_death; // wait status of a first program that died without EXIT, | WINDOW_DEAD
    int failed;           // the first program could not be started; somebody has said why
    uint64_t *deadlines;  // CLOCK_MONOTONIC, of each slot's forced kill: not where monitors write
    uint32_t kills;       // forced kills that are due later
    int look_again;       // a member has died that may have been waking others
};

static inline struct family_slot *slot_of(struct supervisor *s, uint32_t slot)
{
    return &s->f->shared->slots[slot];
}

// A signal from outside: goes to the first program, if there is one. Nobody waits for ever for a
// program that is asked to end.
void supervisor_outside(struct supervisor *s, int sig);

// Posts events to a member and makes sure it notices: asleep, running or in between. Of a member
// that is to be killed: PV_EVENT_KILL, and SUPERVISOR_END when it has had its time.
void supervisor_post(struct supervisor *s, uint32_t slot, uint32_t events);
#define SUPERVISOR_END (UINT32_C(1) << 31)

// PV_CALL_KILL of the member in a slot that has this serial.
void supervisor_kill(struct supervisor *s, uint32_t slot, uint32_t serial);

// The member in a slot is dead with this wait status: gives the slot back and tells the family.
void supervisor_bury(struct supervisor *s, uint32_t slot, uint32_t status);

// --- answers.c: what a confined monitor has the supervisor do for it ---
// Whether a pid, which comes from memory that every monitor can write, is that of a child of ours.
// Since nobody else reaps those, it is not another process' meanwhile.
int supervisor_is_monitor(pid_t pid);
// Signals it if so.
void supervisor_signal(pid_t pid, int sig);
// Takes the message if it asks for something of the kind. Whether it does.
int supervisor_answer(struct supervisor *s, const struct family_msg *msg);

// After SIGCHLD: reaps what has ended and tells whom it concerns.
void supervisor_reap(struct supervisor *s);

#endif
