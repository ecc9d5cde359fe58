// SPDX-License-Identifier: BSD-2-Clause
// The process back end: members are confined Linux processes, picoprocesses, at native speed.
//
// A member's process holds the guest's memory, at the guest's addresses, and the stub (stub/),
// which turns paravirtual calls into system calls; nothing of the program `ramet` is left in it.
// What the stub cannot do by itself it asks the supervisor for, by system calls the filter hands
// over (seccomp user notifications). docs/process.md tells who is who.
// Neighbours: backend.h (the contract), stub/layout.h (addresses and notifications).
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include <linux/filter.h>

#include "host/backend.h"
#include "host/family/textcache.h"
#include "host/serve/serve.h"
#include "host/family/supervisor_private.h"
#include "host/process/stub/layout.h"

// TSC and CLOCK_MONOTONIC at one moment.
struct clocks {
    uint64_t tsc, ns;
};

#define PROCESS_STRAY UINT16_MAX // in slot_of; no slot has that number

// What the supervisor keeps, of which no member has a part.
struct process_family {
    int listener;             // of the notifications, or -1
    struct stub_hello *hello; // shared with the first member until it has it
    uint32_t stub_flags;      // STUB_*
    struct clocks opened;     // when it was
    // Slot of a pid, 0: none of ours, PROCESS_STRAY: killed as a stray and not reaped. Private
    // memory; only the pages of pids that come are touched.
    uint16_t *slot_of;
    pid_t pid_max;
    // When a slot was claimed for a clone that has not been seen yet, CLOCK_MONOTONIC ns; 0: none.
    uint64_t *claimed;
    uint16_t *embryo; // the slots that are so claimed
    uint32_t embryos; // how many
    uint32_t alive;   // children there are or may be: not more than the family may have members
    uint32_t again;   // clones let pass for a claim that had one; may be on their way
    // When children that are no members are killed, CLOCK_MONOTONIC ns; 0: there are none.
    uint64_t strays_due;
    uint32_t clones; // let pass while the window was not...
    int warm;        // ...on huge pages, or is not to be
    struct textcache text;
    struct stub_texts *texts; // what members are told of it
    int text_fd;              // its memfd, or -1: there is none
    // The processor that the supervisor keeps to, + 1, or 0, and since when, CLOCK_MONOTONIC ns.
    uint64_t follows, followed;
    cpu_set_t home; // where it may run else
    pid_t watchdog;
    int leash[2];     // a pipe: when our end closes, it kills the family
    pid_t debugger;   // --gdb's, or 0
    int debugger_end; // its end closes, and the debugger ends
    // Templates: the first member's files in /proc, where it is to be saved or rehearsed, else -1;
    // when a rehearsal is over, CLOCK_MONOTONIC ns; the notification that waits for a client.
    struct process_files {
        int memory, pagemap, maps;
    } files;
    uint64_t play_ns, held;
    int tried; // to save it: once is enough
    // For the trace: the number of the program it is to start with, + 1; 0: its parent's.
    uint64_t *spawned;
    uint32_t *runs; // the program a slot's member was last heard to run
};

static inline struct process_family *process_of(const struct family *f)
{
    return f->own;
}

// --- process.c ---
// The rate of the TSC (boot_info.tsc_mult), which only KVM tells without watching it: for a
// millisecond since the family was opened, most of which the start has taken meanwhile.
uint64_t process_tsc_mult(const struct process_family *p);

// --- start.c ---
_Noreturn void process_start(struct family *f, uint32_t slot, uint32_t program,
                             const struct load_args *args);
// Says why there is no family: the kernel did not take the filter.
void process_refused(int error);

// --- resume.c: from a template, f->template ---
// What a program may have found here and counts on: a template's is for hosts with the same.
uint64_t process_features(const struct family *f);
// Whether the template can be started here. 0, or -errno with a line in err.
int resume_check(const struct family *f, char *err, size_t errlen);
// What the stub has to do for the member's RAM, into steps[max]. Their number, or -errno.
int resume_plan(const struct family *f, struct stub_step *steps, uint32_t max);
// The pages of the interface: the shared one, and in boot_info, which is otherwise filled, what is
// the program's. 0 or -errno.
int resume_platform(const struct family *f, struct pv_shared *shared, struct pv_boot_info *b);
void resume_state(const struct family *f, struct stub_state *s);

