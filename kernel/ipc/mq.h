// SPDX-License-Identifier: BSD-2-Clause
// POSIX message queues (mq.c: names and descriptors; mq_message.c: messages; mq_notify.c).
//
// A queue is an entry of root.mqs with a list of messages, the highest priority first. Its name and
// each open description hold it; descriptions are files of the kind FILE_MQ.
#ifndef RAMET_KERNEL_MQ_H
#define RAMET_KERNEL_MQ_H

#include <stdint.h>
#include "kernel/file/file.h"
#include "kernel/ipc/message.h"
#include "kernel/root.h"
#include "kernel/window/lock.h"
#include "kernel/window/waitq.h"

#define MQ_QUEUES   256u // of a family, as on Linux
#define MQ_NAME_MAX 255u

struct proc;

struct mq {
    uint32_t used; // 0: free
    // Under root.mq_lock.
    uint32_t refs;  // open descriptions, and one for the name
    uint32_t named; // not 0: can be opened
    // Constant.
    uint32_t maxmsg, msgsize;
    uint32_t mode, uid, gid;
    int64_t ctime;
    struct waitq readers, writers;
    // Under lock.
    struct wlock lock;
    int32_t notify_pid; // who is to be told of the next message; 0: nobody
    int32_t notify_sig; // by which signal; 0: none (SIGEV_NONE)
    uint32_t pad;
    uint64_t notify_value;
    struct message_list list;
    int64_t mtime;
    uint64_t reserved[10];
    char name[MQ_NAME_MAX + 1]; // under root.mq_lock, without the slash
};
_Static_assert(sizeof(struct mq) % 64 == 0, "objects of a table are multiples of 64 bytes");

// With its list made whole, if its last owner died.
void mq_lock(struct mq *q);
void mq_unlock(struct mq *q);

// The queue of a descriptor that was opened for this access (O_RDONLY, O_WRONLY; O_RDWR: any), with
// the description in *file. NULL: -EBADF.
struct mq *mq_of(int fd, uint32_t access, struct file **file);

// --- mq_notify.c ---
// A signal to be sent when no lock is held any more.
struct mq_notice {
    int32_t pid, sig;
    uint64_t value;
};
// Under the lock: takes the registration. Whether there is something to send.
int mq_take_notice(struct mq *q, struct mq_notice *notice);
void mq_send_notice(const struct mq_notice *notice);
// The process closes a descriptor of the queue: it is not to be told any more.
void mq_closed(const struct proc *p, const struct file *f);

#endif
