// SPDX-License-Identifier: BSD-2-Clause
// System V semaphores. Neighbour: kernel/ipc/sem.c.
#include <stdarg.h>
#include <sys/sem.h>

#include "libc-glue/glue.h"

// Fresh semaphores are 0, as on Linux; XSH semget() leaves their values open, so that portable
// programs set them.
int semget(key_t key, int n, int flags)
{
    return (int)glue_ret(sys_semget(key, n, flags));
}

// The operations are all done, or none; EINTR after a handler, whatever SA_RESTART said.
int semop(int id, struct sembuf *ops, size_t n)
{
    return (int)glue_ret(sys_semtimedop(id, KC(k_sembuf, ops), n, NULL));
}

// Linux's: the time is from now on, not of a clock.
int semtimedop(int id, struct sembuf *ops, size_t n, const struct timespec *timeout)
{
    return (int)glue_ret(sys_semtimedop(id, KC(k_sembuf, ops), n, KC(k_timespec, timeout)));
}

// The fourth argument is the program's union semun, or a bare int, or not there: in a register in
// all three cases (psABI), and the kernel looks at as much of it as the command has a use for.
int semctl(int id, int num, int cmd, ...)
{
    va_list ap;
    va_start(ap, cmd);
    unsigned long arg = va_arg(ap, unsigned long);
    va_end(ap);
    return (int)glue_ret(sys_semctl(id, num, cmd, arg));
}
