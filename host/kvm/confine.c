// SPDX-License-Identifier: BSD-2-Clause
// What a monitor may do: run KVM on memory it already has. See family/confine.h.

#include "host/family/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/kvm/kvm.h"
#include "host/kvm/spare/dirty.h"

#define ALLOW_KVM(request) ALLOW_IF(ioctl, LONG(1, request))

// clang-format off
// The KVM requests name no descriptor: a clone's new VM has a number nobody knows yet, and no other
// driver's descriptor is open.
static const struct confine_rule monitor_rules[] = {
    ALLOW_KVM(KVM_RUN),                                // the guest
    ALLOW_KVM(KVM_CREATE_VM),                          // a clone makes its own VM,
    ALLOW_KVM(KVM_ENABLE_CAP),                         // in which failed emulations exit,
    ALLOW_KVM(KVM_CREATE_VCPU),                        // its vCPU,
    ALLOW_KVM(KVM_SET_USER_MEMORY_REGION),             // memory slots (also to flush the shadow),
    ALLOW_KVM(KVM_SET_CPUID2),                         // processor features
    ALLOW_KVM(KVM_SET_DEVICE_ATTR),                    // and TSC offset
    ALLOW_KVM(KVM_GET_SREGS),                          // CR2 of a page fault
    ALLOW_KVM(KVM_SET_XSAVE),                          // EXEC: a new program's x87 and SSE state
    ALLOW_IF(madvise, INT(2, MADV_DONTNEED)),          // PV_CALL_RELEASE
    ALLOW_IF(madvise, INT(2, MADV_DONTFORK)),          // SPAWN: a new program needs no copy of RAM,
    ALLOW_IF(madvise, INT(2, MADV_DOFORK)),            // a later clone does
    ALLOW_IF(madvise, INT(2, MADV_HUGEPAGE)),          // the heap of a new program
    ALLOW_IF(madvise, INT(2, MADV_POPULATE_WRITE)),    // pages made before the guest needs them
    ALLOW_FD(recvmsg, FD_ANSWERS),                     // a spare: the pagemap,
    ALLOW_IF(ioctl, LONG(1, DIRTY_SCAN)),              // which pages have changed since,
    ALLOW(pread64),                                    // who maps them,
    ALLOW_IF(fcntl, INT(1, F_ADD_SEALS)),              // what they are handed over in is sealed,
    ALLOW(preadv),                                     // where they end up,
    ALLOW(mremap),                                     // a copy of what it will write,
    ALLOW_IF(getrusage, INT(0, RUSAGE_SELF)),          // if the last one wrote much
};

// With --disk only: requests of a disk's device (virtio/blk.c).
static const struct confine_rule disk_rules[] = {
    ALLOW_FD(preadv, FD_DISK),                         // a read
    ALLOW_FD(pwritev, FD_DISK),                        // a write,
    {SCMP_SYS(lseek), FD_DISK, {INT(2, SEEK_END)}},    // inside what the file still has
    ALLOW_FD(fdatasync, FD_DISK),                      // a flush
};

// `ramet template` only: the VM is saved (template/save.c).
static const struct confine_rule template_rules[] = {
    ALLOW_FD(pwrite64, FD_TEMPLATE),                   // into its file
    ALLOW(pread64),                                    // which pages it has
    ALLOW_FD(lseek, FD_WINDOW),                        // and the window
    ALLOW_KVM(KVM_GET_FPU),                            // and the vCPU
};

// Its rehearsal only (template/rehearse.c).
static const struct confine_rule rehearsal_rules[] = {
    ALLOW_FD(pwrite64, FD_TEMPLATE),                   // the list of pages
};

// Of `ramet serve` only: a family that is taken by a client (ready.c).
static const struct confine_rule ready_rules[] = {
    ALLOW_IF(dup3, INT(1, 0)),                         // the client's descriptors
    ALLOW_IF(dup3, INT(1, 1)),
    ALLOW_IF(dup3, INT(1, 2)),
    ALLOW(clock_gettime),                              // the date, where the vDSO has no clock
};

// With --gdb only: a debugger is let in by the user, and may do to the guest what it likes.
static const struct confine_rule gdb_rules[] = {
    ALLOW_FD(accept4, FD_GDB),                         // a connection
    ALLOW(getpid),                                     // who it is that
    ALLOW_IF(fcntl, INT(1, F_SETOWN)),                 // is interrupted by its input,
    ALLOW_IF(fcntl, INT(1, F_SETFL), INT(2, O_RDWR | O_ASYNC)), // and that it is
    ALLOW(recvfrom),                                   // packets
    ALLOW_IF(sendto, LONG(4, 0)),                      // replies
    ALLOW_KVM(KVM_SET_SREGS),                          // registers
    ALLOW_KVM(KVM_GET_XSAVE),
};

// With --trace=exit only: KVM's own counters, read when the VM ends (trace.c).
static const struct confine_rule trace_rules[] = {
    ALLOW_KVM(KVM_GET_STATS_FD),
    ALLOW(pread64),
};
// clang-format on

// Once, in the family's first member, before its guest runs; there is no way back, and clones are
// born with it. The disks' descriptors are kept besides KEEP.
int kvm_confine(struct family *f, const int *keep, unsigned n)
{
    const struct confine_table tables[] = {
        CONFINE_TABLE(monitor_rules, 1),
        CONFINE_TABLE(disk_rules, 1),
        CONFINE_TABLE(template_rules, f->opt->until != NULL),
        CONFINE_TABLE(rehearsal_rules, f->rehearsal),
        CONFINE_TABLE(ready_rules, f->ready != NULL),
        CONFINE_TABLE(gdb_rules, f->gdb_fd >= 0),
        CONFINE_TABLE(trace_rules, f->opt->trace & TRACE_EXIT),
        {0},
    };
    int all[DISKS_MAX + CONFINE_KEEP_MAX];
    unsigned total = 0;
    if (n > CONFINE_KEEP_MAX - DISKS_MAX)
        return -EINVAL;
    for (uint32_t i = 0; i < f->ndisks; i++)
        all[total++] = f->disks[i].fd;
    memcpy(all + total, keep, n * sizeof *keep);
    return confine(f, tables, all, total + n);
}
