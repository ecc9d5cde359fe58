// SPDX-License-Identifier: BSD-2-Clause
// POSIX message queues. A mqd_t is a descriptor. Neighbour: kernel/ipc/mq.c.
#include <mqueue.h>
#include <stdarg.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// XSH leaves names without a slash to the system; as on Linux there are none.
static long bare_name(const char **name)
{
    return *(*name)++ == '/' ? 0 : -EINVAL;
}

// Mode and attributes are there with O_CREAT only; no attributes are the system's (10 messages of
// 8,192 bytes).
mqd_t mq_open(const char *name, int flags, ...)
{
    mode_t mode = 0;
    struct mq_attr *attr = NULL;
    if (flags & O_CREAT) {
        va_list ap;
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        attr = va_arg(ap, struct mq_attr *);
        va_end(ap);
    }
    long r = bare_name(&name);
    return (mqd_t)glue_ret(r < 0 ? r : sys_mq_open(name, flags, mode, KC(k_mq_attr, attr)));
}

// The process's registration by mq_notify() goes with it: the kernel sees to that at any close().
int mq_close(mqd_t queue)
{
    return close(queue);
}

// Who has it open keeps it; a new queue of the name is another.
int mq_unlink(const char *name)
{
    long r = bare_name(&name);
    return (int)glue_ret(r < 0 ? r : sys_mq_unlink(name));
}

// Waits while the queue is full, unless it was opened with O_NONBLOCK.
int mq_send(mqd_t queue, const char *message, size_t len, unsigned priority)
{
    return (int)glue_ret(sys_mq_timedsend(queue, message, len, priority, NULL));
}

// Until a time of the real-time clock, not for a while.
int mq_timedsend(mqd_t queue, const char *message, size_t len, unsigned priority,
                 const struct timespec *until)
{
    return (int)glue_ret(sys_mq_timedsend(queue, message, len, priority, KC(k_timespec, until)));
}

// The oldest of the highest priority; the room must be enough for any message of the queue.
ssize_t mq_receive(mqd_t queue, char *message, size_t len, unsigned *priority)
{
    return (ssize_t)glue_ret(sys_mq_timedreceive(queue, message, len, priority, NULL));
}

// The time is one of the real-time clock here, too.
ssize_t mq_timedreceive(mqd_t queue, char *message, size_t len, unsigned *priority,
                        const struct timespec *until)
{
    return (ssize_t)glue_ret(
        sys_mq_timedreceive(queue, message, len, priority, KC(k_timespec, until)));
}

// The same call as setting them, which gives the old ones.
int mq_getattr(mqd_t queue, struct mq_attr *attr)
{
    return mq_setattr(queue, NULL, attr);
}

// Of the new attributes only O_NONBLOCK counts (XSH mq_setattr()).
int mq_setattr(mqd_t queue, const struct mq_attr *new, struct mq_attr *old)
{
    return (int)glue_ret(sys_mq_getsetattr(queue, KC(k_mq_attr, new), K(k_mq_attr, old)));
}

// SIGEV_THREAD is ENOSYS as yet: the kernel would have to start a thread.
int mq_notify(mqd_t queue, const struct sigevent *event)
{
    return (int)glue_ret(sys_mq_notify(queue, KC(k_sigevent, event)));
}
