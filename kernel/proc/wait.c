// SPDX-License-Identifier: BSD-2-Clause
// wait4 and waitid: what became of the children.
//
// A child can be reaped from the moment its entry is `dead` (exit.c), even while its VM is still
// leaving. Who waits sleeps on its own doorbell: every exit, stop and continue of a child rings it.

#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/api/wait.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/sys.h"

struct reap {
    // What to wait for.
    int idtype; // P_ALL, P_PID, P_PGID
    int32_t id;
    int options; // WEXITED, WSTOPPED, WCONTINUED, WNOWAIT
    // What was found.
    int32_t pid; // 0: nothing
    uint32_t uid;
    int status;
    int code; // CLD_*
    uint64_t cpu_ns;
    struct k_timeval cutime;
    // Whether there is any child that matches.
    int children;
};

static int matches(const struct reap *want, const struct proc *p)
{
    if (p->parent_slot != proc_self->slot)
        return 0;
    if (want->idtype == P_PID)
        return p->pid == want->id;
    return want->idtype == P_ALL || p->pgid == want->id;
}

static int signal_code(int status)
{
    if ((status & 0x7f) == 0)
        return CLD_EXITED;
    return status & K_STATUS_CORE ? CLD_DUMPED : CLD_KILLED;
}

static void add_times(struct k_timeval *sum, struct k_timeval a)
{
    sum->sec += a.sec;
    sum->usec += a.usec;
    if (sum->usec >= 1000000) {
        sum->usec -= 1000000;
        sum->sec++;
    }
}

// The end of a process: its slot is free once its VM has left too (proc.c, claimable()).
// Under proc_lock. Times of children count only when they are waited for (XSH times()).
static void free_entry(struct proc *p)
{
    struct proc *self = proc_self;
    add_times(&self->cutime, clock_ns_timeval(p->cpu_ns));
    add_times(&self->cutime, p->cutime);
    // parent_slot is cleared last: with it the entry may be claimed anew, by anybody.
    p->ppid = PROC_INIT_PID;
    proc_leave_parent(p);
    proc_may_be_free(p);
    __atomic_store_n(&p->parent_slot, 0, __ATOMIC_RELEASE);
}

// What p has to report of what is asked for: CLD_*, or 0.
static int report_code(const struct reap *want, const struct proc *p)
{
    if (p->dead)
        return want->options & WEXITED ? signal_code(p->status) : 0;
    if ((p->wait_flags & PROC_W_STOPPED) && (want->options & WSTOPPED))
        return CLD_STOPPED;
    return (p->wait_flags & PROC_W_CONTINUED) && (want->options & WCONTINUED) ? CLD_CONTINUED : 0;
}

// Fills the result with p's report and takes it from p.
static void collect_report(struct reap *want, struct proc *p)
{
    int keep = want->options & WNOWAIT;
    want->code = report_code(want, p);
    want->cpu_ns = p->cpu_ns;
    want->cutime = p->cutime;
    want->pid = p->pid;
    want->uid = p->uid;
    want->status = want->code == CLD_CONTINUED ? K_STATUS_CONTINUED : p->status;
    if (!keep)
        p->wait_flags = 0;
    if (p->dead && !keep)
        free_entry(p);
}

// One look at the children. Not 0 when the wait is over: a report, or no child to wait for.
// Under proc_lock from the look to the taking: what was found is still so when it is taken.
static int look_at_children(void *arg)
{
    struct reap *want = arg;
    want->pid = want->children = 0;
    struct proc *oldest = NULL;
    proc_lock();
    for (struct proc *p = proc_next_child(proc_self, NULL); p; p = proc_next_child(proc_self, p)) {
        if (!matches(want, p))
            continue;
        want->children = 1;
        // The list begins with the youngest, so the last one found is the oldest: nobody is passed
        // over for ever.
        if (report_code(want, p))
            oldest = p;
    }
    if (oldest)
        collect_report(want, oldest);
    proc_unlock();
    return want->pid || !want->children;
}

