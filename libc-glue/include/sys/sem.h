// SPDX-License-Identifier: BSD-2-Clause
// System V semaphores: Linux's numbers (from <ramet/sem.h>). A program defines union semun itself
// (XSH semctl()).
#ifndef _SYS_SEM_H
#define _SYS_SEM_H

#include <ramet/sem.h>
#include <sys/ipc.h>
#include <time.h>

#define _SEM_SEMUN_UNDEFINED 1

struct sembuf {
    unsigned short sem_num;
    short sem_op;
    short sem_flg;
};

struct semid_ds {
    struct ipc_perm sem_perm;
    time_t sem_otime;
    unsigned long __reserved1;
    time_t sem_ctime;
    unsigned long __reserved2;
    unsigned long sem_nsems;
    unsigned long __reserved3[2];
};

// What IPC_INFO and SEM_INFO fill, on Linux; ipcs(1) prints it.
struct seminfo {
    int semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem;
};

__BEGIN_DECLS
int semget(key_t, int, int);
int semop(int, struct sembuf *, size_t);
int semtimedop(int, struct sembuf *, size_t, const struct timespec *);
int semctl(int, int, int, ...);
__END_DECLS

#endif
