// SPDX-License-Identifier: BSD-2-Clause
// System V shared memory. Neighbour: kernel/ipc/sysv_shm.c.
#include <sys/shm.h>

#include "libc-glue/glue.h"

// The size is rounded up to pages by the kernel; what IPC_STAT shows is the size given here.
int shmget(key_t key, size_t size, int flags)
{
    return (int)glue_ret(sys_shmget(key, size, flags));
}

// -1 as a pointer is what a failure looks like (XSH shmat()).
void *shmat(int id, const void *addr, int flags)
{
    return (void *)glue_ret(sys_shmat(id, addr, flags));
}

// The address is the one that shmat() gave, not any of the segment's.
int shmdt(const void *addr)
{
    return (int)glue_ret(sys_shmdt(addr));
}

// SHM_INFO and IPC_INFO fill other structures than the one that the prototype names (Linux).
int shmctl(int id, int cmd, struct shmid_ds *arg)
{
    return (int)glue_ret(sys_shmctl(id, cmd, arg));
}
