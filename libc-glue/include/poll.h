// SPDX-License-Identifier: BSD-2-Clause
// poll(): Linux's numbers and layout (from <ramet/poll.h>).
#ifndef _POLL_H
#define _POLL_H

#include <ramet/poll.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <sys/cdefs.h>

struct pollfd {
    int fd;
    short events;
    short revents;
};
typedef unsigned long nfds_t;

__BEGIN_DECLS
int poll(struct pollfd *, nfds_t, int);
int ppoll(struct pollfd *, nfds_t, const struct timespec *, const __sigset_t *);
__END_DECLS

#endif
