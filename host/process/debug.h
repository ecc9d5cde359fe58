// SPDX-License-Identifier: BSD-2-Clause
// --gdb for picoprocesses: a process beside the supervisor traces the family (ptrace(2)) and serves
// gdb. What its files share: debug.c (the family and gdb), target.c (what a stop of the member that
// gdb has means), tracee.c (registers and memory). Neighbours: host/gdb (the server),
// docs/debugging.md.
#ifndef HOST_PROCESS_DEBUG_H
#define HOST_PROCESS_DEBUG_H

#include <sys/types.h>
#include <sys/user.h>

#include "host/gdb/server.h"
#include "host/process/process.h"

struct debugger {
    struct gdb gdb;
    const struct family *family;
    uint8_t *known; // by pid: whether it is traced, and has begun
    int leash;      // at its end when the family ends; -1: it has ended
    int signals;    // signalfd, of SIGCHLD: a member has stopped or ended
    pid_t target;   // the member in --gdb's slot, or 0: there is none
    // --- of the target ---
    int halted;       // it stands, and is gdb's or about to be
    int beginning;    // it has not come to its first instruction
    int begins;       // it stands there, and nobody has said so
    int interrupting; // gdb wants it to stop, or wants to attach
    int leaving;      // it runs until it has left the stub
    int exception;    // that it stands at, and would get; 0: it stands at something of ours
    uint64_t held;    // signals that came during a step: bits
    int end_told;     // gdb knows that it ends
};

// --- tracee.c ---
extern const struct gdb_target debug_target;
// Registers of a member that stands. 0 or -1: it is gone.
int tracee_regs(pid_t pid, struct user_regs_struct *r);
void tracee_set_regs(pid_t pid, const struct user_regs_struct *r);
// As gdb_target.memory.
size_t tracee_memory(pid_t pid, uint64_t va, uint8_t *to, const uint8_t *from, size_t len);
// INT3 where a program is entered, or where a call returns from the stub; or what belongs there.
void tracee_trap_enter(pid_t pid, int on);
void tracee_trap_return(pid_t pid, int on);
// Whether an instruction is the stub's, or of the page that leads to it.
int tracee_in_stub(uint64_t rip);
// The wait(2) status of the guest's that is about to end.
uint32_t tracee_end(pid_t pid);

// --- target.c ---
// The target goes on, with a signal or 0. What came during a step comes now.
void target_go(struct debugger *d, int sig);
// It stands before it gets this signal. It goes on, or `halted` is set.
void target_signalled(struct debugger *d, int sig);
// It stands as gdb has asked for, or for a look at who does not come out of the stub. The same.
void target_interrupted(struct debugger *d);

// --- debug.c ---
// Before gdb's next byte is waited for (gdb_target.idle).
int debug_idle(void *debugger);

#endif
