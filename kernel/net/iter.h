// SPDX-License-Identifier: BSD-2-Clause
// Where a message's bytes are in the program's memory: the pieces of a vector, and how far a
// transfer has come in them (kernel/net/iter.c).
#ifndef RAMET_KERNEL_NET_ITER_H
#define RAMET_KERNEL_NET_ITER_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/api/uio.h"

// A copy of it remembers a place to go back to.
struct net_iter {
    const struct k_iovec *iov; // the piece that comes next
    uint32_t n;                // pieces, that one included
    size_t off;                // done of it
    size_t left;               // of the transfer
};

// A vector of the program. -EFAULT, -EINVAL (a sum above SSIZE_MAX), -EMSGSIZE (too many pieces).
int iter_make(struct net_iter *it, const struct k_iovec *iov, uint64_t n);
// Whether the pieces of what is left may be read (`write`: written): before any is touched, and
// again after a wait. 0 or -EFAULT.
int iter_check(const struct net_iter *it, int write);
// Moves n bytes, at most `left`, between the pieces and memory of ours, and goes on behind them.
void iter_from(struct net_iter *it, void *to, size_t n);
void iter_to(struct net_iter *it, const void *from, size_t n);

#endif
