// SPDX-License-Identifier: BSD-2-Clause
// The monitor: one process, one VM. Single-threaded, so that fork(2) clones all of it.
#ifndef HOST_MONITOR_H
#define HOST_MONITOR_H

#include <stdint.h>

#include "host/virtio/disk.h"
#include "host/family/family.h"
#include "host/call/guest.h"
#include "host/kvm/load.h"
#include "host/kvm/spare/spare.h"
#include "host/kvm/vm.h"

struct gdb;
struct platform_exception;
struct qemu;

// A PV_CALL_FORK, checked: what the new VM needs to know, gathered before it exists.
struct clone {
    uint64_t start; // for the trace
    uint32_t slot, nhot;
    struct pv_range hot[PV_MAX_HOT];
};

struct monitor {
    struct family *family;
    uint32_t slot;
    int32_t pid;      // of this process
    uint32_t life;    // of this VM (family.h)
    int killed;       // PV_EVENT_KILL has been passed on
    int save_due;     // the text has come that makes this VM a template (template.h)
    uint32_t program; // index in the image's table
    struct vm vm;
    uint64_t timer_deadline;                   // of PV_CALL_SET_TIMER, guest monotonic ns; 0 = off
    uint64_t calls[PV_CALL_NR_END];            // exits by kind, for --trace=exit
    uint64_t exceptions, interrupts, accesses; // accesses to devices
    struct virtio_mmio devices[DISKS_MAX];     // family.ndisks of them; cloned with the VM
    struct spare spare;
    struct spare_origin origin;
    struct spare_parent parent;
    struct gdb *gdb;   // NULL unless --gdb asks for this VM (gdb.h)
    struct qemu *qemu; // of a keeper (qemu.h)
};

// Becomes the monitor of the family's first program, whose slot the caller has claimed. The
// caller has forked for it.
void monitor_start(struct family *f, uint32_t slot, uint32_t program, const struct load_args *args)
    __attribute__((noreturn));

// In a process of its own without a VM (m->vm forgotten or new): enrols as m->slot and makes a VM
// that is about to execute `program`. The caller returns to the run loop.
void monitor_run_program(struct monitor *m, uint32_t program, const struct load_args *args);

// Ends this monitor without the guest's consent: the family sees a death with this wait(2)
// status. `why` goes to stderr for what is not the program's doing (NULL: nothing to say).
_Noreturn void monitor_die(struct monitor *m, uint32_t status, const char *why);

// Maps the text of m->program from the family's text cache, or asks for it to be put there. After
// the program is loaded or cloned, before the VM runs.
void monitor_share_text(struct monitor *m);

// Makes m->vm over the memory it has, or ends this process.
void monitor_create_vm(struct monitor *m);

// After an exit by an access to memory that no slot covers yet: covers it and makes this one
// access. 0, or -EFAULT if there is no such memory.
int monitor_cover(struct monitor *m);

// The VM is complete and has its registers: opens what was closed until then. The caller returns to
// the run loop: a clone's clone stands no deeper on the host's stack than its parent.
void monitor_begin(struct monitor *m);

// This process dies with the supervisor, and refuses a family that is closing.
void monitor_adopt(const struct family *f);
// Registers this process as the monitor of m->slot: dies with the supervisor, refuses a closing
// family.
void monitor_enroll(struct monitor *m);

// --- host/kvm/upcall.c ---
// Installs the handlers that make KVM_RUN return.
void event_init(struct monitor *m);
// Blocks all signals, as in a new child, until event_init().
void event_shut(void);
// Moves what was posted for this VM into shared->pending; returns the bits. Ends a VM that has not
// followed PV_EVENT_KILL in time.
uint32_t event_collect(struct monitor *m);
// Whether event_collect() would find any, the timer apart.
static inline int event_posted(const struct monitor *m)
{
    struct family_slot *slot = &m->family->shared->slots[m->slot];
    // PV_EVENT_KILL is meant for a process, not for whoever has its slot by now.
    return atomic_load(&slot->events) || (!m->killed && atomic_load(&slot->kill) == m->life) ||
           atomic_load(&slot->end) == m->life;
}
// After an interrupted KVM_RUN: collects, and pushes an upcall if the guest takes one now.
void event_deliver(struct monitor *m);
// An exception stub has reported: turns it into an upcall, or ends the VM.
void event_exception(struct monitor *m);
// The same for a VM that is out of the stub, stopped at the instruction that raised `e`.
void event_raise(struct monitor *m, const struct platform_exception *e, uint64_t address);
// CR2 if the exception has one, else 0.
uint64_t event_fault_address(struct monitor *m, uint64_t vector);
// The signal a UNIX kernel would end the program with.
uint32_t event_exception_signal(uint64_t vector);
void event_set_timer(struct monitor *m, uint64_t deadline);

// --- host/call/call.c and call_*.c: one function per paravirtual call ---
// What a handler returns when whoever made the call is not there any more: the VM runs another
// program now, or this process has become another VM's. Nothing is written back.
#define CALL_REPLACED INT64_MAX
// Handles the call whose argument struct is at `addr`. Returns whether its result was written.
int call_dispatch(struct monitor *m, struct gaddr addr);
int64_t call_exit(struct monitor *m, struct pv_exit *c);
int64_t call_wait(struct monitor *m, struct pv_wait *c);
int64_t call_kick(struct monitor *m, struct pv_kick *c);
int64_t call_set_timer(struct monitor *m, struct pv_set_timer *c);
int64_t call_console(struct monitor *m, struct pv_console *c);
int64_t call_fork(struct monitor *m, struct pv_fork *c);
int64_t call_exec(struct monitor *m, struct pv_exec *c);
int64_t call_spawn(struct monitor *m, struct pv_exec *c);
int64_t call_kill(struct monitor *m, struct pv_kill *c);
int64_t call_release(struct monitor *m, struct pv_release *c);
int64_t call_protect(struct monitor *m, struct pv_protect *c);
extern const char *const call_names[PV_CALL_NR_END];

// --- host/family/trace.c ---
// With --trace=exit: one line on what this VM's life cost. Called when it ends.
void trace_end(struct monitor *m);

#endif
