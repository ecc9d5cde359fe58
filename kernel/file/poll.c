// SPDX-License-Identifier: BSD-2-Clause
// ppoll(2): waits for any of several descriptors. select() and the rest are made of it in the C
// library.
//
// Each kind of file says what holds now and in which queues a change would show; the wait then
// stands in all of them at once. Neighbours: file.h (the poll operation), waitq.c (the wait).

#include "kernel/api/errno.h"
#include "kernel/api/poll.h"
#include "kernel/arch.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/window/waitq.h"

// What holds whether it was asked for or not (POSIX poll()).
#define ALWAYS (POLLERR | POLLHUP | POLLNVAL)

// On the stack of the call, for its whole length. Many queues lie in the thread's room, which
// nobody else uses while this call waits: a handler runs only after it has ended.
struct poll {
    struct k_pollfd *fds;
    uint32_t n;
    uint32_t nqueues; // used of queues
    uint32_t console; // PV_WAIT_* of all descriptors
    struct waitq **queues;
};

#define PER_FD 2u  // queues of a descriptor, at most
#define FEW    16u // descriptors whose queues lie on the stack
_Static_assert(PER_FD *PROC_MAX_FDS <= SCRATCH_BODY / sizeof(struct waitq *),
               "queues fit the room");

// What holds of one descriptor. Its operation adds the queues in which a change would show and the
// host's streams it would have to wait for; it must add the same ones whether or not anything
// holds.
static uint32_t look_at(struct poll *p, const struct k_pollfd *pfd)
{
    struct file *f = fd_borrow(pfd->fd);
    if (!f)
        return POLLNVAL;
    const struct file_ops *ops = file_ops(f);
    uint32_t holds = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM; // files are always ready
    if (ops->poll)
        holds = ops->poll(f, p->queues, &p->nqueues, &p->console);
    return holds & ((uint16_t)pfd->events | ALWAYS);
}

// The number of descriptors about which there is something to say, or -EFAULT.
static int look_at_all(void *arg)
{
    struct poll *p = arg;
    int found = 0;
    // Each time: what was checked before a wait is not trusted after it.
    if (user_writable(p->fds, p->n * sizeof *p->fds) < 0)
        return -EFAULT;
    p->nqueues = 0; // the same ones every time
    p->console = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t holds = p->fds[i].fd < 0 ? 0 : look_at(p, &p->fds[i]);
        p->fds[i].revents = (int16_t)holds;
        found += holds != 0;
    }
    return found;
}

// With a deadline of 0 nothing waits, and no queue is entered: the common case of programs that
// look in a loop of their own. DEADLINE is in nanoseconds of the monotonic clock.
static long poll_until(struct k_pollfd *fds, uint32_t n, uint64_t deadline)
{
    struct waitq *few[PER_FD * FEW];
    struct thread_room *room = n > FEW ? thread_room() : NULL;
    if (n > FEW && !room)
        return -ENOMEM;
    struct poll p = {.fds = fds, .n = n, .queues = room ? room->queues : few};
    int found = look_at_all(&p);
    if (found || deadline == 0)
        return found;
    struct wait w = {.ready = look_at_all,
                     .arg = &p,
                     .queues = p.queues,
                     .nqueues = p.nqueues,
                     .console = p.console,
                     .deadline = deadline};
    return wait_for(&w);
}

// The deadline is computed once, so a call that begins again after a stop (SIGCONT) does not wait
// longer than was asked. More descriptors than RLIMIT_NOFILE allows is EINVAL (XSH poll()).
long sys_ppoll(struct k_pollfd *fds, unsigned n, const struct k_timespec *timeout,
               const uint64_t *sigmask)
{
    uint64_t deadline, seen = current->handled;
    if (n > PROC_MAX_FDS || n > proc_self->rlimits[RLIMIT_NOFILE].cur)
        return -EINVAL;
    if (user_writable(fds, n * sizeof *fds) < 0)
        return -EFAULT;
    if (sigmask && user_readable(sigmask, sizeof *sigmask) < 0)
        return -EFAULT;
    long r = clock_timeout(timeout, &deadline);
    if (r < 0)
        return r;
    do {
        sys_enter();
        if (current->handled != seen) {
            r = -EINTR; // POSIX: never restarted, whatever SA_RESTART says
            continue;
        }
        if (sigmask)
            signal_mask_push(*sigmask);
        r = poll_until(fds, n, deadline);
    } while (sys_leave(&r));
    return r;
}
