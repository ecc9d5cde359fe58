// SPDX-License-Identifier: BSD-2-Clause
// Confinement: what a monitor may still do to the host once guest code runs under it.
#ifndef HOST_CONFINE_H
#define HOST_CONFINE_H

#include "host/family/family.h"

// For the family's first monitor, just before its first KVM_RUN; clones and spawned VMs inherit
// it all. Closes every descriptor but stdio, the control socket, the disks and `keep`, then sets
// PR_SET_NO_NEW_PRIVS and a seccomp filter under which a system call that confine.c does not list
// for `who` ends the process with SIGSYS. Cannot be undone. Does not block. 0 or -errno; after an
// error the caller must not run a guest.
enum confine_who { CONFINE_MONITOR, CONFINE_KEEPER };
int confine(struct family *f, enum confine_who who, const int *keep, unsigned n);

#endif
