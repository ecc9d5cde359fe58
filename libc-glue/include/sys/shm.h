// SPDX-License-Identifier: BSD-2-Clause
// System V shared memory: Linux's numbers (from <ramet/shm.h>).
#ifndef _SYS_SHM_H
#define _SYS_SHM_H

#include <ramet/shm.h>
#include <sys/ipc.h>
#include <time.h>

#define SHM_R  0400
#define SHM_W  0200
#define SHMLBA 4096

// An attachment is at a page, and SHM_RND rounds to one.
typedef unsigned long shmatt_t;

struct shmid_ds {
    struct ipc_perm shm_perm;
    size_t shm_segsz;
    time_t shm_atime;
    time_t shm_dtime;
    time_t shm_ctime;
    pid_t shm_cpid;
    pid_t shm_lpid;
    shmatt_t shm_nattch;
    unsigned long __reserved[2];
};

// What IPC_INFO and SHM_INFO fill instead, on Linux; ipcs(1) prints it.
struct shminfo {
    unsigned long shmmax, shmmin, shmmni, shmseg, shmall;
    unsigned long __reserved[4];
};

struct shm_info {
    int used_ids;
    unsigned long shm_tot, shm_rss, shm_swp;
    unsigned long swap_attempts, swap_successes;
};

__BEGIN_DECLS
int shmget(key_t, size_t, int);
void *shmat(int, const void *, int);
int shmdt(const void *);
int shmctl(int, int, struct shmid_ds *);
__END_DECLS

#endif
