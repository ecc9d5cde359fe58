// SPDX-License-Identifier: BSD-2-Clause
// Passing descriptors, for the tests of this folder.
#ifndef TESTS_GUEST_NET_PASS_H
#define TESTS_GUEST_NET_PASS_H

#include "../check.h"
#include <sys/resource.h>
#include <sys/socket.h>

#define PASS_MAX 300

// Sends len bytes and n descriptors.
static inline ssize_t pass(int sock, const void *buf, size_t len, const int *fds, int n)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(PASS_MAX * sizeof(int))];
    } u;
    struct iovec v = {(void *)(size_t)buf, len};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    if (n) {
        memset(&u, 0, sizeof u);
        m.msg_control = &u;
        m.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
        memcpy(CMSG_DATA(c), fds, (size_t)n * sizeof(int));
    }
    return sendmsg(sock, &m, MSG_DONTWAIT);
}

// Receives at most `room` descriptors; *n says how many came. The bytes, or -1.
static inline ssize_t take(int sock, void *buf, size_t len, int *fds, int room, int *n, int *flags)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(PASS_MAX * sizeof(int))];
    } u;
    struct iovec v = {buf, len};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    if (room) {
        m.msg_control = &u;
        m.msg_controllen = CMSG_LEN((size_t)room * sizeof(int));
    }
    *n = 0;
    ssize_t got = recvmsg(sock, &m, *flags);
    if (got < 0)
        return got;
    *flags = m.msg_flags;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        *n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(c), (size_t)*n * sizeof(int));
    }
    return got;
}

// The lowest free descriptor: the same before and after, if none has leaked.
static inline int next_fd(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

#endif
