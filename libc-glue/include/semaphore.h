// SPDX-License-Identifier: BSD-2-Clause
// Semaphores (XBD <semaphore.h>).
#ifndef _RAMET_SEMAPHORE_H
#define _RAMET_SEMAPHORE_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <time.h>

// The count comes first: it is the word that is waited on. All zero but for the count is a
// semaphore without waiters, which is how a file of /dev/shm begins. 32 bytes, as on Linux.
typedef struct {
    unsigned int __value, __waiters;
    unsigned int __reserved[6];
} sem_t;

// What sem_open() returns with errno set; the largest count that sem_post() makes.
#define SEM_FAILED    ((sem_t *)0)
#define SEM_VALUE_MAX 0x7fffffff

__BEGIN_DECLS
// Of the caller's memory: in shared memory it serves all processes that map it.
int sem_init(sem_t *, int, unsigned);
int sem_destroy(sem_t *);
// Named ones. Mode and first value are arguments behind the flags when O_CREAT is one of these.
sem_t *sem_open(const char *, int, ...);
int sem_close(sem_t *);
int sem_unlink(const char *);
// Down by one, or wait: as long as it takes, not at all, until a time of the wall clock or of
// another one. -1 with errno, as everything here.
int sem_wait(sem_t *);
int sem_trywait(sem_t *);
int sem_timedwait(sem_t *, const struct timespec *);
int sem_clockwait(sem_t *, clockid_t, const struct timespec *);
// Up by one, also from a signal handler (XSH 2.4.3).
int sem_post(sem_t *);
int sem_getvalue(sem_t *, int *);
__END_DECLS

#endif
