// SPDX-License-Identifier: BSD-2-Clause
// System V message queues, with Linux x86-64's values and layouts.
#ifndef RAMET_API_MSG_H
#define RAMET_API_MSG_H

#include <stdint.h>
#include "ipc.h"

// Flags of msgrcv().
#define MSG_NOERROR 010000
#define MSG_EXCEPT  020000
#define MSG_COPY    040000

// Commands beyond those of all kinds, as for shared memory.
#define MSG_STAT     11
#define MSG_INFO     12
#define MSG_STAT_ANY 13

// IPC_STAT, MSG_STAT. What is in the queue, how many bytes it may hold, and who sent and received
// last.
struct k_msqid_ds {
    struct k_ipc_perm perm;
    int64_t stime, rtime, ctime;
    uint64_t cbytes, qnum, qbytes;
    int32_t lspid, lrpid;
    uint64_t reserved[2];
};

struct k_msginfo { // IPC_INFO, MSG_INFO
    int32_t msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql;
    uint16_t msgseg;
    uint16_t pad;
};

#endif
