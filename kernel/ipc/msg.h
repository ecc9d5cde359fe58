// SPDX-License-Identifier: BSD-2-Clause
// System V message queues: the queue behind an id (msg.c: messages; msg_ctl.c).
#ifndef RAMET_KERNEL_MSG_H
#define RAMET_KERNEL_MSG_H

#include <stdint.h>
#include "kernel/api/msg.h"
#include "kernel/ipc/message.h"
#include "kernel/ipc/sysv.h"
#include "kernel/window/waitq.h"

#define MSG_QUEUES 1024u
#define MSG_MAX    8192u  // bytes of a message
#define MSG_MNB    16384u // of a queue, unless its owner says otherwise

// Under the object's lock, but for the wait queues, which stay wait queues when the entry is
// another's.
struct msg_queue {
    struct ipc_head head;
    struct message_list list; // in the order in which they were sent
    uint64_t qbytes;
    int64_t stime, rtime;
    int32_t lspid, lrpid;
    struct waitq senders, receivers;
    uint64_t reserved[9];
};
_Static_assert(sizeof(struct msg_queue) == 192, "objects of a table are multiples of 64 bytes");

static inline struct msg_queue *msg_queue_of(struct ipc_head *h)
{
    return (struct msg_queue *)h;
}

// Under its lock, which its last owner died with.
void msg_repair(struct ipc_head *h);

#endif
