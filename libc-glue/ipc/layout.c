// SPDX-License-Identifier: BSD-2-Clause
// Proof at compile time that the structures of IPC are the kernel's under other names.
//
// No code here. Neighbours: libc-glue/memory/layout.c (all others), kernel/api/ (the kernel's
// side).
#include <mqueue.h>
#include <stddef.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define SAME_SIZE(libc, kernel)                                                                    \
    _Static_assert(sizeof(struct libc) == sizeof(struct kernel), #libc " has the kernel's size")
#define SAME_FIELD(libc, lf, kernel, kf)                                                           \
    _Static_assert(offsetof(struct libc, lf) == offsetof(struct kernel, kf) &&                     \
                       sizeof(((struct libc *)0)->lf) == sizeof(((struct kernel *)0)->kf),         \
                   #libc "." #lf " is the kernel's " #kf)

SAME_SIZE(ipc_perm, k_ipc_perm);
SAME_FIELD(ipc_perm, cgid, k_ipc_perm, cgid);
SAME_FIELD(ipc_perm, mode, k_ipc_perm, mode);
SAME_FIELD(ipc_perm, __seq, k_ipc_perm, seq);

// Sizes of the segment and counts are 64 bits on both sides, as they are on Linux x86-64.
SAME_SIZE(shmid_ds, k_shmid_ds);
SAME_FIELD(shmid_ds, shm_segsz, k_shmid_ds, segsz);
SAME_FIELD(shmid_ds, shm_ctime, k_shmid_ds, ctime);
SAME_FIELD(shmid_ds, shm_lpid, k_shmid_ds, lpid);
SAME_FIELD(shmid_ds, shm_nattch, k_shmid_ds, nattch);
SAME_SIZE(shminfo, k_shminfo);
SAME_SIZE(shm_info, k_shm_info);
SAME_FIELD(shm_info, shm_tot, k_shm_info, shm_tot);

// Three times 16 bits; an array of them is handed through.
SAME_SIZE(sembuf, k_sembuf);
SAME_SIZE(semid_ds, k_semid_ds);
SAME_FIELD(semid_ds, sem_otime, k_semid_ds, otime);
SAME_FIELD(semid_ds, sem_ctime, k_semid_ds, ctime);
SAME_FIELD(semid_ds, sem_nsems, k_semid_ds, nsems);
SAME_SIZE(seminfo, k_seminfo);

// The kernel calls cbytes what glibc hides behind two underscores.
SAME_SIZE(msqid_ds, k_msqid_ds);
SAME_FIELD(msqid_ds, msg_ctime, k_msqid_ds, ctime);
SAME_FIELD(msqid_ds, __msg_cbytes, k_msqid_ds, cbytes);
SAME_FIELD(msqid_ds, msg_qbytes, k_msqid_ds, qbytes);
SAME_FIELD(msqid_ds, msg_lrpid, k_msqid_ds, lrpid);
SAME_SIZE(msginfo, k_msginfo);
SAME_FIELD(msginfo, msgseg, k_msginfo, msgseg);

// The four words behind the attributes are there on Linux, too, and nobody looks at them.
SAME_SIZE(mq_attr, k_mq_attr);
SAME_FIELD(mq_attr, mq_curmsgs, k_mq_attr, curmsgs);
// Of an event the kernel reads value, signal and kind: the function to be called is the library's.
SAME_SIZE(sigevent, k_sigevent);
SAME_FIELD(sigevent, sigev_signo, k_sigevent, signo);
SAME_FIELD(sigevent, sigev_notify, k_sigevent, notify);
