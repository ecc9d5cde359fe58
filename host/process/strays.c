// SPDX-License-Identifier: BSD-2-Clause
// Strays: processes that a hostile member has cloned and that are no members. They are
// children of the supervisor all the same (CLONE_PARENT), so the kernel's list has them. Source:
// proc(5), /proc/PID/task/TID/children.

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "host/process/process.h"

// Counts all children, and ends by `sig`, if it is not 0, those that are no members.
static uint32_t each_child(struct process_family *p, int sig)
{
    char path[64];
    uint32_t n = 0;
    int pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *list = fopen(path, "re");
    if (!list) // no /proc: as many as have been counted, which is not less than there are
        return p->alive > p->embryos ? p->alive - p->embryos : 0;
    while (fscanf(list, "%d", &pid) == 1) {
        if (pid == p->watchdog || pid == p->debugger || pid <= 0 || pid >= p->pid_max)
            continue;
        n++;
        if (!sig || p->slot_of[pid])
            continue;
        kill(pid, sig); // a child, not reaped meanwhile: we are the one who reaps
        // Or a door with its number would make a member of it, and a stray of the door's own child.
        p->slot_of[pid] = PROCESS_STRAY;
    }
    fclose(list);
    return n;
}

uint32_t children_count(struct process_family *p)
{
    return each_child(p, 0);
}

void strays_kill(struct process_family *p)
{
    each_child(p, SIGKILL);
}
