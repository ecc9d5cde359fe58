// SPDX-License-Identifier: BSD-2-Clause
// The program's side of a message: pieces of memory, walked through once.
//
// A message goes straight between the pieces and the window, without a copy in between: the pieces
// are checked beforehand, so that nothing can fault while a ring is locked.
// Neighbours: ring.c (the other side), message.c (who makes them).

#include "kernel/net/iter.h"
#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/lib.h"
#include "kernel/mem/copy.h"

// The sum is checked before anything is moved, as readv() does.
int iter_make(struct net_iter *it, const struct k_iovec *iov, uint64_t n)
{
    size_t total = 0;
    if (n > K_IOV_MAX)
        return -EMSGSIZE;
    if (user_readable(iov, n * sizeof *iov) < 0)
        return -EFAULT;
    for (uint64_t i = 0; i < n; i++)
        if (iov[i].len > INT64_MAX || __builtin_add_overflow(total, iov[i].len, &total))
            return -EINVAL;
    *it = (struct net_iter){.iov = iov, .n = (uint32_t)n, .left = min_u64(total, RW_MAX)};
    return 0;
}

// Pieces behind the end of what is left are not looked at: RW_MAX may have cut them off.
int iter_check(const struct net_iter *it, int write)
{
    size_t off = it->off, left = it->left;
    if (user_readable(it->iov, it->n * sizeof *it->iov) < 0)
        return -EFAULT;
    for (uint32_t i = 0; i < it->n && left; i++, off = 0) {
        uint8_t *piece = (uint8_t *)it->iov[i].base + off;
        size_t n = min_u64(it->iov[i].len - off, left);
        if ((write ? user_writable(piece, n) : user_readable(piece, n)) < 0)
            return -EFAULT;
        left -= n;
    }
    return 0;
}

// What can be moved in one go, at most n bytes, and where it is; the place moves on behind it.
static uint8_t *next_span(struct net_iter *it, size_t n, size_t *span)
{
    while (it->off == it->iov->len) {
        it->iov++;
        it->n--;
        it->off = 0;
    }
    uint8_t *at = (uint8_t *)it->iov->base + it->off;
    *span = min_u64(it->iov->len - it->off, n);
    it->off += *span;
    it->left -= *span;
    return at;
}

void iter_from(struct net_iter *it, void *to, size_t n)
{
    for (size_t span; n; n -= span) {
        const uint8_t *from = next_span(it, n, &span);
        copy_bytes(to, from, span);
        to = (uint8_t *)to + span;
    }
}

void iter_to(struct net_iter *it, const void *from, size_t n)
{
    for (size_t span; n; n -= span) {
        uint8_t *to = next_span(it, n, &span);
        copy_bytes(to, from, span);
        from = (const uint8_t *)from + span;
    }
}
