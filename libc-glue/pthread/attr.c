// SPDX-License-Identifier: BSD-2-Clause
// Attributes of __pt_threads, and scheduling: there is one policy, SCHED_OTHER, with priority 0;
// others may be asked for in an attribute, as on Linux for who has no privilege.
#include <limits.h>
#include <string.h>

#include "libc-glue/pthread/pthread.h"

// All other fields are zero, and zero is the default of each: joinable, the creator's scheduling, a
// stack of our own. An initialized object may be given to any number of threads.
int pthread_attr_init(pthread_attr_t *a)
{
    memset(a, 0, sizeof *a);
    a->__stack_size = STACK_USUAL;
    a->__guard_size = GUARD_USUAL;
    return 0;
}

// Nothing was allocated for it. A thread made with these attributes took what it needs of them and
// does not look at them again.
int pthread_attr_destroy(pthread_attr_t *a)
{
    (void)a;
    return 0;
}

int __pt_set_either(int *field, int value, int a, int b)
{
    if (value != a && value != b)
        return EINVAL;
    *field = value;
    return 0;
}

// What a thread will be when it is made; whether one is detached by now only the thread's own
// record tells (pthread_getattr_np()).
int pthread_attr_getdetachstate(const pthread_attr_t *a, int *state)
{
    *state = a->__detached;
    return 0;
}

// A thread made detached may be over, and its number another's, before pthread_create() returns:
// its creator can do nothing with the number.
int pthread_attr_setdetachstate(pthread_attr_t *a, int state)
{
    return __pt_set_either(&a->__detached, state, PTHREAD_CREATE_JOINABLE, PTHREAD_CREATE_DETACHED);
}

// The size as it was set, not as it is rounded up to pages: XSH pthread_attr_getguardsize() wants
// the caller's own number back.
int pthread_attr_getguardsize(const pthread_attr_t *a, size_t *size)
{
    *size = a->__guard_size;
    return 0;
}

// 0 is no guard: then the next mapping below is overwritten by a stack that is too deep. A stack of
// the caller's own has none, whatever is said here.
int pthread_attr_setguardsize(pthread_attr_t *a, size_t size)
{
    if (size > PTRDIFF_MAX)
        return EINVAL;
    a->__guard_size = size;
    return 0;
}

// Of a stack that was given with pthread_attr_setstack() it is that one's, else what will be
// mapped, before it is rounded up to pages.
int pthread_attr_getstacksize(const pthread_attr_t *a, size_t *size)
{
    *size = a->__stack_size;
    return 0;
}

// EINVAL below PTHREAD_STACK_MIN, and for what no object in memory can be as large as. Whether
// there is so much memory shows only when a thread is made: EAGAIN there.
int pthread_attr_setstacksize(pthread_attr_t *a, size_t size)
{
    if (size < PTHREAD_STACK_MIN || size > PTRDIFF_MAX)
        return EINVAL;
    a->__stack_size = size;
    return 0;
}

// The lowest address, and NULL when none was given. XSH leaves open what one gets then; Linux's
// library says the same.
int pthread_attr_getstack(const pthread_attr_t *a, void **stack, size_t *size)
{
    *stack = a->__stack;
    *size = a->__stack_size;
    return 0;
}

// Memory of the caller's, from its lowest address, for one thread at a time: it may be used again
// when the thread was joined. Nothing is mapped in it and no guard made.
int pthread_attr_setstack(pthread_attr_t *a, void *stack, size_t size)
{
    const int r = pthread_attr_setstacksize(a, size);
    if (r == 0)
        a->__stack = stack;
    return r;
}

// Of the older pair the address is the end from which the stack grows down.
int pthread_attr_getstackaddr(const pthread_attr_t *a, void **stack)
{
    *stack = a->__stack ? (char *)a->__stack + a->__stack_size : NULL;
    return 0;
}

// The size must have been set before, as the lowest address is found by it: a size that is set
// afterwards lets the stack end elsewhere.
int pthread_attr_setstackaddr(pthread_attr_t *a, void *stack)
{
    a->__stack = (char *)stack - a->__stack_size;
    return 0;
}

