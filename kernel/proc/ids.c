// SPDX-License-Identifier: BSD-2-Clause
// Who a process is: process, group, session, user and group ids, and its priority.
//
// Process, group and session ids are read by other VMs (kill, job control), so they change under
// proc_lock. User ids are the process's own affair; a sender that checks them while they change
// sees the old or the new one.

#include "kernel/api/errno.h"
#include "kernel/api/resource.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/sys.h"

#define KEEP     UINT32_MAX // (uid_t)-1 in setresuid
#define NICE_MIN (-20)
#define NICE_MAX 19

long sys_getpid(void)
{
    return proc_self->pid;
}

long sys_getppid(void)
{
    return __atomic_load_n(&proc_self->ppid, __ATOMIC_RELAXED); // one word: an exit may change it
}

// One process by pid, 0 = the caller, passed to `get` under the lock. -ESRCH when there is none.
static long with_process(int pid, long (*get)(const struct proc *p))
{
    long r = -ESRCH;
    if (pid < 0)
        return -ESRCH;
    // The caller's own entry needs no lock: its group and session change only by its own calls, or
    // by its parent's before exec.
    if (pid == 0 || pid == proc_self->pid)
        return get(proc_self);
    sys_enter();
    proc_lock();
    const struct proc *p = proc_find(pid);
    if (p)
        r = get(p);
    proc_unlock();
    sys_leave(&r);
    return r;
}

static long pgid_of(const struct proc *p)
{
    return p->pgid;
}

static long sid_of(const struct proc *p)
{
    return p->sid;
}

long sys_getpgid(int pid)
{
    return with_process(pid, pgid_of);
}

long sys_getsid(int pid)
{
    return with_process(pid, sid_of);
}

// POSIX setpgid(), in the order of its errors.
static long change_group(struct proc *p, int pgid)
{
    if (p != proc_self) {
        if (p->sid != proc_self->sid)
            return -EPERM;
        if (p->exec_done)
            return -EACCES;
    }
    if (p->pid == p->sid) // a session leader
        return -EPERM;
    // Its own pid makes a new group; any other must be there already, in this session.
    if (pgid != p->pid && !proc_group_in_session(pgid, proc_self->sid))
        return -EPERM;
    p->had_group |= pgid == p->pid;
    p->pgid = pgid;
    return 0;
}

// A shell calls it in both parent and child, whichever comes first: the second changes nothing.
// After the child's exec it is too late for the parent (EACCES).
long sys_setpgid(int pid, int pgid)
{
    long r = -ESRCH;
    if (pgid < 0)
        return -EINVAL;
    if (pid == 0)
        pid = proc_self->pid;
    if (pgid == 0)
        pgid = pid;
    sys_enter();
    proc_lock();
    struct proc *p = proc_find(pid);
    if (p && (p == proc_self || p->parent_slot == proc_self->slot))
        r = change_group(p, pgid);
    proc_unlock();
    sys_leave(&r);
    return r;
}

long sys_setsid(void)
{
    struct proc *self = proc_self;
    long r = self->pid;
    sys_enter();
    proc_lock();
    // It leads a group, or has led one and another is in it still.
    for (struct proc *p = proc_next(NULL); p && self->had_group; p = proc_next(p))
        if (p->pgid == self->pid)
            r = -EPERM;
    if (r > 0) { // a new session has no terminal: struct tty names the session it belongs to
        self->had_group = 1;
        self->sid = self->pgid = self->pid;
    }
    proc_unlock();
    sys_leave(&r);
    return r;
}

// --- user and group ids ---

static long get_three(uint32_t *to[3], const uint32_t from[3])
{
    for (int i = 0; i < 3; i++)
        if (user_writable(to[i], sizeof *to[i]) < 0)
            return -EFAULT;
    for (int i = 0; i < 3; i++)
        *to[i] = from[i];
    return 0;
}

// Linux setresuid(): without privilege each new id must be one of the current three. *now keeps
// those given as KEEP.
static long set_three(uint32_t now[3], const uint32_t want[3], int privileged)
{
    // All checks before the first change: after an error none of the three has moved.
    for (int i = 0; i < 3; i++) {
        if (want[i] == KEEP || privileged)
            continue;
        if (want[i] != now[0] && want[i] != now[1] && want[i] != now[2])
            return -EPERM;
    }
    for (int i = 0; i < 3; i++)
        if (want[i] != KEEP)
            now[i] = want[i];
    return 0;
}

