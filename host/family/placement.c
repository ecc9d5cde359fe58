// SPDX-License-Identifier: BSD-2-Clause
// Where a clone starts. See placement.h.

#include "host/family/placement.h"

void placement_init(struct placement *p)
{
    int n = sched_getaffinity(0, sizeof p->allowed, &p->allowed) < 0 ? 1 : CPU_COUNT(&p->allowed);
    p->push = n > 1 && n <= PLACEMENT_SMALL;
}

void placement_push(const struct placement *p, pid_t child)
{
    int here = p->push ? sched_getcpu() : -1;
    if (here < 0)
        return;
    cpu_set_t others = p->allowed;
    CPU_CLR(here, &others);
    sched_setaffinity(child, sizeof others, &others);
}

void placement_pull(const struct placement *p, pid_t child)
{
    int here = p->push ? sched_getcpu() : -1;
    if (here < 0)
        return;
    cpu_set_t this;
    CPU_ZERO(&this);
    CPU_SET(here, &this);
    sched_setaffinity(child, sizeof this, &this);
}

void placement_pin(const struct placement *p, unsigned n)
{
    cpu_set_t one;
    if (!p->push)
        return;
    n %= (unsigned)CPU_COUNT(&p->allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &p->allowed) && n-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
}

void placement_free(const struct placement *p, pid_t process)
{
    if (p->push)
        sched_setaffinity(process, sizeof p->allowed, &p->allowed);
}

void placement_reset(const struct placement *p)
{
    placement_free(p, 0);
}
