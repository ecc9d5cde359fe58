// SPDX-License-Identifier: BSD-2-Clause
// A member: one process of the family and the host process behind it, as all back ends have it.
//
// A back end's own struct begins with one (struct monitor of KVM, struct qemu_monitor of QEMU), and
// the calls, the supervisor's messages and the events know no more of it than this. It is private
// to its process, and cloned with it by fork(2). Neighbours: family.h (what members share),
// backend.h (what differs), call/call.h (what a member may ask for).
#ifndef HOST_MEMBER_H
#define HOST_MEMBER_H

#include <stdatomic.h>
#include <stdint.h>

#include "abi/pv.h"
#include "host/call/guest.h"
#include "host/family/family.h"

struct member {
    struct family *family;
    uint32_t slot;                  // 0: of nobody yet
    int32_t pid;                    // of this process
    uint32_t serial;                // of this VM (family.h)
    int killed;                     // PV_EVENT_KILL has been passed on
    uint32_t program;               // index in the image's table, or PV_PROGRAM_FILE
    const struct guest_memory *mem; // in the back end's struct
    uint64_t timer_deadline;        // of PV_CALL_SET_TIMER, guest monotonic ns; 0 = off
    // For --trace=exit. Calls by their number; accesses to devices' registers.
    uint64_t calls[PV_CALL_NR_END];
    uint64_t exceptions, interrupts, accesses;
};

// A PV_CALL_FORK, checked: what the new member needs to know, gathered before it exists.
struct clone {
    uint64_t start; // for the trace
    uint32_t slot, nhot;
    struct pv_range hot[PV_MAX_HOT];
};

// In the process of a new member, whose slot is m->slot: takes pid and serial from there, counts
// from 0, and does what member_adopt() does.
void member_enroll(struct member *m);
// This process dies with the supervisor, and refuses (by ending) a family that is closing.
void member_adopt(const struct family *f);

// Ends this member without the guest's consent: the family sees a death with this wait(2) status.
// `why` goes to stderr for what is not the program's doing (NULL: nothing to say).
_Noreturn void member_die(struct member *m, uint32_t status, const char *why);

// What no two members have in common: the slot, and a new seed. 0 or -EIO. (identity.c)
int member_identity(struct pv_boot_info *b, uint32_t slot);

// Both pages are the guest's: what is read there is checked, and read once.
static inline struct pv_shared *member_shared(const struct member *m)
{
    return (struct pv_shared *)(m->mem->ram + PV_SHARED_VA);
}

static inline struct pv_boot_info *member_boot_info(const struct member *m)
{
    return (struct pv_boot_info *)(m->mem->ram + PV_BOOT_INFO_VA);
}

// Its entry in the page that members share.
static inline struct family_slot *member_slot(const struct member *m)
{
    return &m->family->shared->slots[m->slot];
}

// --- event.c: what is posted for this member, by the supervisor and by its timer ---
// Installs the handlers and opens all signals. `interrupt` runs in a handler, after each SIGUSR1
// and SIGALRM: it must make a guest that runs stop. May be NULL.
void event_init(void (*interrupt)(void));
// Blocks all signals, as in a new child, until event_init().
void event_shut(void);
// Moves what was posted into the shared page's `pending`; returns the bits. The guest must not be
// running. Ends a member that has not followed PV_EVENT_KILL in time.
uint32_t event_collect(struct member *m);
// Whether event_collect() would find any, the timer apart.
int event_posted(const struct member *m);
// PV_CALL_SET_TIMER.
void event_set_timer(struct member *m, uint64_t deadline);

// --- trace.c ---
struct trace_line;
// Adds " NAME=VALUE"; left out whole where there is no room.
void trace_add(struct trace_line *line, const char *name, uint64_t value);
// With --trace=exit: one line on what this member's life cost. Called when it ends.
void trace_end(struct member *m);

#endif
