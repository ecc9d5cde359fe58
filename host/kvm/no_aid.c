// SPDX-License-Identifier: BSD-2-Clause
// No help: every VM is made when it is wanted. See aid.h.

#include <stdlib.h>

#include "host/kvm/aid.h"

static int no_clone(struct monitor *m, const struct clone *c, const struct kvm_regs *regs)
{
    (void)m, (void)c, (void)regs;
    return 0;
}

static int no_spawn(struct monitor *m, const struct pv_exec *c, const struct load_args *args,
                    uint64_t start)
{
    (void)m, (void)c, (void)args, (void)start;
    return 0;
}

static int no_idle(struct monitor *m, const struct timespec *sleep)
{
    (void)m, (void)sleep;
    return 0;
}

static int no(struct monitor *m)
{
    (void)m;
    return 0;
}

static void nothing(struct monitor *m)
{
    (void)m;
}

static void never(struct monitor *m)
{
    (void)m;
    abort(); // leave() said that there is no other use
}

const struct clone_aid no_aid = {
    .clone = no_clone,
    .spawn = no_spawn,
    .make_room = no,
    .cloned = nothing,
    .spawned = nothing,
    .begins = nothing,
    .memory_changed = nothing,
    .exec = nothing,
    .idle = no_idle,
    .leave = no,
    .reuse = never,
};