long sys_getresuid(uint32_t *real, uint32_t *effective, uint32_t *saved)
{
    const struct proc *p = proc_self;
    return get_three((uint32_t *[]){real, effective, saved},
                     (const uint32_t[]){p->uid, p->euid, p->suid});
}

long sys_getresgid(uint32_t *real, uint32_t *effective, uint32_t *saved)
{
    const struct proc *p = proc_self;
    return get_three((uint32_t *[]){real, effective, saved},
                     (const uint32_t[]){p->gid, p->egid, p->sgid});
}

long sys_setresuid(uint32_t real, uint32_t effective, uint32_t saved)
{
    struct proc *p = proc_self;
    sys_enter(); // a handler must not find one new id and one old
    uint32_t now[3] = {p->uid, p->euid, p->suid};
    long r = set_three(now, (const uint32_t[]){real, effective, saved}, p->euid == 0);
    if (r == 0)
        p->uid = now[0], p->euid = now[1], p->suid = now[2];
    sys_leave(&r);
    return r;
}

long sys_setresgid(uint32_t real, uint32_t effective, uint32_t saved)
{
    struct proc *p = proc_self;
    sys_enter(); // a handler must not find one new id and one old
    uint32_t now[3] = {p->gid, p->egid, p->sgid};
    long r = set_three(now, (const uint32_t[]){real, effective, saved}, p->euid == 0);
    if (r == 0)
        p->gid = now[0], p->egid = now[1], p->sgid = now[2];
    sys_leave(&r);
    return r;
}

long sys_getgroups(int n, uint32_t *list)
{
    const struct proc *p = proc_self;
    if (n == 0)
        return p->ngroups;
    if (n < 0 || (uint32_t)n < p->ngroups)
        return -EINVAL;
    if (user_writable(list, p->ngroups * sizeof *list) < 0)
        return -EFAULT;
    memcpy(list, p->groups, p->ngroups * sizeof *list);
    return p->ngroups;
}

// Inside the kernel, so that no handler sees half a list.
long sys_setgroups(int n, const uint32_t *list)
{
    struct proc *p = proc_self;
    long r = 0;
    if (p->euid != 0)
        return -EPERM;
    if (n < 0 || n > PROC_NGROUPS)
        return -EINVAL;
    if (user_readable(list, (size_t)n * sizeof *list) < 0)
        return -EFAULT;
    sys_enter();
    memcpy(p->groups, list, (size_t)n * sizeof *list);
    p->ngroups = (uint32_t)n;
    sys_leave(&r);
    return r;
}

// --- priority: recorded and inherited; the host schedules its monitors alike ---

static int has_priority(const struct proc *p, int which, int who)
{
    switch (which) {
    case PRIO_PROCESS:
        return who ? p->pid == who : p == proc_self;
    case PRIO_PGRP:
        return p->pgid == (who ? who : proc_self->pgid);
    default: // PRIO_USER
        return p->uid == (who ? (uint32_t)who : proc_self->uid);
    }
}

long sys_getpriority(int which, int who)
{
    long r = -ESRCH;
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    sys_enter();
    proc_lock();
    // Of several processes the highest priority counts (XSH getpriority()).
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (has_priority(p, which, who) && 20 - p->nice > r)
            r = 20 - p->nice;
    proc_unlock();
    sys_leave(&r);
    return r;
}

static long set_nice(struct proc *p, int nice)
{
    const struct proc *self = proc_self;
    if (self->euid != 0 && self->euid != p->uid && self->euid != p->euid)
        return -EPERM;
    // RLIMIT_NICE is a ceiling on 20 - nice (Linux).
    if (nice < p->nice && self->euid != 0 && (uint64_t)(20 - nice) > p->rlimits[RLIMIT_NICE].cur)
        return -EACCES;
    p->nice = nice;
    return 0;
}

long sys_setpriority(int which, int who, int nice)
{
    long r = -ESRCH;
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    nice = nice < NICE_MIN ? NICE_MIN : nice > NICE_MAX ? NICE_MAX : nice;
    sys_enter();
    proc_lock();
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p)) {
        if (!has_priority(p, which, who))
            continue;
        long one = set_nice(p, nice);
        if (r == -ESRCH || one < 0)
            r = one;
    }
    proc_unlock();
    sys_leave(&r);
    return r;
}
