// SPDX-License-Identifier: BSD-2-Clause
// poll() and select(), both on the kernel's ppoll.
#include <poll.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/time.h>

#include "libc-glue/glue.h"

// The mask is set and put back inside the one call: a signal that arrives between checking a flag
// and waiting is not lost, which is all the difference to poll(). The timeout is never written,
// unlike Linux's system call.
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    if (n > INT32_MAX)
        return (int)glue_ret(-EINVAL);
    return (int)GLUE_POINT(sys_ppoll(K(k_pollfd, fds), (unsigned)n, KC(k_timespec, timeout), mask));
}

// Any negative number waits for ever (XSH poll()), not only -1.
int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    struct timespec ts = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000};
    return ppoll(fds, n, timeout_ms < 0 ? NULL : &ts, NULL);
}

// What each set of select() asks, and which results put a descriptor back into it (POSIX: an error
// or hang-up makes it readable and writable).
#define ASK_READ    (POLLIN | POLLRDNORM | POLLRDBAND)
#define ASK_WRITE   (POLLOUT | POLLWRNORM | POLLWRBAND)
#define ASK_EXCEPT  POLLPRI
#define IS_READABLE (ASK_READ | POLLHUP | POLLERR)
#define IS_WRITABLE (ASK_WRITE | POLLERR)

static short asked(int fd, fd_set *r, fd_set *w, fd_set *x)
{
    int events = 0;
    if (r && FD_ISSET(fd, r))
        events |= ASK_READ;
    if (w && FD_ISSET(fd, w))
        events |= ASK_WRITE;
    if (x && FD_ISSET(fd, x))
        events |= ASK_EXCEPT;
    return (short)events;
}

// Keeps FD in SET only if it was asked for and RESULT says so; returns whether it stays.
static int settle_fd(int fd, fd_set *set, int result)
{
    if (!set || !FD_ISSET(fd, set))
        return 0;
    if (!result)
        FD_CLR(fd, set);
    return result != 0;
}

// Only descriptors that are in some set: the kernel looks at each it is given, and most programs
// ask about few, with a large N.
static int sets_to_polls(int n, fd_set *r, fd_set *w, fd_set *x, struct pollfd *out)
{
    int count = 0;
    for (int fd = 0; fd < n; fd++) {
        short events = asked(fd, r, w, x);
        if (events)
            out[count++] = (struct pollfd){.fd = fd, .events = events};
    }
    return count;
}

// A descriptor ready in two sets counts twice (XSH select()). N up to FD_SETSIZE, which is what an
// fd_set holds; more would read behind the caller's sets.
int pselect(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x,
            const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
    if (n < 0 || n > FD_SETSIZE)
        return (int)glue_ret(-EINVAL);
    struct pollfd fds[n + 1]; // at most 8 KB
    int count = sets_to_polls(n, r, w, x, fds), total = 0;
    if (ppoll(fds, (nfds_t)count, timeout, mask) < 0)
        return -1;
    // First whether any is bad, then the results: on an error the sets must not be changed (XSH
    // select()).
    for (int i = 0; i < count; i++)
        if (fds[i].revents & POLLNVAL)
            return (int)glue_ret(-EBADF); // the sets stay as they were
    for (int i = 0; i < count; i++) {
        total += settle_fd(fds[i].fd, r, fds[i].revents & IS_READABLE);
        total += settle_fd(fds[i].fd, w, fds[i].revents & IS_WRITABLE);
        total += settle_fd(fds[i].fd, x, fds[i].revents & ASK_EXCEPT);
    }
    return total;
}

int select(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x,
           struct timeval *restrict timeout)
{
    struct timespec ts;
    if (!timeout)
        return pselect(n, r, w, x, NULL, NULL);
    // Microseconds of a second and more are accepted, as on Linux. The time left is not written
    // back: POSIX leaves that open.
    ts = (struct timespec){timeout->tv_sec + timeout->tv_usec / 1000000,
                           timeout->tv_usec % 1000000 * 1000};
    return pselect(n, r, w, x, &ts, NULL);
}
