// SPDX-License-Identifier: BSD-2-Clause
// POSIX message queues: mq_timedsend() and mq_timedreceive().
//
// As for System V's queues, each attempt is one hold of the queue's lock, and a waiter holds
// nothing. A receiver that waits is counted: the message is for it then, and nobody is told of it
// (XSH mq_notify()).
// Neighbours: mq.c (descriptors), message.c (the list), mq_notify.c.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/mqueue.h"
#include "kernel/entry.h"
#include "kernel/ipc/mq.h"
#include "kernel/ipc/sysv.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/sys.h"
#include "kernel/time/clock.h"

// A call in progress, on its stack.
struct mq_call {
    struct mq *q;
    uint8_t *bytes; // of the program
    size_t len;
    uint32_t priority;
};

static uint32_t mq_number(const struct mq *q)
{
    return wtable_index(&window_root()->mqs, q);
}

// POSIX looks at the time only when it must wait; Linux always.
static int mq_deadline(const struct k_timespec *until, uint64_t *deadline)
{
    uint64_t ns, wall = pv_wall_ns();
    *deadline = PV_FOREVER;
    if (!until)
        return 0;
    if (user_readable(until, sizeof *until) < 0)
        return -EFAULT;
    if (clock_timespec_ns(until, &ns) < 0)
        return -EINVAL;
    *deadline = ns > wall ? clock_deadline(ns - wall) : 0;
    return 0;
}

static int wait_in_queue(struct waitq *queue, int (*ready)(void *), struct mq_call *call,
                         uint64_t deadline)
{
    struct wait w = {
        .ready = ready, .arg = call, .queues = &queue, .nqueues = 1, .deadline = deadline};
    int r = wait_for(&w);
    return r == 0 ? -ETIMEDOUT : r;
}

// --- sending ---

static int mq_put_locked(struct mq *q, const struct mq_call *call, struct mq_notice *notice,
                         int *notify)
{
    if (q->list.count >= q->maxmsg)
        return 0;
    critical_begin(); // a message that is in no list would be nobody's
    struct message *m = message_new(call->priority, call->bytes, call->len);
    if (m) {
        message_insert(&q->list, message_last(&q->list, call->priority), m);
        q->mtime = ipc_now();
        // Of the first message in an empty queue that nobody waits at.
        if (q->list.count == 1 && ipc_wait_count(IPC_WAIT_MESSAGE, mq_number(q), 0) == 0)
            *notify = mq_take_notice(q, notice);
    }
    critical_end();
    return m ? 1 : -ENOMEM;
}

// 1: sent; 0: no room; or -errno. ready() of the wait as well.
static int try_mq_send(void *arg)
{
    struct mq_call *call = arg;
    struct mq_notice notice;
    int notify = 0;
    if (user_readable(call->bytes, call->len) < 0)
        return -EFAULT;
    mq_lock(call->q);
    int r = mq_put_locked(call->q, call, &notice, &notify);
    mq_unlock(call->q);
    if (r == 1)
        waitq_wake(&call->q->readers);
    if (notify)
        mq_send_notice(&notice);
    return r;
}

// The descriptor is looked up in each round: a handler may have closed it.
static long mq_send_now(int fd, struct mq_call *call, uint64_t deadline)
{
    struct file *f;
    call->q = mq_of(fd, O_WRONLY, &f);
    if (!call->q)
        return -EBADF;
    if (call->len > call->q->msgsize)
        return -EMSGSIZE;
    int r = try_mq_send(call);
    if (r == 0 && (f->flags & O_NONBLOCK))
        return -EAGAIN;
    return r ? r : wait_in_queue(&call->q->writers, try_mq_send, call, deadline);
}

// A signal restarts it, if its handler was installed so: nothing was sent yet.
long sys_mq_timedsend(int fd, const void *message, size_t len, unsigned priority,
                      const struct k_timespec *until)
{
    struct mq_call call = {
        .bytes = (uint8_t *)(uintptr_t)message, .len = len, .priority = priority};
    uint64_t deadline = PV_FOREVER;
    long r = priority >= MQ_PRIO_MAX ? -EINVAL : mq_deadline(until, &deadline);
    if (r < 0)
        return r;
    do {
        sys_enter();
        r = mq_send_now(fd, &call, deadline);
    } while (sys_leave(&r));
    return r < 0 ? r : 0;
}

// --- receiving ---

// 1: received; 0: nothing there; or -errno. Copied out first: if we die before it is removed,
// another receives it. ready() of the wait as well.
static int try_mq_receive(void *arg)
{
    struct mq_call *call = arg;
    struct mq *q = call->q;
    int r = 0;
    mq_lock(q);
    struct message *m = message_at(q->list.first);
    if (m && user_writable(call->bytes, m->len) < 0)
        r = -EFAULT;
    if (m && r == 0) {
        message_read(m, call->bytes, m->len);
        call->len = m->len;
        call->priority = (uint32_t)m->type;
        critical_begin();
        message_remove(&q->list, NULL, m);
        message_free(m);
        critical_end();
        r = 1;
    }
    mq_unlock(q);
    if (r == 1)
        waitq_wake(&q->writers);
    return r;
}

// Counted while it waits, for mq_notify(): see the title.
static int wait_and_receive(struct mq_call *call, uint64_t deadline)
{
    struct ipc_wait *w = ipc_wait_begin(IPC_WAIT_MESSAGE, mq_number(call->q), 0);
    int r = wait_in_queue(&call->q->readers, try_mq_receive, call, deadline);
    ipc_wait_end(w);
    return r;
}

static long mq_receive_now(int fd, struct mq_call *call, size_t room, uint64_t deadline)
{
    struct file *f;
    call->q = mq_of(fd, O_RDONLY, &f);
    if (!call->q)
        return -EBADF;
    if (room < call->q->msgsize) // however long the message is (XSH mq_receive())
        return -EMSGSIZE;
    int r = try_mq_receive(call);
    if (r == 0 && (f->flags & O_NONBLOCK))
        return -EAGAIN;
    return r ? r : wait_and_receive(call, deadline);
}

long sys_mq_timedreceive(int fd, void *message, size_t len, unsigned *priority,
                         const struct k_timespec *until)
{
    struct mq_call call = {.bytes = message};
    uint64_t deadline = PV_FOREVER;
    long r = mq_deadline(until, &deadline);
    if (r == 0 && priority && user_writable(priority, sizeof *priority) < 0)
        r = -EFAULT;
    if (r < 0)
        return r;
    do {
        sys_enter();
        r = mq_receive_now(fd, &call, len, deadline);
        // Before a handler runs, which could take the memory away.
        if (r == 1 && priority && user_writable(priority, sizeof *priority) == 0)
            *priority = call.priority;
        if (r == 1)
            r = (long)call.len;
    } while (sys_leave(&r));
    return r;
}
