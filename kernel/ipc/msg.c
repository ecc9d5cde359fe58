// SPDX-License-Identifier: BSD-2-Clause
// System V message queues: msgget(), msgsnd(), msgrcv().
//
// Each attempt at sending or receiving is one hold of the queue's lock: a message is made, or
// copied out, only when it goes. So a waiter holds nothing, and one that is killed leaves nothing.
// Senders and receivers make their own attempts, woken when there is room or something new; of
// several who could go on it is not said who does. The program's memory is checked at each attempt.
// Neighbours: msg_ctl.c (msgctl), message.c (the bytes), sysv.c (ids).

#include "kernel/ipc/msg.h"
#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/sys.h"

// A call in progress, on its stack.
struct msg_call {
    int64_t id;
    int64_t type;            // as the caller gave it
    uint8_t *text;           // of the program
    size_t len;              // sent, or room
    int flags;               // IPC_NOWAIT, MSG_*
    size_t got;              // bytes received
    struct msg_queue *queue; // as it was found last; its entry stays
};

// --- msgget ---

// No memory until there is a message.
static int make_queue(struct ipc_head *h, uint64_t size, int flags)
{
    (void)size, (void)flags;
    msg_queue_of(h)->qbytes = MSG_MNB;
    return 0;
}

static int any_fits(const struct ipc_head *h, uint64_t size)
{
    (void)h, (void)size;
    return 0;
}

long sys_msgget(int key, int flags)
{
    static const struct ipc_kind_ops ops = {.make = make_queue, .fits = any_fits};
    sys_enter();
    return sys_done(ipc_get(IPC_MSG, key, flags, 0, &ops));
}

void msg_repair(struct ipc_head *h)
{
    if (h->used && h->live)
        message_repair(&msg_queue_of(h)->list);
}

// The queue of a call, locked. A waiter whose queue is gone is told so; who comes late, that there
// is none.
static struct msg_queue *lock_queue(struct msg_call *call, uint32_t want, long *r)
{
    struct ipc_head *h = ipc_lock_for(IPC_MSG, call->id, want, r);
    if (!h) {
        if (call->queue && *r == -EINVAL)
            *r = -EIDRM;
        return NULL;
    }
    return call->queue = msg_queue_of(h);
}

static int wait_in(struct waitq *q, int (*ready)(void *), struct msg_call *call)
{
    struct wait w = {
        .ready = ready, .arg = call, .queues = &q, .nqueues = 1, .deadline = PV_FOREVER};
    return wait_for(&w);
}

// --- sending ---

// Empty messages count too (Linux): a queue holds no more of them than it may hold bytes.
static int queue_has_room(const struct msg_queue *q, size_t len)
{
    return q->list.bytes + len <= q->qbytes && q->list.count + 1 <= q->qbytes;
}

// Room first, then the message: a full queue costs no pieces.
static int send_locked(struct msg_queue *q, const struct msg_call *call)
{
    if (!queue_has_room(q, call->len))
        return call->flags & IPC_NOWAIT ? -EAGAIN : 0;
    critical_begin(); // a message that is in no list would be nobody's
    struct message *m = message_new(call->type, call->text, call->len);
    if (m) {
        message_insert(&q->list, message_last(&q->list, INT64_MIN), m);
        q->stime = ipc_now();
        q->lspid = proc_self->pid;
    }
    critical_end();
    return m ? 1 : -ENOMEM;
}

// 1: sent; 0: no room; or -errno. ready() of the wait as well.
static int try_send(void *arg)
{
    struct msg_call *call = arg;
    long r;
    if (user_readable(call->text, call->len) < 0)
        return -EFAULT;
    struct msg_queue *q = lock_queue(call, IPC_WRITE, &r);
    if (!q)
        return (int)r;
    int sent = send_locked(q, call);
    ipc_unlock(IPC_MSG, &q->head);
    if (sent == 1)
        waitq_wake(&q->receivers);
    return sent;
}