// Always PTHREAD_SCOPE_SYSTEM, the only one that can be set.
int pthread_attr_getscope(const pthread_attr_t *a, int *scope)
{
    *scope = a->__scope;
    return 0;
}

// The kernel schedules every thread itself, so no thread competes within its process only. POSIX
// lets a system have just one of the two, and ENOTSUP says which it is not.
int pthread_attr_setscope(pthread_attr_t *a, int scope)
{
    if (scope == PTHREAD_SCOPE_PROCESS)
        return ENOTSUP; // as on Linux
    return __pt_set_either(&a->__scope, scope, PTHREAD_SCOPE_SYSTEM, PTHREAD_SCOPE_SYSTEM);
}

// Whether a new thread has its creator's scheduling or that of these attributes; kept for who asks,
// and without effect, as all threads are scheduled alike.
int pthread_attr_getinheritsched(const pthread_attr_t *a, int *inherit)
{
    *inherit = a->__explicit_sched;
    return 0;
}

// An explicit policy of real time is kept like any other: that it is not to be had
// pthread_setschedparam() says, and pthread_create() does not look.
int pthread_attr_setinheritsched(pthread_attr_t *a, int inherit)
{
    return __pt_set_either(&a->__explicit_sched, inherit, PTHREAD_INHERIT_SCHED,
                           PTHREAD_EXPLICIT_SCHED);
}

// As it was set, SCHED_OTHER at first; what a thread really runs with pthread_getschedparam()
// tells.
int pthread_attr_getschedpolicy(const pthread_attr_t *a, int *policy)
{
    *policy = a->__policy;
    return 0;
}

// The three policies of POSIX that Linux has. The priority stays what it is, and may not fit the
// new policy: set it afterwards, as it is checked against the policy there is then.
int pthread_attr_setschedpolicy(pthread_attr_t *a, int policy)
{
    if (policy != SCHED_OTHER && policy != SCHED_FIFO && policy != SCHED_RR)
        return EINVAL;
    a->__policy = policy;
    return 0;
}

// Of the parameters there are only the priority is one that these policies look at.
int pthread_attr_getschedparam(const pthread_attr_t *a, struct sched_param *param)
{
    param->sched_priority = a->__priority;
    return 0;
}

// From 1 to 99 for the policies of real time, 0 for the usual one, as on Linux. So the order
// counts: the policy first, then its parameters.
int pthread_attr_setschedparam(pthread_attr_t *a, const struct sched_param *param)
{
    const int real_time = a->__policy == SCHED_FIFO || a->__policy == SCHED_RR;
    if (param->sched_priority < (real_time ? 1 : 0) || param->sched_priority > (real_time ? 99 : 0))
        return EINVAL;
    a->__priority = param->sched_priority;
    return 0;
}

// --- of a thread that is there ---

// No thread is looked at, as all have the one policy; so this does not tell a thread that is over
// from one that lives.
int pthread_getschedparam(pthread_t id, int *policy, struct sched_param *param)
{
    (void)id;
    *policy = SCHED_OTHER;
    param->sched_priority = 0;
    return 0;
}

// EPERM for a policy of real time, as on Linux for who has no privilege; EINVAL for a priority that
// the policy has not.
int pthread_setschedparam(pthread_t id, int policy, const struct sched_param *param)
{
    (void)id;
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return param->sched_priority < 1 || param->sched_priority > 99 ? EINVAL : EPERM;
    return policy == SCHED_OTHER && param->sched_priority == 0 ? 0 : EINVAL;
}

// There is one priority of the usual policy, so to set it again is all that can be done.
int pthread_setschedprio(pthread_t id, int priority)
{
    (void)id;
    return priority == 0 ? 0 : EINVAL;
}

// 0: the system decides by itself, which is also what is said before anybody has set a level (XSH
// pthread_getconcurrency()).
int pthread_getconcurrency(void)
{
    return 0;
}

// A hint for libraries that put several threads on one of the kernel's; here each is the kernel's,
// so it is taken and forgotten.
int pthread_setconcurrency(int level)
{
    return level < 0 ? EINVAL : 0;
}
