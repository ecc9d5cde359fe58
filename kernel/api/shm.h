// SPDX-License-Identifier: BSD-2-Clause
// System V shared memory, with Linux x86-64's values and layouts.
#ifndef RAMET_API_SHM_H
#define RAMET_API_SHM_H

#include <stdint.h>
#include "ipc.h"

// Flags of shmget(), beside IPC_* and the mode.
#define SHM_HUGETLB   04000
#define SHM_NORESERVE 010000

// Flags of shmat().
#define SHM_RDONLY 010000
#define SHM_RND    020000
#define SHM_REMAP  040000
#define SHM_EXEC   0100000

// Bits that IPC_STAT shows in the mode.
#define SHM_DEST   01000
#define SHM_LOCKED 02000

// Commands beyond those of all kinds. The STAT ones take an index and return the id that is there:
// ipcs(1) goes through all of them up to what the INFO ones return.
#define SHM_LOCK     11
#define SHM_UNLOCK   12
#define SHM_STAT     13
#define SHM_INFO     14
#define SHM_STAT_ANY 15

// IPC_STAT, SHM_STAT. Times are seconds since 1970, 0 for what has not happened; the processes are
// those that made it, and that attached or detached it last.
struct k_shmid_ds {
    struct k_ipc_perm perm;
    uint64_t segsz;
    int64_t atime, dtime, ctime;
    int32_t cpid, lpid;
    uint64_t nattch;
    uint64_t reserved[2];
};

struct k_shminfo { // IPC_INFO
    uint64_t shmmax, shmmin, shmmni, shmseg, shmall;
    uint64_t reserved[4];
};

struct k_shm_info { // SHM_INFO
    int32_t used_ids;
    int32_t pad;
    uint64_t shm_tot, shm_rss, shm_swp; // pages
    uint64_t swap_attempts, swap_successes;
};

#endif
