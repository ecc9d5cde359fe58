// SPDX-License-Identifier: BSD-2-Clause
// Processes: fork, exec, wait, and who we are. Every process is a VM; nothing of that shows here.
// Neighbours: spawn.c (posix_spawn, system, popen), start.c (main and exit).
#include <fcntl.h>
#include <limits.h>
#include <paths.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// The child is a VM of its own with a copy of this one's memory (docs/fork.md). Handlers and
// streams are copied as POSIX says: what is unwritten in a buffer is then there twice.
const struct fork_calls *glue_fork;

pid_t fork(void)
{
    const struct fork_calls *calls = glue_fork;
    if (calls)
        calls->before();
    const long r = sys_fork();
    if (calls)
        (r ? calls->parent : calls->child)();
    return (pid_t)glue_ret(r);
}

// Returns only with an error, and then everything is as it was: the kernel looks at the whole file
// and copies all strings before it gives up the old image.
int execve(const char *path, char *const argv[], char *const envp[])
{
    return (int)glue_ret(sys_execve(path, argv, envp));
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

// 32 bytes hold the path with the longest int. A script opened with close-on-exec is gone when its
// interpreter looks for it, as on Linux.
// The descriptor's file may have no name any more; /proc has one for it.
int fexecve(int fd, char *const argv[], char *const envp[])
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return execve(path, argv, envp);
}

// A file the kernel does not know (ENOEXEC) is run by the shell: POSIX's rule for execvp().
static void exec_by_shell(const char *path, char *const argv[], char *const envp[])
{
    size_t n = 0;
    while (argv[n])
        n++;
    // On the stack, not from malloc(): this may be a child of vfork(), which borrows its parent's
    // heap.
    char *args[n + 3];
    args[0] = n > 0 ? argv[0] : "sh";
    args[1] = (char *)path;
    for (size_t i = 1; i <= n; i++)
        args[i + 1] = argv[i];
    args[n > 0 ? n + 1 : 2] = NULL;
    execve(_PATH_BSHELL, args, envp);
}

static void exec_or_shell(const char *path, char *const argv[], char *const envp[])
{
    execve(path, argv, envp);
    if (errno == ENOEXEC)
        exec_by_shell(path, argv, envp);
}

// The path is on the stack for the same reason as above: this runs in children of vfork().
// Tries each directory of PATH. A file that exists but may not be executed decides the error.
int execvpe(const char *file, char *const argv[], char *const envp[])
{
    char path[PATH_MAX];
    const char *dirs = getenv("PATH");
    int error = ENOENT;
    if (strchr(file, '/')) {
        exec_or_shell(file, argv, envp);
        return -1;
    }
    // XSH exec: a name with a slash is not searched for; an empty one is ENOENT, and must not find
    // a directory.
    if (!*file)
        return (int)glue_ret(-ENOENT);
    if (!dirs)
        dirs = _PATH_DEFPATH;
    for (;;) {
        size_t len = strcspn(dirs, ":");
        // An empty element of PATH is the working directory.
        int n = snprintf(path, sizeof path, "%.*s%s%s", (int)len, dirs, len ? "/" : "", file);
        if (n > 0 && (size_t)n < sizeof path) {
            exec_or_shell(path, argv, envp);
            // Searching goes on, since a later directory may have one that can be executed.
            if (errno == EACCES)
                error = EACCES;
            else if (errno != ENOENT && errno != ENOTDIR)
                return -1;
        }
        if (!dirs[len])
            break;
        dirs += len + 1;
    }
    return (int)glue_ret(-error);
}

int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, environ);
}

// The compiler would pass them as an array only for a machine that has no arguments in registers.
// The list is left open (AP), since an environment may follow the NULL.
// The execl() family: counts the arguments up to NULL, then copies them to the stack.
#define COLLECT_ARGS(args, first)                                                                  \
    va_list ap, counting;                                                                          \
    size_t n_ = 1;                                                                                 \
    va_start(ap, first);                                                                           \
    va_copy(counting, ap);                                                                         \
    while (va_arg(counting, char *))                                                               \
        n_++;                                                                                      \
    va_end(counting);                                                                              \
    char *args[n_ + 1];                                                                            \
    args[0] = (char *)first;                                                                       \
    for (size_t i_ = 1; i_ <= n_; i_++)                                                            \
    args[i_] = va_arg(ap, char *)

int execl(const char *path, const char *arg, ...)
{
    COLLECT_ARGS(args, arg);
    va_end(ap);
    return execv(path, args);
}

int execlp(const char *file, const char *arg, ...)
{
    COLLECT_ARGS(args, arg);
    va_end(ap);
    return execvp(file, args);
}

int execle(const char *path, const char *arg, ...)
{
    COLLECT_ARGS(args, arg);
    char *const *envp = va_arg(ap, char *const *);
    va_end(ap);
    return execve(path, args, envp);
}

int execlpe(const char *file, const char *arg, ...)
{
    COLLECT_ARGS(args, arg);
    char *const *envp = va_arg(ap, char *const *);
    va_end(ap);
    return execvpe(file, args, envp);
}

// The one call below wait(), waitpid() and wait3(). With SIGCHLD ignored there is nothing to wait
// for: it blocks until the last child is gone and says ECHILD (XSH wait()).
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    return (pid_t)GLUE_POINT(sys_wait4(pid, status, options, K(k_rusage, usage)));
}

pid_t wait3(int *status, int options, struct rusage *usage)
{
    return wait4(-1, status, options, usage);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

// With WNOHANG and no child ready it succeeds, and si_pid is 0 (XSH waitid()). WNOWAIT leaves the
// child to be waited for again.
int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    return (int)GLUE_POINT(sys_waitid(type, (int)id, K(k_siginfo, info), options, NULL));
}

// Asked for each time: a value kept here would be the parent's after fork().
pid_t getpid(void)
{
    return (pid_t)sys_getpid();
}

pid_t getppid(void)
{
    return (pid_t)sys_getppid();
}

pid_t getpgid(pid_t pid)
{
    return (pid_t)glue_ret(sys_getpgid(pid));
}

// POSIX's, without an argument. BSD's had one, and is getpgid().
pid_t getpgrp(void)
{
    return getpgid(0);
}

int setpgid(pid_t pid, pid_t group)
{
    return (int)glue_ret(sys_setpgid(pid, group));
}

int setpgrp(void)
{
    return setpgid(0, 0);
}

pid_t getsid(pid_t pid)
{
    return (pid_t)glue_ret(sys_getsid(pid));
}

// EPERM for the leader of a process group, which is why daemon() forks first.
pid_t setsid(void)
{
    return (pid_t)glue_ret(sys_setsid());
}

// Gives the host's processor to whoever waits for it: the vCPU of this process stands still for a
// moment, nothing in the guest is switched.
int sched_yield(void)
{
    return (int)glue_ret(sys_sched_yield());
}

// Detaches as BSD does: the parent leaves, the child becomes a session leader without a terminal.
int daemon(int keep_dir, int keep_files)
{
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid > 0)
        _exit(0);
    if (setsid() < 0)
        return -1;
    // As in glibc, a root that cannot be entered is no reason to stop half detached.
    int moved = keep_dir ? 0 : chdir("/");
    (void)moved;
    if (keep_files)
        return 0;
    // Only then the standard descriptors: a failure before this can still be printed.
    int fd = open(_PATH_DEVNULL, O_RDWR);
    if (fd < 0)
        return -1;
    for (int i = 0; i <= 2; i++)
        dup2(fd, i);
    if (fd > 2)
        close(fd);
    return 0;
}
