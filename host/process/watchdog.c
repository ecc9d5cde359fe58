// SPDX-License-Identifier: BSD-2-Clause
// The watchdog: kills what is left of a family whose supervisor was killed.
//
// The stub asks the kernel to die with its supervisor (PR_SET_PDEATHSIG), but a guest that clones
// behind the stub's back does not. The first member has asked before it was confined, so the
// watchdog comes with the first clone. No member can leave its process group, so whoever has its
// number can end them all. Neighbours: notify.c, family/supervisor.c (the same at an ordinary end).

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/process/process.h"

// Reads until the other end is closed, which the supervisor's death does, or says that all is well.
_Noreturn static void guard_family(int end, pid_t group)
{
    char byte;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid(); // the terminal's signals are not for it
    if (end != 0)
        dup2(end, 0);
    close_range(1, ~0u, 0);
    if (read(0, &byte, 1) == 0)
        kill(-group, SIGKILL);
    _exit(0);
}

int watchdog_start(struct process_family *p, pid_t first)
{
    int fds[2];
    if (p->leash >= 0)
        return 0;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    const pid_t pid = fork();
    if (pid == 0) {
        close(fds[1]);
        guard_family(fds[0], first);
    }
    close(fds[0]);
    if (pid < 0) {
        close(fds[1]);
        return -1;
    }
    p->watchdog = pid;
    p->leash = fds[1];
    return 0;
}

void watchdog_end(struct process_family *p)
{
    if (p->leash >= 0 && write(p->leash, "", 1) == 1)
        close(p->leash);
    p->leash = -1;
}
