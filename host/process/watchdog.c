// SPDX-License-Identifier: BSD-2-Clause
// The watchdog: kills what is left of a family whose supervisor was killed.
//
// The stub asks the kernel to die with its supervisor (PR_SET_PDEATHSIG), but a guest that clones
// behind the stub's back does not. The first member has asked before it was confined, so the
// watchdog comes with the first clone. No member can leave its process group, so whoever has its
// number can end them all. Neighbours: notify.c, family/supervisor.c (the same at an ordinary end).

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

int watchdog_prepare(struct process_family *p)
{
    return pipe2(p->leash, O_CLOEXEC) < 0 ? -errno : 0;
}

int watchdog_start(struct process_family *p, pid_t first)
{
    if (p->watchdog > 0)
        return 0;
    p->watchdog = fork();
    if (p->watchdog == 0) {
        close(p->leash[1]);
        guard_family(p->leash[0], first);
    }
    return p->watchdog < 0 ? -errno : 0;
}

void watchdog_end(struct process_family *p)
{
    // Who fails to tell it so is about to end: then it kills what is left, which is nothing.
    if (p->watchdog > 0 && write(p->leash[1], "", 1) != 1)
        family_say("the watchdog does not listen: %s", strerror(errno));
    close(p->leash[0]);
    close(p->leash[1]);
}
