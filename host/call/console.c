// SPDX-License-Identifier: BSD-2-Clause
// PV_CALL_CONSOLE: the family's three host descriptors.
//
// They are shared with whoever started us, so O_NONBLOCK must not be set on them. Pipes and sockets
// take RWF_NOWAIT; a regular file does not block; a terminal is asked first. A kernel that knows no
// RWF_NOWAIT for pipes (Linux 6.1 is one) is asked first, too, and then takes PIPE_BUF bytes
// without blocking.

#include "host/call/call.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/uio.h>

#include "host/backend.h"

#define CONSOLE_MAX (UINT64_C(1) << 20) // bytes per call: bounds how long one write can take

static int64_t would_block(int fd, int write)
{
    struct pollfd p = {.fd = fd, .events = write ? POLLOUT : POLLIN};
    return poll(&p, 1, 0) <= 0;
}

int64_t call_console(struct member *m, struct pv_console *c)
{
    struct family *f = m->family;
    int write = c->write != 0;
    unsigned areas = GUEST_RAM | GUEST_WINDOW | (write ? GUEST_IMAGE : 0);

    if (c->fd > 2 || f->stdio[c->fd] == PV_STDIO_NONE)
        return -EBADF;
    if (!write && f->stdio[c->fd] == PV_STDIO_TTY)
        return -EBADF; // the supervisor reads it for the whole family
    // A short transfer is no error: the caller comes back for the rest.
    if (c->len > CONSOLE_MAX)
        c->len = CONSOLE_MAX;
    void *p = guest_ptr(m->mem, (struct gaddr){c->buf}, c->len, areas);
    if (!p)
        return -EFAULT;
    int fd = (int)c->fd, flags = f->stdio_nowait[fd] ? RWF_NOWAIT : 0;
    if (!flags && would_block(fd, write))
        return -EAGAIN;
    struct iovec iov = {.iov_base = p, .iov_len = c->len};
    if (f->stdio_small[fd] && iov.iov_len > PIPE_BUF)
        iov.iov_len = PIPE_BUF;
    // Straight from or into guest memory. Its bytes are not looked at, so it does no harm if they
    // change meanwhile.
    ssize_t n = write ? pwritev2(fd, &iov, 1, -1, flags) : preadv2(fd, &iov, 1, -1, flags);
    // Found out once per descriptor and member; after this the call cannot come here a second time.
    if (n < 0 && errno == EOPNOTSUPP && flags) {
        f->stdio_nowait[fd] = 0;
        f->stdio_small[fd] = 1;
        return call_console(m, c);
    }
    if (n < 0 && errno == EINTR)
        return -EAGAIN; // an event: the guest is about to hear of it
    if (n > 0 && write && f->backend->output)
        f->backend->output(m, p, (uint64_t)n);
    return n < 0 ? -errno : n;
}
