// SPDX-License-Identifier: BSD-2-Clause
// posix_spawn: a new VM starts another program at once, without a clone in between.
//
// The parent prepares the child's entry in the window: for a while it acts in the child's name
// (proc_self is the child's entry), so that file actions go through the ordinary system calls and
// their checks. The VM stays the parent's (proc_vm): an action may block, and then timers expire
// and signals come that are the parent's. All but SIGKILL and SIGSTOP wait for the end of the call,
// as on Linux. Neighbours: fork.c, exec.c.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/entry.h"
#include "kernel/proc/exec.h"
#include "kernel/file/file.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/proc/spawn.h"
#include "kernel/sys.h"

// Close-on-exec goes along: an action that opens with it makes a descriptor the program never sees,
// but later actions do.
static long action_open(const struct k_spawn_action *a)
{
    long fd = sys_openat(AT_FDCWD, a->path, a->flags, a->mode);
    if (fd < 0 || fd == a->fd)
        return fd;
    // The file is opened at the lowest free number, and only then put where the action wants it:
    // that descriptor may be what the path goes through (/dev/fd).
    long r = sys_dup3((int)fd, a->fd, a->flags & O_CLOEXEC);
    sys_close((int)fd);
    return r;
}

// POSIX: a dup2 of a descriptor to itself takes its close-on-exec flag off.
static long action_dup2(const struct k_spawn_action *a)
{
    if (a->from != a->fd)
        return sys_dup2(a->from, a->fd);
    return sys_fcntl(a->fd, F_SETFD, 0);
}

// 0 or more, or the -errno that ends the call. In the child's name, by the parent's memory: paths
// are the parent's strings.
static long run_action(const struct k_spawn_action *a)
{
    switch (a->op) {
    case K_SPAWN_CLOSE:
        sys_close(a->fd); // closing what is not open is no error here, as in the common C libraries
        return 0;
    case K_SPAWN_DUP2:
        return action_dup2(a);
    case K_SPAWN_OPEN:
        return action_open(a);
    case K_SPAWN_CHDIR:
        return sys_chdir(a->path);
    case K_SPAWN_FCHDIR:
        return sys_fchdir(a->fd);
    default:
        return -EINVAL;
    }
}

// The child's group, as setpgid() in the child would do it.
static long set_child_group(struct proc *child, int32_t pgid)
{
    proc_lock();
    int found = pgid == 0 || pgid == child->pid || proc_group_in_session(pgid, child->sid);
    if (found)
        child->pgid = pgid ? pgid : child->pid;
    proc_unlock();
    return found ? 0 : -EPERM;
}

// Before the actions (XSH posix_spawn()), so that files are opened by the ids the child will have.
// The session first: its leader's group is its own, and a second change would be EPERM.
static long apply_attributes(struct proc *child, const struct k_spawn *how)
{
    if (how->flags & POSIX_SPAWN_SETSID) {
        proc_lock();
        child->sid = child->pgid = child->pid;
        proc_unlock();
    } else if (how->flags & POSIX_SPAWN_SETPGROUP) {
        long r = set_child_group(child, how->pgroup);
        if (r < 0)
            return r;
    }
    if (how->flags & POSIX_SPAWN_SETSIGDEF)
        atomic_fetch_and(&child->sig_ignored, ~how->sigdefault);
    if (how->flags & POSIX_SPAWN_SETSIGMASK)
        atomic_store(&child->sig_blocked, how->sigmask & ~SIG_UNBLOCKABLE);
    if (how->flags & POSIX_SPAWN_RESETIDS) {
        child->euid = child->uid;
        child->egid = child->gid;
    }
    return 0;
}

// Everything in the child's name, up to the strings for the host. `how` may be NULL.
static long prepare(struct proc *child, struct exec_image *image, const char *path,
                    char *const argv[], char *const envp[], const struct k_spawn *how)
{
    struct proc *self = proc_self;
    long r = how ? apply_attributes(child, how) : 0;
    // Signals wait while proc_self is the child: a handler of the parent's would act in the child's
    // name.
    uint64_t mask = signal_hold();
    thread_alone_begin(); // another thread would, too
    proc_self = child;
    for (uint32_t i = 0; how && r >= 0 && i < how->nactions; i++)
        r = run_action(&how->actions[i]);
    if (r >= 0)
        r = exec_prepare(image, path, argv, envp);
    proc_self = self;
    thread_alone_end();
    signal_release(mask);
    if (r == 0)
        exec_commit(child, image, path);
    return r;
}

// The slot is asked for anew each time: a busy one makes proc_start() move the child to another.
static int64_t ask_spawn(struct proc *child, void *arg)
{
    struct pv_exec call = exec_call(arg);
    call.slot = child->slot;
    return pv_spawn(&call);
}

// The host has copied what it needs when it returns, hence exec_forget() also on success.
long spawn_start(struct proc **child, const struct exec_image *image)
{
    struct exec_image copy = *image;
    (*child)->vm_slot = (*child)->slot;
    long r = proc_start(child, ask_spawn, &copy);
    exec_forget(image);
    return r;
}

// On an error the entry goes with all that the actions opened; the parent's own descriptors were
// never touched.
static long spawn_now(const char *path, char *const argv[], char *const envp[],
                      const struct k_spawn *how)
{
    struct exec_image image;
    struct proc *child;
    long r = proc_claim(&child);
    if (r < 0)
        return r;
    // Read now: once the child runs, its entry may be gone.
    int32_t pid = child->pid;
    r = prepare(child, &image, path, argv, envp, how);
    if (r == 0)
        r = spawn_start(&child, &image);
    if (r < 0) {
        proc_discard(child);
        return r;
    }
    return pid;
}

long sys_spawn(const char *path, char *const argv[], char *const envp[], const struct k_spawn *how)
{
    long r;
    if (how && (user_readable(how, sizeof *how) < 0 ||
                user_readable(how->actions, how->nactions * sizeof *how->actions) < 0))
        return -EFAULT;
    do {
        sys_enter();
        r = spawn_now(path, argv, envp, how);
    } while (sys_leave(&r));
    return r;
}
