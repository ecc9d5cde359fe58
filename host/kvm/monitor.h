// SPDX-License-Identifier: BSD-2-Clause
// The monitor: one process, one VM. Single-threaded, so that fork(2) clones all of it.
#ifndef HOST_MONITOR_H
#define HOST_MONITOR_H

#include <stdint.h>

#include "host/virtio/disk.h"
#include "host/virtio/mmio.h"
#include "host/call/call.h"
#include "host/family/member.h"
#include "host/kvm/load.h"
#include "host/kvm/spare/spare.h"
#include "host/kvm/vm.h"

struct gdb;
struct platform_exception;

struct monitor {
    struct member member; // first: monitor_of()
    struct vm vm;
    struct elf_program file_program;       // what runs, if member.program is PV_PROGRAM_FILE
    int save_due;                          // the text has come that makes this VM a template
    struct virtio_mmio devices[DISKS_MAX]; // family.ndisks of them; cloned with the VM
    struct spare spare;
    struct spare_origin origin;
    struct spare_parent parent;
    struct gdb *gdb; // NULL unless --gdb asks for this VM (gdb.h)
};

// In this back end every member is a monitor's.
static inline struct monitor *monitor_of(struct member *m)
{
    return (struct monitor *)m;
}

// The program that the VM runs.
static inline const struct elf_program *monitor_program(const struct monitor *m)
{
    const struct member *member = &m->member;
    return member->program == PV_PROGRAM_FILE
               ? &m->file_program
               : image_program(member->family->image, member->program);
}
// From now on it is this one.
static inline void monitor_set_program(struct monitor *m, uint32_t program,
                                       const struct load_args *args)
{
    m->member.program = program;
    if (program == PV_PROGRAM_FILE)
        m->file_program = args->file->elf;
}

// --- monitor.c ---
// Runs the VM for ever. A clone made by one of its calls is in the same loop: it finds its own VM
// in *m when it gets back there.
_Noreturn void monitor_run(struct monitor *m);

// After an exit by an access to memory that no slot covers yet: covers it and makes this one
// access. 0, or -EFAULT if there is no such memory.
int monitor_cover(struct monitor *m);

// --- start.c ---
// Becomes the monitor of the family's first program, whose slot the caller has claimed. The
// caller has forked for it.
void monitor_start(struct family *f, uint32_t slot, uint32_t program, const struct load_args *args)
    __attribute__((noreturn));

// In a process of its own without a VM (m->vm forgotten or new): enrols as the member of
// its slot and makes a VM that is about to execute `program`. The caller returns to the run loop.
void monitor_run_program(struct monitor *m, uint32_t program, const struct load_args *args);

// Maps the text of the member's program from the family's text cache, or asks for it to be put
// there. After the program is loaded or cloned, before the VM runs.
void monitor_share_text(struct monitor *m);

// Makes m->vm over the memory it has, or ends this process.
void monitor_create_vm(struct monitor *m);

// The VM is complete and has its registers: opens what was closed until then. The caller returns to
// the run loop: a clone's clone stands no deeper on the host's stack than its parent.
void monitor_begin(struct monitor *m);

// --- upcall.c ---
// event_init(), and what stops this VM's guest.
void upcall_init(struct monitor *m);
// For a VM that runs ahead of its time: all signals are open, and KVM_RUN returns when so many us
// (less than a second) have passed, and at once from then on. 0: that is over, all signals are
// blocked again.
void upcall_limit(struct monitor *m, unsigned us);
// After an interrupted KVM_RUN: collects, and pushes an upcall if the guest takes one now.
void upcall_deliver(struct monitor *m);
// An exception stub has reported: turns it into an upcall, or ends the VM.
void upcall_exception(struct monitor *m);
// The same for a VM that is out of the stub, stopped at the instruction that raised `e`.
void upcall_raise(struct monitor *m, const struct platform_exception *e, uint64_t address);
// CR2 if the exception has one, else 0.
uint64_t upcall_fault_address(struct monitor *m, uint64_t vector);
// The signal a UNIX kernel would end the program with.
uint32_t upcall_exception_signal(uint64_t vector);

#endif
