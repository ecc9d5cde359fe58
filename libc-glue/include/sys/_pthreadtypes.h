// SPDX-License-Identifier: BSD-2-Clause
// Types of <pthread.h> that <sys/types.h> defines, in place of newlib's, which have no room for
// process-shared and robust objects. Sizes are those of Linux on x86-64. All are zero when they are
// initialised statically.
#ifndef _SYS__PTHREADTYPES_H_
#define _SYS__PTHREADTYPES_H_

#include <stddef.h>
#include <sys/_types.h>

// Not ours, but expected here by newlib's <sys/types.h>.
#include <sys/sched.h>

typedef unsigned long pthread_t;
typedef unsigned int pthread_key_t;
typedef int pthread_once_t;
typedef volatile int pthread_spinlock_t;

typedef struct {
    size_t __stack_size, __guard_size;
    void *__stack; // the lowest address, or NULL
    int __detached, __explicit_sched, __policy, __priority, __scope;
    int __reserved;
} pthread_attr_t;

// A lock's word: who has it (libc-glue/pthread/mutex.c).
typedef struct {
    __extension__ union {
        unsigned long long __both;
        __extension__ struct {
            unsigned int __owner, __member;
        };
    };
    unsigned int __kind, __count;
    void *__next, *__before; // among the robust ones that its owner has
} pthread_mutex_t;
typedef struct {
    int __kind;
} pthread_mutexattr_t;

typedef struct {
    unsigned int __turn, __waiters;
    int __clock, __shared;
    unsigned long long __reserved[4];
} pthread_cond_t;
typedef struct {
    int __clock, __shared;
} pthread_condattr_t;

typedef struct {
    unsigned int __state, __turn, __waiters, __writer;
    int __shared;
    unsigned int __reserved[9];
} pthread_rwlock_t;
typedef struct {
    int __shared;
} pthread_rwlockattr_t;

typedef struct {
    unsigned int __needed, __there, __turn;
    int __shared;
    unsigned long long __reserved[2];
} pthread_barrier_t;
typedef struct {
    int __shared;
} pthread_barrierattr_t;

#endif
