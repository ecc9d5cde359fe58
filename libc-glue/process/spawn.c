// SPDX-License-Identifier: BSD-2-Clause
// posix_spawn() and what is built on it: system() and popen().
//
// The kernel applies the actions and attributes itself (kernel/proc/spawn.c, struct k_spawn), so
// the new program starts without a clone of this one in between. Neighbours: process.c (fork and
// exec).
#include <fcntl.h>
#include <limits.h>
#include <paths.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// Takes no memory: the list is allocated by the first action.
int posix_spawn_file_actions_init(posix_spawn_file_actions_t *fa)
{
    *fa = (posix_spawn_file_actions_t){0};
    return 0;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *fa)
{
    for (unsigned i = 0; i < fa->__count; i++)
        free((char *)fa->__list[i].path);
    free(fa->__list);
    *fa = (posix_spawn_file_actions_t){0};
    return 0;
}

// Appends ACTION, copying its path. Returns an error number, as this family does.
static int add_action(posix_spawn_file_actions_t *fa, struct k_spawn_action action)
{
    if (action.fd < 0)
        return EBADF;
    if (fa->__count == fa->__room) {
        unsigned room = fa->__room ? fa->__room * 2 : 8;
        struct k_spawn_action *more = realloc(fa->__list, room * sizeof *more);
        if (!more)
            return ENOMEM;
        fa->__list = more;
        fa->__room = room;
    }
    if (action.path && !(action.path = strdup(action.path)))
        return ENOMEM;
    fa->__list[fa->__count++] = action;
    return 0;
}

// A number that is not open when the time comes is no error.
int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *fa, int fd)
{
    return add_action(fa, (struct k_spawn_action){.op = K_SPAWN_CLOSE, .fd = fd});
}

// FROM is the number in the child, after the actions before this one.
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *fa, int from, int to)
{
    if (from < 0)
        return EBADF;
    return add_action(fa, (struct k_spawn_action){.op = K_SPAWN_DUP2, .from = from, .fd = to});
}

// The path is copied, so the caller may overwrite its own (XSH); it is looked up in the child,
// after the actions before it, so a relative one counts from their chdir.
int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict fa, int fd,
                                     const char *restrict path, int flags, mode_t mode)
{
    return add_action(
        fa, (struct k_spawn_action){
                .op = K_SPAWN_OPEN, .fd = fd, .path = path, .flags = flags, .mode = mode});
}

// Its fd is 0 and unused: add_action() tests it for all alike.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *restrict fa,
                                         const char *restrict path)
{
    return add_action(fa, (struct k_spawn_action){.op = K_SPAWN_CHDIR, .path = path});
}

int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *fa, int fd)
{
    return add_action(fa, (struct k_spawn_action){.op = K_SPAWN_FCHDIR, .fd = fd});
}

int posix_spawnattr_init(posix_spawnattr_t *a)
{
    *a = (posix_spawnattr_t){0};
    return 0;
}

// Nothing in it points anywhere. A destroyed one must be initialized before it is used again, which
// nobody can check.
int posix_spawnattr_destroy(posix_spawnattr_t *a)
{
    (void)a;
    return 0;
}

int posix_spawnattr_getflags(const posix_spawnattr_t *restrict a, short *restrict flags)
{
    *flags = a->__flags;
    return 0;
}

// Unknown flags are refused now, not ignored later: a program that asks for a scheduling policy
// would think it had got one.
int posix_spawnattr_setflags(posix_spawnattr_t *a, short flags)
{
    if (flags & ~(POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                  POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID))
        return EINVAL;
    a->__flags = flags;
    return 0;
}

int posix_spawnattr_getpgroup(const posix_spawnattr_t *restrict a, pid_t *restrict group)
{
    *group = a->__pgroup;
    return 0;
}

int posix_spawnattr_setpgroup(posix_spawnattr_t *a, pid_t group)
{
    a->__pgroup = group;
    return 0;
}

int posix_spawnattr_getsigmask(const posix_spawnattr_t *restrict a, sigset_t *restrict set)
{
    *set = a->__sigmask;
    return 0;
}

int posix_spawnattr_setsigmask(posix_spawnattr_t *restrict a, const sigset_t *restrict set)
{
    a->__sigmask = *set;
    return 0;
}

int posix_spawnattr_getsigdefault(const posix_spawnattr_t *restrict a, sigset_t *restrict set)
{
    *set = a->__sigdefault;
    return 0;
}

int posix_spawnattr_setsigdefault(posix_spawnattr_t *restrict a, const sigset_t *restrict set)
{
    a->__sigdefault = *set;
    return 0;
}

// An error number and errno unchanged, as all of this family. Also an action that failed in the
// child is told here, where POSIX allows an exit status of 127 instead; no child is left then.
int posix_spawn(pid_t *restrict pid, const char *restrict path,
                const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *restrict attr,
                char *const argv[], char *const envp[])
{
    struct k_spawn how = {0};
    if (fa) {
        how.actions = fa->__list;
        how.nactions = fa->__count;
    }
    if (attr) {
        how.flags = (uint32_t)attr->__flags;
        how.pgroup = attr->__pgroup;
        how.sigmask = attr->__sigmask;
        how.sigdefault = attr->__sigdefault;
    }
    // The kernel reads all of it before it returns, so nothing has to outlive this frame.
    long r = sys_spawn(path, argv, envp ? envp : environ, &how);
    if (r < 0)
        return (int)-r;
    if (pid)
        *pid = (pid_t)r;
    return 0;
}

