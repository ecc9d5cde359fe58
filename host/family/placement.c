// SPDX-License-Identifier: BSD-2-Clause
// Where a clone starts. See placement.h.

#include "host/family/placement.h"

void placement_init(struct placement *p)
{
    int n = sched_getaffinity(0, sizeof p->allowed, &p->allowed) < 0 ? 1 : CPU_COUNT(&p->allowed);
    p->push = n > 1 && n <= PLACEMENT_SMALL;
}

int placement_here(const struct placement *p)
{
    return p->push ? sched_getcpu() : -1;
}

// A process that has another processor's queue to wait in stays there when the restriction is
// lifted at once.
void placement_move(const struct placement *p, pid_t child, uint32_t cpu, int off)
{
    cpu_set_t to = p->allowed;
    if (!p->push || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &p->allowed))
        return;
    if (!off)
        CPU_ZERO(&to);
    if (off)
        CPU_CLR(cpu, &to);
    else
        CPU_SET(cpu, &to);
    if (sched_setaffinity(child, sizeof to, &to) == 0)
        placement_free(p, child);
}

static int keep_to(int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof one, &one);
}

void placement_pin(const struct placement *p, unsigned n)
{
    if (!p->push)
        return;
    n %= (unsigned)CPU_COUNT(&p->allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &p->allowed) && n-- == 0) {
            keep_to(cpu);
            return;
        }
}

int placement_follow(uint64_t cpu, cpu_set_t *home)
{
    if (cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof *home, home) < 0 || !CPU_ISSET(cpu, home))
        return -1;
    return keep_to((int)cpu);
}

void placement_return(const cpu_set_t *home)
{
    sched_setaffinity(0, sizeof *home, home);
}

void placement_free(const struct placement *p, pid_t process)
{
    if (p->push)
        sched_setaffinity(process, sizeof p->allowed, &p->allowed);
}
