// SPDX-License-Identifier: BSD-2-Clause
// Signals to one thread; clocks, names and stacks of __pt_threads, which take a thread's number as
// well.
#include <string.h>
#include <sys/resource.h>

#include "libc-glue/pthread/pthread.h"

// A thread's clock, as Linux numbers them: below 0, of a thread, by scheduler time.
#define THREAD_CLOCK(tid) ((clockid_t)(~(unsigned)(tid) << 3 | 6u))

// 0 is the caller, whose number the first thread may not know.
static int tid_of(pthread_t id)
{
    const struct thread *t = (const struct thread *)id;
    return t == __pt_self() ? 0 : t->tid ? t->tid : (int)sys_getpid();
}

// One that has ended and was not joined is still somebody's (XSH pthread_kill(): no ESRCH).
static int thread_is_over(pthread_t id)
{
    return !__atomic_load_n(&((const struct thread *)id)->live, __ATOMIC_ACQUIRE);
}

// 0 only asks. A signal that ends or stops does so to the whole process, whichever thread it was
// sent to (XSH pthread_kill()). The error is returned; errno stays.
int pthread_kill(pthread_t id, int sig)
{
    if (thread_is_over(id))
        return sig < 0 || sig > 64 ? EINVAL : 0;
    return (int)-sys_thread_kill(tid_of(id), sig, SI_TKILL, 0);
}

// With a value, as sigqueue() sends it to a process; EAGAIN when too many are queued.
int pthread_sigqueue(pthread_t id, int sig, const union sigval value)
{
    if (thread_is_over(id))
        return 0;
    return (int)-sys_thread_kill(tid_of(id), sig, SI_QUEUE, (uintptr_t)value.sival_ptr);
}

// ESRCH of a thread that is over, as its time is gone with it. The number is good for
// clock_gettime() for as long as the thread lives.
int pthread_getcpuclockid(pthread_t id, clockid_t *clock)
{
    if (thread_is_over(id))
        return ESRCH;
    const int tid = tid_of(id);
    *clock = THREAD_CLOCK(tid ? tid : (int)sys_gettid());
    return 0;
}

// At most 15 characters, as on Linux; a longer name is ERANGE and not cut.
int pthread_setname_np(pthread_t id, const char *name)
{
    if (strlen(name) >= K_THREAD_NAME)
        return ERANGE;
    return (int)-sys_thread_name(tid_of(id), NULL, name);
}

// A thread without a name has that of the program. ERANGE when the buffer has no room for the NUL.
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
    if (t == &__pt_first_thread) {
        uintptr_t low, high;
        sys_stack_bounds(&low, &high);
        a->__stack = (void *)low;
        a->__stack_size = high - low;
    }
    return 0;
}

// The older name of sched_yield(), which cannot fail.
int pthread_yield(void)
{
    return sched_yield();
}

// One processor for all threads, so the process's answer is each one's. errno's number is returned,
// not -1.
int pthread_getaffinity_np(pthread_t id, size_t len, cpu_set_t *set)
{
    (void)id;
    return sched_getaffinity(0, len, set) < 0 ? errno : 0;
}

// EPERM, whatever the set: as for the process, there is nothing to choose among. errno's number is
// returned.
int pthread_setaffinity_np(pthread_t id, size_t len, const cpu_set_t *set)
{
    (void)id;
    return sched_setaffinity(0, len, set) < 0 ? errno : 0;
}
