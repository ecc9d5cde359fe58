// SPDX-License-Identifier: BSD-2-Clause
// Semaphores (XBD <semaphore.h>).
#ifndef _RAMET_SEMAPHORE_H
#define _RAMET_SEMAPHORE_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <time.h>

typedef struct {
    unsigned int __value, __waiters;
    unsigned int __reserved[6];
} sem_t;

#define SEM_FAILED    ((sem_t *)0)
#define SEM_VALUE_MAX 0x7fffffff

__BEGIN_DECLS
int sem_init(sem_t *, int, unsigned);
int sem_destroy(sem_t *);
sem_t *sem_open(const char *, int, ...);
int sem_close(sem_t *);
int sem_unlink(const char *);
int sem_wait(sem_t *);
int sem_trywait(sem_t *);
int sem_timedwait(sem_t *, const struct timespec *);
int sem_clockwait(sem_t *, clockid_t, const struct timespec *);
int sem_post(sem_t *);
int sem_getvalue(sem_t *, int *);
__END_DECLS

#endif
