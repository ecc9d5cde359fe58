// SPDX-License-Identifier: BSD-2-Clause
// The KVM back end: its calls that are not in monitor.h. See clone.c.
#ifndef HOST_KVM_H
#define HOST_KVM_H

#include "host/kvm/monitor.h"

// backend.h: clone and spawn.
int64_t kvm_clone(struct monitor *m, struct clone *c);
int64_t kvm_spawn(struct monitor *m, const struct pv_exec *c, struct load_args *args);
// Replaces the VM's image by a program that fits into it.
void kvm_exec(struct monitor *m, uint32_t program, const struct load_args *args);

// --- the parts of a clone, for spare.c as well ---
// Copies what is about to be written.
void kvm_touch(const struct monitor *m, const struct pv_range *hot, uint32_t n);
// In a child of fork(2): a VM of its own over the copied memory.
void kvm_clone_body(struct monitor *m, const struct pv_range *hot, uint32_t n);
// In an enrolled monitor with a body: the clone, about to return from its call, which `regs` are
// the registers of. When it was made, and how, is for the trace. The caller returns CALL_REPLACED.
void kvm_clone_start(struct monitor *m, uint64_t start, struct kvm_regs *regs, const char *how);
// The same for a monitor that starts a program. `loaded`: NULL, or the registers of m->program,
// which is in its memory and has not run.
void kvm_program_start(struct monitor *m, uint32_t program, const struct load_args *args,
                       uint64_t start, struct kvm_regs *loaded);
// In a VM that has run, or could: another program in its memory, about to start with `regs`.
void kvm_load(struct monitor *m, uint32_t program, const struct load_args *args,
              struct kvm_regs *regs);
// Whether the next fork(2) copies RAM.
void kvm_inherit_ram(const struct monitor *m, int on);

#endif
