// SPDX-License-Identifier: BSD-2-Clause
// CONSOLE: the family's three descriptors, as host/call/console.c has it for other back ends.

#include <limits.h>
#include <poll.h>
#include <sys/uio.h>
#include <time.h>

#include "host/process/stub/stub.h"

#define CONSOLE_MAX (UINT64_C(1) << 20)

static int would_block(int fd, int write)
{
    struct pollfd p = {.fd = fd, .events = write ? POLLOUT : POLLIN};
    const struct timespec none = {0};
    return sys6(SYS_ppoll, (uintptr_t)&p, 1, (uintptr_t)&none, 0, 0, 0) <= 0;
}

static long move(uint32_t fd, int write, const struct iovec *iov, int flags)
{
    // Position -1: where the descriptor stands.
    return sys6(write ? SYS_pwritev2 : SYS_preadv2, fd, (uintptr_t)iov, 1, UINT64_MAX, UINT64_MAX,
                (uint64_t)flags);
}

int64_t stub_console(const struct pv_console *c)
{
    const int write = c->write != 0;
    const uint32_t fd = c->fd;
    uint64_t len = c->len < CONSOLE_MAX ? c->len : CONSOLE_MAX;
    if (fd > 2 || BOOT_PAGE->stdio[fd] == PV_STDIO_NONE)
        return -EBADF;
    if (!write && BOOT_PAGE->stdio[fd] == PV_STDIO_TTY)
        return -EBADF; // the supervisor reads it for the whole family
    if (!range_in(c->buf, len, RAM | WINDOW | (write ? IMAGE : 0)))
        return -EFAULT;
    int flags = STATE->nowait[fd] ? RWF_NOWAIT : 0;
    if (!flags && would_block((int)fd, write))
        return -EAGAIN;
    if (STATE->small[fd] && len > PIPE_BUF)
        len = PIPE_BUF;
    const struct iovec iov = {.iov_base = (void *)c->buf, .iov_len = len};
    long n = move(fd, write, &iov, flags);
    if (n == -EOPNOTSUPP && flags) {
        STATE->nowait[fd] = 0;
        STATE->small[fd] = 1;
        return stub_console(c);
    }
    if (n > 0 && write && (STATE->flags & STUB_WATCHED) &&
        note(STUB_WROTE, c->buf, (uint64_t)n) > 0)
        STATE->saving = SAVE_AFTER;
    return n == -EINTR ? -EAGAIN : n; // an event: the guest is about to hear of it
}
