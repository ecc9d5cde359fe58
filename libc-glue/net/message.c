// SPDX-License-Identifier: BSD-2-Clause
// Sending and receiving over sockets.
// Neighbours: socket.c (the sockets), kernel/net/message.c (the work).
#include <sys/socket.h>

#include "kernel/api/uio.h"
#include "libc-glue/glue.h"

#define NS_PER_S 1000000000L

// A peer that is gone is SIGPIPE, or EPIPE with MSG_NOSIGNAL (XSH send()).
ssize_t send(int fd, const void *buf, size_t len, int flags)
{
    return glue_ret(sys_sendto(fd, buf, len, flags, NULL, 0));
}

// ADDR says where a datagram goes. With a stream it is an error: EISCONN when it is connected,
// EOPNOTSUPP before.
ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
               socklen_t addr_len)
{
    return glue_ret(sys_sendto(fd, buf, len, flags, addr, addr_len));
}

// With ancillary data: descriptors and credentials (cmsg(3)).
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
    return glue_ret(sys_sendmsg(fd, KC(k_msghdr, msg), flags));
}

// 0 is the end of a stream, or a datagram of nothing.
ssize_t recv(int fd, void *buf, size_t len, int flags)
{
    return glue_ret(sys_recvfrom(fd, buf, len, flags, NULL, NULL));
}

// ADDR may be NULL when nobody asks who it was; else *ADDR_LEN is the room before and the name's
// length after.
ssize_t recvfrom(int fd, void *restrict buf, size_t len, int flags, struct sockaddr *restrict addr,
                 socklen_t *restrict addr_len)
{
    return glue_ret(sys_recvfrom(fd, buf, len, flags, addr, addr_len));
}

// Descriptors that come along are the caller's to close. What did not fit is told in msg_flags:
// MSG_TRUNC of data, MSG_CTRUNC of what is ancillary.
ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
    return glue_ret(sys_recvmsg(fd, K(k_msghdr, msg), flags));
}

// Up to COUNT messages by one call; an error after the first is not told, the next call meets it
// again (Linux).
int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int count, int flags)
{
    unsigned int done = 0;
    long r = 0;
    for (; done < count && done < K_IOV_MAX; done++) {
        r = sys_sendmsg(fd, KC(k_msghdr, &msgs[done].msg_hdr), flags);
        if (r < 0)
            break;
        msgs[done].msg_len = (unsigned int)r;
    }
    return done ? (int)done : (int)glue_ret(r);
}

// By the monotonic clock, so a change of the wall clock makes no wait longer.
static int is_over(const struct timespec *end)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

// When a time from now on will have passed. 0 or -EINVAL.
static int end_of(const struct timespec *timeout, struct timespec *end)
{
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= NS_PER_S)
        return -EINVAL;
    clock_gettime(CLOCK_MONOTONIC, end);
    end->tv_sec += timeout->tv_sec;
    end->tv_nsec += timeout->tv_nsec;
    if (end->tv_nsec >= NS_PER_S) {
        end->tv_nsec -= NS_PER_S;
        end->tv_sec++;
    }
    return 0;
}

// The time is looked at after each message only, as on Linux: a call that waits for its first one
// may last longer.
int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int count, int flags, struct timespec *timeout)
{
    struct timespec end;
    unsigned int done = 0;
    long r = timeout ? end_of(timeout, &end) : 0;
    while (r >= 0 && done < count) {
        r = sys_recvmsg(fd, K(k_msghdr, &msgs[done].msg_hdr), flags & ~MSG_WAITFORONE);
        if (r < 0)
            break;
        msgs[done++].msg_len = (unsigned int)r;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (timeout && is_over(&end))
            break;
    }
    return done ? (int)done : (int)glue_ret(r);
}
