// SPDX-License-Identifier: BSD-2-Clause
// --gdb: stock gdb attaches to one VM of the family and debugs its program.
//
// The monitor itself speaks gdb's remote protocol on a local TCP port; the guest has no part in
// it. Breakpoints are INT3 bytes in the VM's private text, steps are RFLAGS.TF; both come back as
// exceptions through the stubs every program has. Only the VM in slot --gdb asks for is debugged:
// its siblings and children run on. Neighbours: command.c (packets' meaning), packet.c
// (framing), session.c, breakpoint.c, kvm_regs.c, kvm_memory.c; monitor.c, kvm/upcall.c and
// call/process.c call the hooks below; docs/debugging.md is for users.
#ifndef HOST_GDB_H
#define HOST_GDB_H

#include <linux/kvm.h>
#include <stdint.h>

struct monitor;
struct platform_exception;

// In the supervisor: listens on 127.0.0.1:port. The descriptor, which every monitor inherits, or
// -errno.
int gdb_listen(int port);

// For a VM about to execute its first instruction: if --gdb asks for its slot, waits for a
// debugger and lets it have the VM. Blocks until it resumes the VM. Else does nothing.
void gdb_begin(struct monitor *m);

// In a clone of a debugged monitor: removes breakpoints, a step in progress and the connection,
// which stay with the parent. `regs` are those the clone will start with; NULL: it will start
// afresh and has no copy of RAM.
void gdb_forget(struct monitor *m, struct kvm_regs *regs);

// The VM's program has been replaced: breakpoints are gone with the old one. Stops.
void gdb_exec(struct monitor *m);

// A stub has reported an exception. 1 when gdb dealt with it and the VM is to go on as its
// registers now say; 0 when the guest is to have it. Blocks while the VM is stopped.
int gdb_exception(struct monitor *m, const struct platform_exception *e);

// After an interrupted KVM_RUN: a debugger that wants to stop the VM, or to attach, gets its way.
void gdb_poll(struct monitor *m);

// Whether a single step is under way, which an asynchronous upcall would divert.
int gdb_stepping(const struct monitor *m);

// This VM is about to end with a wait(2) status: tells the debugger.
void gdb_exited(struct monitor *m, uint32_t status);

#endif
