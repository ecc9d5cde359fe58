// SPDX-License-Identifier: BSD-2-Clause
// Attributes of threads, and scheduling: there is one policy, SCHED_OTHER, with priority 0; others
// may be asked for in an attribute, as on Linux for who has no privilege.
#include <limits.h>
#include <string.h>

#include "libc-glue/pthread/pthread.h"

int pthread_attr_init(pthread_attr_t *a)
{
    memset(a, 0, sizeof *a);
    a->__stack_size = STACK_USUAL;
    a->__guard_size = GUARD_USUAL;
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *a)
{
    (void)a;
    return 0;
}

// One of two values.
static int set_either(int *field, int value, int a, int b)
{
    if (value != a && value != b)
        return EINVAL;
    *field = value;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *a, int *state)
{
    *state = a->__detached;
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *a, int state)
{
    return set_either(&a->__detached, state, PTHREAD_CREATE_JOINABLE, PTHREAD_CREATE_DETACHED);
}

int pthread_attr_getguardsize(const pthread_attr_t *a, size_t *size)
{
    *size = a->__guard_size;
    return 0;
}

int pthread_attr_setguardsize(pthread_attr_t *a, size_t size)
{
    if (size > PTRDIFF_MAX)
        return EINVAL;
    a->__guard_size = size;
    return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *a, size_t *size)
{
    *size = a->__stack_size;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *a, size_t size)
{
    if (size < PTHREAD_STACK_MIN || size > PTRDIFF_MAX)
        return EINVAL;
    a->__stack_size = size;
    return 0;
}

int pthread_attr_getstack(const pthread_attr_t *a, void **stack, size_t *size)
{
    *stack = a->__stack;
    *size = a->__stack_size;
    return 0;
}

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

int pthread_attr_setstackaddr(pthread_attr_t *a, void *stack)
{
    a->__stack = (char *)stack - a->__stack_size;
    return 0;
}

int pthread_attr_getscope(const pthread_attr_t *a, int *scope)
{
    *scope = a->__scope;
    return 0;
}

int pthread_attr_setscope(pthread_attr_t *a, int scope)
{
    if (scope == PTHREAD_SCOPE_PROCESS)
        return ENOTSUP; // as on Linux
    return set_either(&a->__scope, scope, PTHREAD_SCOPE_SYSTEM, PTHREAD_SCOPE_SYSTEM);
}

int pthread_attr_getinheritsched(const pthread_attr_t *a, int *inherit)
{
    *inherit = a->__explicit_sched;
    return 0;
}

int pthread_attr_setinheritsched(pthread_attr_t *a, int inherit)
{
    return set_either(&a->__explicit_sched, inherit, PTHREAD_INHERIT_SCHED, PTHREAD_EXPLICIT_SCHED);
}

int pthread_attr_getschedpolicy(const pthread_attr_t *a, int *policy)
{
    *policy = a->__policy;
    return 0;
}

int pthread_attr_setschedpolicy(pthread_attr_t *a, int policy)
{
    if (policy != SCHED_OTHER && policy != SCHED_FIFO && policy != SCHED_RR)
        return EINVAL;
    a->__policy = policy;
    return 0;
}

int pthread_attr_getschedparam(const pthread_attr_t *a, struct sched_param *param)
{
    param->sched_priority = a->__priority;
    return 0;
}

int pthread_attr_setschedparam(pthread_attr_t *a, const struct sched_param *param)
{
    const int real_time = a->__policy == SCHED_FIFO || a->__policy == SCHED_RR;
    if (param->sched_priority < (real_time ? 1 : 0) || param->sched_priority > (real_time ? 99 : 0))
        return EINVAL;
    a->__priority = param->sched_priority;
    return 0;
}

// --- of a thread that is there ---

int pthread_getschedparam(pthread_t id, int *policy, struct sched_param *param)
{
    (void)id;
    *policy = SCHED_OTHER;
    param->sched_priority = 0;
    return 0;
}

int pthread_setschedparam(pthread_t id, int policy, const struct sched_param *param)
{
    (void)id;
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return param->sched_priority < 1 || param->sched_priority > 99 ? EINVAL : EPERM;
    return policy == SCHED_OTHER && param->sched_priority == 0 ? 0 : EINVAL;
}

int pthread_setschedprio(pthread_t id, int priority)
{
    (void)id;
    return priority == 0 ? 0 : EINVAL;
}

int pthread_getconcurrency(void)
{
    return 0;
}

int pthread_setconcurrency(int level)
{
    return level < 0 ? EINVAL : 0;
}