// Returns 0 with *want filled (pid 0: WNOHANG and nothing yet), or -ECHILD, -ERESTART.
static long reap(struct reap *want, int nohang)
{
    struct wait w = {.ready = look_at_children, .arg = want, .deadline = PV_FOREVER};
    if (nohang) {
        look_at_children(want);
    } else {
        int r = wait_for(&w);
        if (r < 0)
            return r;
    }
    return want->pid || want->children ? 0 : -ECHILD;
}

static void fill_usage(struct k_rusage *usage, const struct reap *r)
{
    memset(usage, 0, sizeof *usage);
    usage->utime = clock_ns_timeval(r->cpu_ns);
    add_times(&usage->utime, r->cutime);
}

// Where the results go, each of which may be NULL. 0 or -EFAULT.
static int results_writable(void *result, size_t len, struct k_rusage *usage)
{
    int r = result ? user_writable(result, len) : 0;
    return r == 0 && usage ? user_writable(usage, sizeof *usage) : r;
}

// A child whose report was taken is gone even if the status can no longer be stored; that is
// EFAULT, and the program's own doing.
long sys_wait4(int pid, int *status, int options, struct k_rusage *usage)
{
    struct reap want = {.idtype = P_ALL, .options = WEXITED | (options & (WUNTRACED | WCONTINUED))};
    long r;
    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED))
        return -EINVAL;
    if (pid == INT32_MIN) // its negation is no pid
        return -ESRCH;
    if (results_writable(status, sizeof *status, usage) < 0)
        return -EFAULT;
    if (pid > 0)
        want.idtype = P_PID, want.id = pid;
    else if (pid != -1)
        want.idtype = P_PGID, want.id = -pid;
    do {
        sys_enter();
        // Each time: a handler that ran between two rounds may have changed the group.
        if (pid == 0)
            want.id = proc_self->pgid;
        r = reap(&want, options & WNOHANG);
        if (r == 0 && want.pid && results_writable(status, sizeof *status, usage) < 0) {
            r = -EFAULT; // checked before the wait, not since
        } else if (r == 0 && want.pid) {
            if (status)
                *status = want.status;
            if (usage)
                fill_usage(usage, &want);
            r = want.pid;
        }
    } while (sys_leave(&r));
    return r;
}

// si_status: the exit code, or the signal that ended, stopped or continued the child.
static int report_value(const struct reap *want)
{
    switch (want->code) {
    case CLD_EXITED:
    case CLD_STOPPED:
        return (want->status >> 8) & 0xff;
    case CLD_CONTINUED:
        return SIGCONT;
    default:
        return want->status & 0x7f;
    }
}

static void fill_info(struct k_siginfo *info, const struct reap *want)
{
    memset(info, 0, sizeof *info);
    if (!want->pid) // WNOHANG and nothing yet: signo and pid stay 0 (POSIX)
        return;
    info->signo = SIGCHLD;
    info->code = want->code;
    info->u.proc.pid = want->pid;
    info->u.proc.uid = want->uid;
    info->u.proc.status = report_value(want);
}

// WNOWAIT leaves the report where it is, for the next wait.
long sys_waitid(int idtype, int id, struct k_siginfo *info, int options, struct k_rusage *usage)
{
    struct reap want = {.idtype = idtype, .id = id, .options = options};
    long r;
    if (idtype < P_ALL || idtype > P_PGID || (idtype == P_PID && id <= 0) || id < 0 ||
        !(options & (WEXITED | WSTOPPED | WCONTINUED)) ||
        (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    if (results_writable(info, sizeof *info, usage) < 0)
        return -EFAULT;
    do {
        sys_enter();
        if (idtype == P_PGID && id == 0) // Linux: the caller's group
            want.id = proc_self->pgid;
        r = reap(&want, options & WNOHANG);
        if (r == 0 && results_writable(info, sizeof *info, usage) < 0) {
            r = -EFAULT;
        } else if (r == 0) {
            if (info)
                fill_info(info, &want);
            if (usage && want.pid)
                fill_usage(usage, &want);
        }
    } while (sys_leave(&r));
    return r;
}
