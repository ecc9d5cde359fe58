// SPDX-License-Identifier: BSD-2-Clause
// What a QEMU monitor may do. It has no KVM: it talks to QEMU and to the supervisor, and makes the
// descriptors that go to both. It still opens nothing. See family/confine.h.

#include "host/family/confine.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "host/qemu/qemu.h"

// clang-format off
static const struct confine_rule monitor_rules[] = {
    ALLOW_IF(sendto, LONG(4, 0)),                      // an interrupt to the shim; no address
    ALLOW(recvfrom),                                   // the shim's doorbell; QMP
    ALLOW(sendmsg),                                    // QMP, with descriptors; to the supervisor
    ALLOW(recvmsg),                                    // a QEMU from the supervisor
    ALLOW_IF(socketpair, INT(0, AF_UNIX)),             // the lease of one
    ALLOW(pipe2),                                      // a VM's state from QEMU to QEMU,
    ALLOW_IF(fcntl, INT(1, F_SETPIPE_SZ)),             // large enough for it,
    ALLOW_IF(fcntl, INT(1, F_SETFL)),                  // which waits; and a lease whose end
    ALLOW_IF(fcntl, INT(1, F_SETOWN)),                 // is told by a signal to this process
    ALLOW(write),                                      // the template's state
    ALLOW(lseek),                                      // what of RAM there is to copy,
    ALLOW(pwrite64),                                   // and its copy
    ALLOW(clock_gettime),                              // time-outs, where the vDSO has no clock
};

// clang-format on

int qemu_confine(struct family *f, const int *keep, unsigned n)
{
    const struct confine_table tables[] = {CONFINE_TABLE(monitor_rules, 1), {0}};
    return confine(f, tables, keep, n);
}
