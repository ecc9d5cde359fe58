// SPDX-License-Identifier: BSD-2-Clause
// Signals to one thread; clocks, names and stacks of threads, which take a thread's number as well.
#include <string.h>
#include <sys/resource.h>

#include "libc-glue/pthread/pthread.h"

// A thread's clock, as Linux numbers them: below 0, of a thread, by scheduler time.
#define THREAD_CLOCK(tid) ((clockid_t)(~(unsigned)(tid) << 3 | 6u))

// 0 is the caller, whose number the first thread may not know.
static int tid_of(pthread_t id)
{
    const struct thread *t = (const struct thread *)id;
    return t == thread_self() ? 0 : t->tid ? t->tid : (int)sys_getpid();
}

// One that has ended and was not joined is still somebody's (XSH pthread_kill(): no ESRCH).
static int is_over(pthread_t id)
{
    return !__atomic_load_n(&((const struct thread *)id)->live, __ATOMIC_ACQUIRE);
}

int pthread_kill(pthread_t id, int sig)
{
    if (is_over(id))
        return sig < 0 || sig > 64 ? EINVAL : 0;
    return (int)-sys_thread_kill(tid_of(id), sig, SI_TKILL, 0);
}

int pthread_sigqueue(pthread_t id, int sig, const union sigval value)
{
    if (is_over(id))
        return 0;
    return (int)-sys_thread_kill(tid_of(id), sig, SI_QUEUE, (uintptr_t)value.sival_ptr);
}

int pthread_getcpuclockid(pthread_t id, clockid_t *clock)
{
    if (is_over(id))
        return ESRCH;
    const int tid = tid_of(id);
    *clock = THREAD_CLOCK(tid ? tid : (int)sys_gettid());
    return 0;
}

int pthread_setname_np(pthread_t id, const char *name)
{
    if (strlen(name) >= K_THREAD_NAME)
        return ERANGE;
    return (int)-sys_thread_name(tid_of(id), NULL, name);
}

int pthread_getname_np(pthread_t id, char *name, size_t len)
{
    char buffer[K_THREAD_NAME];
    const long r = sys_thread_name(tid_of(id), buffer, NULL);
    if (r < 0)
        return (int)-r;
    if (len <= strlen(buffer))
        return ERANGE;
    strcpy(name, buffer);
    return 0;
}

// The first thread's stack is the process's, of which only the top is known here: a part of it that
// is surely there.
int pthread_getattr_np(pthread_t id, pthread_attr_t *a)
{
    const struct thread *t = (const struct thread *)id;
    pthread_attr_init(a);
    a->__detached = t->fate == THREAD_DETACHED;
    a->__guard_size = t->guard;
    a->__stack = t->stack;
    a->__stack_size = t->stack_len;
    if (t == &first_thread) {
        uintptr_t low, high;
        sys_stack_bounds(&low, &high);
        a->__stack = (void *)low;
        a->__stack_size = high - low;
    }
    return 0;
}

int pthread_yield(void)
{
    return sched_yield();
}

int pthread_getaffinity_np(pthread_t id, size_t len, cpu_set_t *set)
{
    (void)id;
    return sched_getaffinity(0, len, set) < 0 ? errno : 0;
}

int pthread_setaffinity_np(pthread_t id, size_t len, const cpu_set_t *set)
{
    (void)id;
    return sched_setaffinity(0, len, set) < 0 ? errno : 0;
}
