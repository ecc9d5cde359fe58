// SPDX-License-Identifier: BSD-2-Clause
// A back end: what runs a family's VMs. Two exist: KVM, driven by monitors (kvm.c, monitor.c), and
// stock QEMU, driven by keepers (qemu.c, keeper.c). Supervisor, window, doorbells and the
// paravirtual calls are the same for both; this table is what differs.
#ifndef HOST_BACKEND_H
#define HOST_BACKEND_H

#include <time.h>

#include "host/family/family.h"
#include "host/kvm/load.h"
#include "host/kvm/monitor.h"

struct backend {
    const char *name; // of --vmm
    uint32_t calls;   // 1 << PV_CALL_*: those that are the host's business
    // Whether it can be used on this host. 0, or -errno with a line in err. Leaves in the family
    // what it has opened.
    int (*open)(struct family *f, char *err, size_t errlen);
    // Makes the family's guest memory: arena, window, image_map. 0, or -errno with a line in err.
    int (*memory)(struct family *f, char *err, size_t errlen);
    // Becomes the process of the family's first program, whose slot the caller has claimed and
    // forked for. Does not return.
    void (*start)(struct family *f, uint32_t slot, uint32_t program, const struct load_args *args);
    // PV_CALL_FORK and SPAWN, arguments checked and the slot claimed. What the call returns: after
    // an error the VM is as it was and the caller gives the slot back; CALL_REPLACED in the process
    // of the new VM.
    int64_t (*clone)(struct monitor *m, struct clone *c);
    int64_t (*spawn)(struct monitor *m, const struct pv_exec *c, struct load_args *args);
    // A VM is about to sleep, at most this long: what can be made ready meanwhile; NULL where there
    // is nothing. Not 0 in the process of a new VM.
    int (*idle)(struct monitor *m, const struct timespec *sleep);
    // PV_CALL_EXEC of a program that fits; only where `calls` has it.
    void (*exec)(struct monitor *m, uint32_t program, const struct load_args *args);
};

extern const struct backend kvm_backend, qemu_backend;

#endif
