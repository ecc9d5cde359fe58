// SPDX-License-Identifier: BSD-2-Clause
// System V message queues. Neighbour: kernel/ipc/msg.c.
#include <sys/msg.h>

#include "libc-glue/glue.h"

// A queue stays until msgctl(IPC_RMID), whoever ends.
int msgget(key_t key, int flags)
{
    return (int)glue_ret(sys_msgget(key, flags));
}

// `message` begins with a long above 0, the type; `len` is of what follows it.
int msgsnd(int id, const void *message, size_t len, int flags)
{
    return (int)glue_ret(sys_msgsnd(id, message, len, flags));
}

// What is received begins with its type, too. A type below 0 asks for the lowest up to that.
ssize_t msgrcv(int id, void *message, size_t len, long type, int flags)
{
    return (ssize_t)glue_ret(sys_msgrcv(id, message, len, type, flags));
}

// MSG_INFO and IPC_INFO fill another structure than the one that the prototype names (Linux).
int msgctl(int id, int cmd, struct msqid_ds *arg)
{
    return (int)glue_ret(sys_msgctl(id, cmd, arg));
}
