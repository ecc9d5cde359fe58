// SPDX-License-Identifier: BSD-2-Clause
// System V shared memory: the object behind an id (kernel/ipc/sysv_shm.c, sysv_shm_ctl.c).
#ifndef RAMET_KERNEL_SYSV_SHM_H
#define RAMET_KERNEL_SYSV_SHM_H

#include <stdint.h>
#include "kernel/api/shm.h"
#include "kernel/ipc/sysv.h"

#define SHM_OBJECTS 1024u // as many as there are segments (kernel/root.c)

// The pages are a segment of kernel/mem/shared.c. The object has a reference to it until it is
// removed; the segment's other references are the attachments.
struct sysv_shm {
    struct ipc_head head;
    uint32_t segment; // its index + 1, constant
    uint32_t pages;   // constant
    uint64_t size;    // as it was asked for, constant
    int64_t atime, dtime;
    int32_t cpid, lpid;
    uint64_t reserved[5];
};
_Static_assert(sizeof(struct sysv_shm) == 128, "two cache lines");

static inline struct sysv_shm *shm_object(struct ipc_head *h)
{
    return (struct sysv_shm *)h;
}

// Attachments, of all processes.
uint32_t sysv_shm_attachments(const struct sysv_shm *o);

#endif
