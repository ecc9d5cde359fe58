// SPDX-License-Identifier: BSD-2-Clause
// Starting a program in a new VM for a claimed entry: what posix_spawn and a vforked child's exec
// share.
#ifndef RAMET_KERNEL_SPAWN_H
#define RAMET_KERNEL_SPAWN_H

#include "kernel/proc/exec.h"

// Starts the prepared program in the slot of *child, which moves when the host is still busy with
// that slot; the child is RUNNING then and may be gone already. No lock held. 0, or -errno with the
// child as it was.
long spawn_start(struct proc **child, const struct exec_image *image);

#endif
