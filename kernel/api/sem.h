// SPDX-License-Identifier: BSD-2-Clause
// System V semaphores, with Linux x86-64's values and layouts.
#ifndef RAMET_API_SEM_H
#define RAMET_API_SEM_H

#include <stdint.h>
#include "ipc.h"

// Of an operation: the process's end takes it back.
#define SEM_UNDO 0x1000

// Commands beyond those of all kinds; of single semaphores, of all of a set, of indexes.
#define GETPID       11
#define GETVAL       12
#define GETALL       13
#define GETNCNT      14
#define GETZCNT      15
#define SETVAL       16
#define SETALL       17
#define SEM_STAT     18
#define SEM_INFO     19
#define SEM_STAT_ANY 20

// `op` above 0 adds, below 0 waits until there is so much and takes it, 0 waits for zero.
struct k_sembuf {
    uint16_t num;
    int16_t op;
    int16_t flg; // IPC_NOWAIT, SEM_UNDO
};

// IPC_STAT, SEM_STAT. `otime` is that of the last semop(), `ctime` of the last SETVAL or IPC_SET.
struct k_semid_ds {
    struct k_ipc_perm perm;
    int64_t otime;
    uint64_t reserved1;
    int64_t ctime;
    uint64_t reserved2;
    uint64_t nsems;
    uint64_t reserved3[2];
};

struct k_seminfo { // IPC_INFO, SEM_INFO
    int32_t semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem;
};

#endif
