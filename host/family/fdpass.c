// SPDX-License-Identifier: BSD-2-Clause
// Messages that carry descriptors. See fdpass.h.

#include "host/family/fdpass.h"

#include <string.h>
#include <sys/socket.h>

union control {
    struct cmsghdr header; // aligns the space
    char space[CMSG_SPACE(FDPASS_MAX * sizeof(int))];
};

ssize_t fdpass_send(int socket, const void *data, size_t len, const int *fds, unsigned n, int flags)
{
    union control control = {0};
    struct iovec iov = {.iov_base = (void *)data, .iov_len = len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (n) {
        msg.msg_control = control.space;
        msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        *c = (struct cmsghdr){CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(c), fds, n * sizeof(int));
    }
    return sendmsg(socket, &msg, flags | MSG_NOSIGNAL);
}

ssize_t fdpass_receive(int socket, void *data, size_t len, int fds[FDPASS_MAX], unsigned *n,
                       int flags)
{
    union control control;
    struct iovec iov = {.iov_base = data, .iov_len = len};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.space,
                         .msg_controllen = sizeof control.space};
    // MSG_CMSG_CLOEXEC: no descriptor must reach a program that somebody executes meanwhile.
    ssize_t got = recvmsg(socket, &msg, flags | MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&msg);
    *n = 0;
    // What had no room was closed by the host's kernel; we ask for nothing else than SCM_RIGHTS.
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
        *n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(c), *n * sizeof(int));
    }
    return got;
}
