// SPDX-License-Identifier: BSD-2-Clause
// Resource limits: setting and asking. Every limit that can be set holds, each where the resource
// is given out, or is one that nothing here can exceed; a value that could not be held to is
// refused.
//
//     CPU         kernel/time/alarm.c          NPROC       claim.c
//     FSIZE       kernel/fs/                   SIGPENDING  kernel/signal/queue.c
//     NOFILE      kernel/file/fd.c             NICE        ids.c
//     DATA, AS    kernel/mem/mem.c             STACK       below: it is as large as it is
//     CORE, MEMLOCK, MSGQUEUE, RTPRIO, RTTIME  no dumps, locked pages, message queues, real time
//     RSS, LOCKS                               as on Linux, which has not looked at them since 2.4
//
// Neighbour: proc.c (those of the first program).

#include "kernel/api/errno.h"
#include "kernel/api/resource.h"
#include "kernel/entry.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/sys.h"
#include "kernel/time/clock.h"

// XSH setrlimit(): anybody may lower the hard limit, and never raise it again.
static int limit_valid(int what, const struct k_rlimit *now, const struct k_rlimit *new)
{
    if (new->cur > new->max)
        return -EINVAL;
    if (new->max > now->max && proc_self->euid != 0)
        return -EPERM;
    if (what == RLIMIT_NOFILE && new->max > PROC_MAX_FDS) // as Linux above its nr_open
        return -EPERM;
    // The stack is laid out when a program starts: a limit below would not be held to.
    const uint64_t stack = boot_info->stack_top - boot_info->stack_bottom;
    return what == RLIMIT_STACK && new->cur < stack ? -EINVAL : 0;
}

long sys_getrlimit(int what, struct k_rlimit *limit)
{
    if (what < 0 || what >= K_RLIM_NLIMITS)
        return -EINVAL;
    if (user_writable(limit, sizeof *limit) < 0)
        return -EFAULT;
    *limit = proc_self->rlimits[what];
    return 0;
}

long sys_setrlimit(int what, const struct k_rlimit *limit)
{
    if (what < 0 || what >= K_RLIM_NLIMITS)
        return -EINVAL;
    if (user_readable(limit, sizeof *limit) < 0)
        return -EFAULT;
    struct k_rlimit new = *limit, *now = &proc_self->rlimits[what];
    sys_enter(); // a handler must not find half a limit
    long r = limit_valid(what, now, &new);
    if (r == 0)
        *now = new;
    if (r == 0 && what == RLIMIT_CPU)
        timer_boot();
    sys_leave(&r);
    return r;
}
