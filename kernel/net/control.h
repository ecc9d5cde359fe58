// SPDX-License-Identifier: BSD-2-Clause
// Ancillary data: what a message says besides its bytes (kernel/net/control.c).
#ifndef RAMET_KERNEL_NET_CONTROL_H
#define RAMET_KERNEL_NET_CONTROL_H

#include <stdint.h>
#include "kernel/net/socket.h"

// Where a walk through the descriptors of a message is; begins with zeros.
struct control_walk {
    uint64_t at;   // the header behind the current one
    uint64_t from; // the next descriptor
    uint32_t left; // of the current header
};

// Reads m->control, m->control_len of a send: sets nfds, has_cred and cred. 0; -EINVAL; -EFAULT;
// -EPERM: the program says it is somebody else; -ENOBUFS: too long.
int control_check(struct net_message *m);
// The next descriptor that the message passes. 1, 0 at the end.
int control_next_fd(const struct net_message *m, struct control_walk *walk, int32_t *fd);
// Whether the memory is still there, after a wait. 0 or -EFAULT.
int control_again(const struct net_message *m, int write);

// Hands over what a receive has found, m->cred and m->rights: descriptors are installed,
// m->control moves on, m->out_flags says what did not fit. In a critical section; m->rights stays
// the caller's.
void control_give(struct socket *s, struct net_message *m);

#endif
