// SPDX-License-Identifier: BSD-2-Clause
// How the gdb server reaches a VM of KVM, in the VM's own monitor. Neighbours: server.h (the
// server), gdb.c (when the VM stops and runs).
#ifndef HOST_GDB_PRIVATE_H
#define HOST_GDB_PRIVATE_H

#include "host/gdb/server.h"
#include "host/kvm/monitor.h"

// --- kvm_regs.c ---
void gdb_kvm_regs_get(void *monitor, struct gdb_regs *regs);
int gdb_kvm_regs_set(void *monitor, const struct gdb_regs *regs);

// --- kvm_memory.c ---
// Through the guest's page tables as they are.
size_t gdb_kvm_memory(void *monitor, uint64_t va, uint8_t *to, const uint8_t *from, size_t len);

#endif