// A try costs little: the kernel opens the file before it takes a VM.
// As execvp() searches, but each try is a spawn.
int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                 const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *restrict attr,
                 char *const argv[], char *const envp[])
{
    char path[PATH_MAX];
    const char *dirs = getenv("PATH");
    int error = ENOENT;
    if (!*file) // else the directories themselves would be found
        return ENOENT;
    if (strchr(file, '/'))
        return posix_spawn(pid, file, fa, attr, argv, envp);
    if (!dirs)
        dirs = _PATH_DEFPATH;
    for (;;) {
        size_t len = strcspn(dirs, ":");
        int n = snprintf(path, sizeof path, "%.*s%s%s", (int)len, dirs, len ? "/" : "", file);
        if (n > 0 && (size_t)n < sizeof path) {
            int r = posix_spawn(pid, path, fa, attr, argv, envp);
            // As with execvp(): what is not there or not permitted here may be elsewhere on PATH. A
            // file without an ELF header is not handed to a shell.
            if (r != ENOENT && r != ENOTDIR && r != EACCES)
                return r;
            if (r == EACCES)
                error = r;
        }
        if (!dirs[len])
            return error;
        dirs += len + 1;
    }
}

// POSIX: the caller ignores SIGINT and SIGQUIT and holds back SIGCHLD while the command runs; the
// command itself gets the signals as they were.
int system(const char *command)
{
    if (!command)
        return access(_PATH_BSHELL, X_OK) == 0;
    struct sigaction ignore = {.sa_flags = 0}, old_int, old_quit;
    sigset_t chld, old_mask;
    ignore.sa_handler = SIG_IGN;
    // Before the child exists: a SIGINT meant for the command must not end the caller.
    sigaction(SIGINT, &ignore, &old_int);
    sigaction(SIGQUIT, &ignore, &old_quit);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, &old_mask);

    posix_spawnattr_t attr = {.__flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK,
                              .__sigmask = old_mask};
    if (old_int.sa_handler != SIG_IGN)
        sigaddset(&attr.__sigdefault, SIGINT);
    if (old_quit.sa_handler != SIG_IGN)
        sigaddset(&attr.__sigdefault, SIGQUIT);
    char *argv[] = {"sh", "-c", (char *)command, NULL};
    pid_t pid = -1;
    int status = -1, error = posix_spawn(&pid, _PATH_BSHELL, NULL, &attr, argv, environ);
    // XSH system(): no child, -1; a shell that cannot be executed, as if it had called exit(127).
    if (error == EAGAIN || error == ENOMEM)
        errno = error;
    else if (error)
        status = K_STATUS_EXIT(127);
    else
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGQUIT, &old_quit, NULL);
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    return status;
}

// Streams of popen() and the children behind them. The pipe's near end is close-on-exec, so later
// children do not hold it open.
struct piped {
    struct piped *next;
    FILE *file;
    pid_t pid;
};
// Newest first, in this process only: a child of fork() has a copy, whose children are not its own,
// and its pclose() gets ECHILD from waitpid().
static struct piped *piped;

// The dup2() clears close-on-exec in the child, for FAR == STD as well: a program that has closed
// its standard input gets just that number from pipe2().
static int spawn_piped(const char *command, int far, int std, pid_t *pid)
{
    posix_spawn_file_actions_t fa;
    char *argv[] = {"sh", "-c", (char *)command, NULL};
    posix_spawn_file_actions_init(&fa);
    int error = posix_spawn_file_actions_adddup2(&fa, far, std);
    if (!error)
        error = posix_spawn(pid, _PATH_BSHELL, &fa, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&fa);
    return error;
}

// All that can fail comes before the child or undoes itself: no shell is left running behind a
// NULL. An "e" in the mode is accepted and always meant.
FILE *popen(const char *command, const char *mode)
{
    int fds[2], reading = mode[0] == 'r';
    if ((!reading && mode[0] != 'w') || pipe2(fds, O_CLOEXEC) < 0)
        return reading || mode[0] == 'w' ? NULL : (glue_ret(-EINVAL), NULL);
    int near = fds[!reading], far = fds[reading];
    struct piped *p = malloc(sizeof *p);
    FILE *file = p ? fdopen(near, reading ? "r" : "w") : NULL;
    int error = file ? spawn_piped(command, far, reading ? 1 : 0, &p->pid) : ENOMEM;
    // The child has its own copy by dup2(). Ours must go, or we would never read the end of the
    // file.
    close(far);
    if (error) {
        free(p);
        if (file)
            fclose(file);
        else
            close(near);
        return glue_ret(-error), NULL;
    }
    p->file = file;
    p->next = piped;
    piped = p;
    return file;
}

// Waits for its own child only: a handler for SIGCHLD that waits for any may take it away, and then
// the status is lost (ECHILD), as POSIX says.
int pclose(FILE *file)
{
    struct piped **at = &piped;
    while (*at && (*at)->file != file)
        at = &(*at)->next;
    struct piped *p = *at;
    if (!p)
        return (int)glue_ret(-ECHILD);
    *at = p->next;
    pid_t pid = p->pid;
    free(p);
    // Before the wait: the command may be waiting for the end of its input.
    fclose(file);
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}