// What msgsnd() and msgrcv() do alike: EINTR after a handler, SA_RESTART or not (XSH msgrcv()).
static long msg_run(struct msg_call *call, int (*attempt)(void *), int sending)
{
    uint64_t seen = current->handled;
    long r;
    do {
        sys_enter();
        r = current->handled != seen ? -EINTR : attempt(call);
        if (r == 0)
            r = wait_in(sending ? &call->queue->senders : &call->queue->receivers, attempt, call);
    } while (sys_leave(&r));
    return r;
}

long sys_msgsnd(int id, const void *message, size_t len, int flags)
{
    int64_t type;
    if (user_readable(message, sizeof type) < 0)
        return -EFAULT;
    memcpy(&type, message, sizeof type);
    if (id < 0 || len > MSG_MAX || type < 1)
        return -EINVAL;
    struct msg_call call = {.id = id,
                            .type = type,
                            .text = (uint8_t *)(uintptr_t)message + sizeof type,
                            .len = len,
                            .flags = flags};
    long r = msg_run(&call, try_send, 1);
    return r < 0 ? r : 0;
}

// --- receiving ---

// MSG_EXCEPT turns a type above 0 round, and means nothing with others (Linux).
static int is_wanted(const struct message *m, int64_t type, int flags)
{
    if (type == 0)
        return 1;
    if (type < 0) // the lowest up to that; INT64_MIN has no opposite
        return m->type <= (type == INT64_MIN ? INT64_MAX : -type);
    return flags & MSG_EXCEPT ? m->type != type : m->type == type;
}

// The message that the call is for, and the one before it. Of a negative type the first of the
// lowest.
static struct message *choose(const struct msg_queue *q, const struct msg_call *call,
                              struct message **before)
{
    struct message *found = NULL, *last = NULL;
    for (struct message *m = message_at(q->list.first); m; last = m, m = message_at(m->next)) {
        if (!is_wanted(m, call->type, call->flags) || (found && m->type >= found->type))
            continue;
        found = m;
        *before = last;
        if (call->type >= 0)
            break;
    }
    return found;
}

// Copied out first: if we die before it is removed, another receives it.
static int receive_locked(struct msg_queue *q, struct msg_call *call)
{
    struct message *before = NULL, *m = choose(q, call, &before);
    if (!m)
        return call->flags & IPC_NOWAIT ? -ENOMSG : 0;
    if (m->len > call->len && !(call->flags & MSG_NOERROR))
        return -E2BIG;
    call->got = min_u64(m->len, call->len);
    if (user_writable(call->text - sizeof m->type, sizeof m->type + call->got) < 0)
        return -EFAULT;
    memcpy(call->text - sizeof m->type, &m->type, sizeof m->type);
    message_read(m, call->text, call->got);
    critical_begin();
    message_remove(&q->list, before, m);
    message_free(m);
    critical_end();
    q->rtime = ipc_now();
    q->lrpid = proc_self->pid;
    return 1;
}

// 1: received; 0: nothing there; or -errno. ready() of the wait as well.
static int try_receive(void *arg)
{
    struct msg_call *call = arg;
    long r;
    struct msg_queue *q = lock_queue(call, IPC_READ, &r);
    if (!q)
        return (int)r;
    int received = receive_locked(q, call);
    ipc_unlock(IPC_MSG, &q->head);
    if (received == 1)
        waitq_wake(&q->senders);
    return received;
}

long sys_msgrcv(int id, void *message, size_t len, int64_t type, int flags)
{
    if (id < 0 || len > INT64_MAX)
        return -EINVAL;
    if (flags & MSG_COPY) // an aid for saving processes, that Linux need not have either
        return -ENOSYS;
    struct msg_call call = {.id = id,
                            .type = type,
                            .text = (uint8_t *)message + sizeof(int64_t),
                            .len = len,
                            .flags = flags};
    long r = msg_run(&call, try_receive, 0);
    return r < 0 ? r : (long)call.got;
}