// --- save.c: a template is made, or rehearsed ---
// The member says that it has printed `len` bytes of its memory: whether the text has come.
int save_watch(struct supervisor *s, uint64_t at, uint64_t len);
// The member in slot `from` stands where it is to be saved, or its rehearsal ends. 0 or -errno.
int save_due(struct supervisor *s, uint32_t from);
// Ends a rehearsal that has had its time. In how many ms it wants to be called again, or -1.
int save_step(struct supervisor *s);

// --- ready.c: kept ready for a client ---
// The supervisor waits for notifications, too, before the family is taken.
void ready_listen(struct supervisor *s);
// The member in slot `from` is ready: its notification `id` stays unanswered. 0 or -errno.
int ready_hold(struct supervisor *s, uint32_t from, uint64_t id);
// backend.h
void process_taken(struct supervisor *s, const struct ready_go *go, const int *fds);

// --- confine.c ---
// The filter of a family's members, into code[max]. The number of instructions, or -E2BIG.
int process_filter(const struct family *f, struct sock_filter *code, unsigned max);
// What can be had beside the filter: no new privileges, no dumps, no rights to files, limits. 0, or
// -errno with the reason in *what.
int process_drop_rights(const struct family *f, const char **what);

// --- warm.c ---
// Makes an empty text cache, where there may be one. 0 or -errno.
int warm_prepare(struct family *f);
// The member in a slot begins a program, of the image or not; or is about to clone itself into
// another slot, for a program's number + 1, or 0: what is worth it by now is made ready.
void warm_start(struct supervisor *s, uint32_t slot, uint64_t program);
void warm_clone(struct supervisor *s, uint32_t from, uint32_t slot, uint64_t spawned);

// --- watchdog.c ---
// Makes what it takes. 0 or -errno.
int watchdog_prepare(struct process_family *p);
// Starts a process, if there is none yet, that kills the group of `first` when the supervisor is
// gone, however it went: a member need not have asked to die with it. 0 or -errno.
int watchdog_start(struct process_family *p, pid_t first);
// The family is over; the group is no business of the watchdog's any more.
void watchdog_end(struct process_family *p);

// --- debug.c ---
// Starts the debugger, if --gdb asks for one, of a family whose first member has the pid `first`.
void debug_start(struct family *f, pid_t first);
// In the first member, before it is confined: waits until the debugger traces it, if there is one.
void debug_admit(const struct family *f);
// The family is over: gdb is told, and the debugger is gone. Blocks for a second at most.
void debug_end(struct process_family *p);

// --- strays.c ---
// Children of this process but for watchdog and debugger, members or not.
uint32_t children_count(struct process_family *p);
// The end of those that are no members, nor become one before they are reaped.
void strays_kill(struct process_family *p);

// --- claim.c ---
#define CLAIM_NS UINT64_C(2000000000) // in which a clone has come about, or never will
// clone(2) by the member in slot `from`, with arguments a[6]: whether it may pass. 0 or -errno.
int claim_clone(struct supervisor *s, uint32_t from, const uint64_t *a);
// It did not come about, as `from` says, 0 or -EINVAL; as the kernel says.
int claim_drop(struct supervisor *s, uint32_t from, uint32_t slot);
void claim_undo(struct supervisor *s, uint32_t slot);
// Whether the clone in this slot, if it is claimed, or in any, has come about: it is a member then.
void claim_find(struct supervisor *s, uint32_t slot);
void claims_find(struct supervisor *s);
// The pid the kernel has written to the door of a claimed slot, or 0. Any member can write there
// too: it may name what is no child of ours, or a sibling's, which then dies in its place.
pid_t claim_born(const struct supervisor *s, uint32_t slot);
// A clone that was let pass has become the process `pid`, which is ours and no member yet.
void claim_begin(struct supervisor *s, uint32_t slot, pid_t pid);
// The member in slot `claimer` is dead: none of the claims that are left is its successor's.
void claims_orphan(struct supervisor *s, uint32_t claimer);
// Clones that have not come about in time, and strays, are given up.
void claims_give_up(struct supervisor *s);
// The name of a program, by a number that is as the sender likes.
const char *claim_program(const struct supervisor *s, uint64_t program);

// --- notify.c ---
void process_started(struct supervisor *s);
int process_poll_fd(const struct family *f);
int process_step(struct supervisor *s);
void process_post(struct supervisor *s, uint32_t slot, uint32_t events);
void process_close(struct family *f);
uint32_t process_reaped(struct supervisor *s, pid_t pid, int status, uint32_t slot);

#endif
