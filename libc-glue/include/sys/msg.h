// SPDX-License-Identifier: BSD-2-Clause
// System V message queues: Linux's numbers (from <ramet/msg.h>).
#ifndef _SYS_MSG_H
#define _SYS_MSG_H

#include <ramet/msg.h>
#include <sys/ipc.h>
#include <time.h>

typedef unsigned long msgqnum_t;
typedef unsigned long msglen_t;

struct msqid_ds {
    struct ipc_perm msg_perm;
    time_t msg_stime;
    time_t msg_rtime;
    time_t msg_ctime;
    unsigned long __msg_cbytes;
    msgqnum_t msg_qnum;
    msglen_t msg_qbytes;
    pid_t msg_lspid;
    pid_t msg_lrpid;
    unsigned long __reserved[2];
};
#define msg_cbytes __msg_cbytes

// What IPC_INFO and MSG_INFO fill, on Linux; ipcs(1) prints it.
struct msginfo {
    int msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql;
    unsigned short msgseg;
};

// What msgsnd() takes, as Linux names it; programs define one of their own.
#ifdef _GNU_SOURCE
struct msgbuf {
    long mtype;
    char mtext[1];
};
#endif

__BEGIN_DECLS
int msgget(key_t, int);
int msgsnd(int, const void *, size_t, int);
ssize_t msgrcv(int, void *, size_t, long, int);
int msgctl(int, int, struct msqid_ds *);
__END_DECLS

#endif
