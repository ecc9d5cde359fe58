// SPDX-License-Identifier: BSD-2-Clause
// POSIX message queues: Linux's layout.
#ifndef _MQUEUE_H
#define _MQUEUE_H

#include <fcntl.h>
#include <ramet/mqueue.h>
#include <signal.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <time.h>

typedef int mqd_t;

// Of these mq_open() takes the second and third, mq_setattr() the first.
struct mq_attr {
    long mq_flags; // O_NONBLOCK
    long mq_maxmsg, mq_msgsize, mq_curmsgs;
    long __reserved[4];
};

__BEGIN_DECLS
mqd_t mq_open(const char *, int, ...);
int mq_close(mqd_t);
int mq_unlink(const char *);
int mq_send(mqd_t, const char *, size_t, unsigned);
int mq_timedsend(mqd_t, const char *, size_t, unsigned, const struct timespec *);
ssize_t mq_receive(mqd_t, char *, size_t, unsigned *);
ssize_t mq_timedreceive(mqd_t, char *, size_t, unsigned *, const struct timespec *);
int mq_getattr(mqd_t, struct mq_attr *);
int mq_setattr(mqd_t, const struct mq_attr *, struct mq_attr *);
int mq_notify(mqd_t, const struct sigevent *);
__END_DECLS

#endif
