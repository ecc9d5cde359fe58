// SPDX-License-Identifier: BSD-2-Clause
// System V message queues: msgctl().
//
// Neighbours: msg.c (the messages), sysv.c (what is the same for all kinds).

#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/ipc/msg.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/sys.h"

// Counts and who was last, not what is in the messages.
static void show_queue(const struct msg_queue *q, struct k_msqid_ds *ds)
{
    *ds = (struct k_msqid_ds){.stime = q->stime,
                              .rtime = q->rtime,
                              .ctime = q->head.ctime,
                              .cbytes = q->list.bytes,
                              .qnum = q->list.count,
                              .qbytes = q->qbytes,
                              .lspid = q->lspid,
                              .lrpid = q->lrpid};
    ipc_show(&q->head, &ds->perm);
}

// By id, or by index; MSG_STAT_ANY asks for no right.
static long msg_stat(int64_t id, int cmd, struct k_msqid_ds *ds)
{
    long r = 0;
    if (user_writable(ds, sizeof *ds) < 0)
        return -EFAULT;
    struct ipc_head *h = cmd == IPC_STAT ? ipc_lock(IPC_MSG, id, &r) : ipc_lock_at(IPC_MSG, id, &r);
    if (!h)
        return r;
    r = cmd == MSG_STAT_ANY ? 0 : ipc_may(h, IPC_READ);
    if (r == 0) {
        show_queue(msg_queue_of(h), ds);
        r = cmd == IPC_STAT ? 0 : (long)h->id;
    }
    ipc_unlock(IPC_MSG, h);
    return r;
}

// More than the limit is for the superuser (XSH msgctl()). Whoever waits may be let in now, or out.
static long msg_change(int64_t id, const struct k_msqid_ds *ds)
{
    long r;
    if (user_readable(ds, sizeof *ds) < 0)
        return -EFAULT;
    struct ipc_head *h = ipc_lock(IPC_MSG, id, &r);
    if (!h)
        return r;
    struct msg_queue *q = msg_queue_of(h);
    r = ipc_owns(h);
    if (r == 0 && ds->qbytes > MSG_MNB && proc_self->euid != 0)
        r = -EPERM;
    if (r == 0)
        r = ipc_change(h, &ds->perm);
    if (r == 0)
        q->qbytes = ds->qbytes;
    ipc_unlock(IPC_MSG, h);
    if (r == 0) {
        waitq_wake(&q->senders);
        waitq_wake(&q->receivers);
    }
    return r;
}

// Who waits finds that the id is none. The messages go before the entry, which may be another
// queue's right after.
static long msg_remove(int64_t id)
{
    long r = 0;
    critical_begin(); // taken out, it is found by nobody who would free it
    struct ipc_head *h = ipc_take_out(IPC_MSG, id, &r);
    if (h) {
        struct msg_queue *q = msg_queue_of(h);
        message_free_all(&q->list);
        ipc_free(IPC_MSG, h);
        waitq_wake(&q->senders);
        waitq_wake(&q->receivers);
    }
    critical_end();
    return r;
}

// MSG_INFO says in three of the fields how much there is.
static long msg_info(int cmd, struct k_msginfo *info)
{
    long error;
    if (user_writable(info, sizeof *info) < 0)
        return -EFAULT;
    *info = (struct k_msginfo){.msgpool = MSG_QUEUES * MSG_MNB / 1024,
                               .msgmap = MSG_MNB,
                               .msgmax = MSG_MAX,
                               .msgmnb = MSG_MNB,
                               .msgmni = MSG_QUEUES,
                               .msgssz = 16,
                               .msgtql = MSG_MNB,
                               .msgseg = UINT16_MAX};
    if (cmd == IPC_INFO)
        return ipc_highest(IPC_MSG);
    info->msgpool = info->msgmap = info->msgtql = 0;
    for (uint32_t i = 0, n = ipc_bound(IPC_MSG); i < n; i++) {
        struct ipc_head *h = ipc_lock_at(IPC_MSG, i, &error);
        if (!h)
            continue;
        info->msgpool++;
        info->msgmap += (int32_t)msg_queue_of(h)->list.count;
        info->msgtql += (int32_t)msg_queue_of(h)->list.bytes;
        ipc_unlock(IPC_MSG, h);
    }
    return ipc_highest(IPC_MSG);
}

// The commands of all kinds and, from MSG_STAT on, Linux's own.
static long do_msgctl(int64_t id, int cmd, void *arg)
{
    switch (cmd) {
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY:
        return msg_stat(id, cmd, arg);
    case IPC_SET:
        return msg_change(id, arg);
    case IPC_RMID:
        return msg_remove(id);
    case IPC_INFO:
    case MSG_INFO:
        return msg_info(cmd, arg);
    default:
        return -EINVAL;
    }
}

long sys_msgctl(int id, int cmd, void *arg)
{
    if (id < 0 || cmd < 0)
        return -EINVAL;
    sys_enter();
    return sys_done(do_msgctl(id, cmd, arg));
}
