// SPDX-License-Identifier: BSD-2-Clause
// System V IPC: what its three kinds have in common, with Linux x86-64's values and layout.
#ifndef RAMET_API_IPC_H
#define RAMET_API_IPC_H

#include <stdint.h>

// Flags of the get calls, beside the nine bits of the mode.
#define IPC_CREAT  01000
#define IPC_EXCL   02000
#define IPC_NOWAIT 04000

// Commands of the control calls.
#define IPC_RMID 0
#define IPC_SET  1
#define IPC_STAT 2
#define IPC_INFO 3

#define IPC_PRIVATE 0

// What IPC_STAT begins with. IPC_SET takes uid, gid and the lower nine bits of the mode from it.
struct k_ipc_perm {
    int32_t key;
    uint32_t uid, gid;   // whose it is
    uint32_t cuid, cgid; // who made it
    uint32_t mode;
    uint16_t seq;
    uint16_t pad[3];
    uint64_t reserved[2];
};

#endif
