// SPDX-License-Identifier: BSD-2-Clause
// The KVM back end: its calls that are not in monitor.h. See kvm_clone.c.
#ifndef HOST_KVM_H
#define HOST_KVM_H

#include "host/monitor.h"

// backend.h: clone and spawn.
int64_t kvm_clone(struct monitor *m, struct clone *c);
int64_t kvm_spawn(struct monitor *m, const struct pv_exec *c, struct load_args *args);
// Replaces the VM's image by a program that fits into it.
void kvm_exec(struct monitor *m, uint32_t program, const struct load_args *args);

#endif
