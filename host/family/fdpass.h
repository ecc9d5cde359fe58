// SPDX-License-Identifier: BSD-2-Clause
// Messages that carry descriptors over UNIX sockets (SCM_RIGHTS, unix(7)).
#ifndef HOST_FDPASS_H
#define HOST_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

#define FDPASS_MAX 4u // descriptors in a message

// Sends `len` bytes with `n` descriptors, which stay the caller's too. Flags and result are those
// of sendmsg(2); never SIGPIPE.
ssize_t fdpass_send(int socket, const void *data, size_t len, const int *fds, unsigned n,
                    int flags);

// Receives a message and at most FDPASS_MAX descriptors, close-on-exec, into `fds`; `*n` tells how
// many came. The result is recvmsg(2)'s; without one there are no descriptors.
ssize_t fdpass_receive(int socket, void *data, size_t len, int fds[FDPASS_MAX], unsigned *n,
                       int flags);

#endif
