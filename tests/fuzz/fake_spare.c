// SPDX-License-Identifier: BSD-2-Clause
// A host that never has a spare (host/spare.h): for fuzz_call.c.
#include <stdlib.h>

#include "host/monitor.h"
#include "host/spare.h"

int spare_clone(struct monitor *m, const struct clone *c, const struct kvm_regs *regs)
{
    (void)m, (void)c, (void)regs;
    return 0;
}

int spare_spawn(struct monitor *m, const struct pv_exec *c, const struct load_args *args,
                uint64_t start)
{
    (void)m, (void)c, (void)args, (void)start;
    return 0;
}

int spare_offer(struct monitor *m)
{
    (void)m;
    return 0;
}

void spare_again(struct monitor *m)
{
    (void)m;
    abort();
}

void spare_forget(struct monitor *m)
{
    (void)m;
}

void spare_begin(struct monitor *m)
{
    (void)m;
}

void spare_drop(struct monitor *m)
{
    (void)m;
}

void spare_memory_changed(struct monitor *m)
{
    (void)m;
}

void spare_watch(struct monitor *m)
{
    (void)m;
}

void spare_tell(struct monitor *m)
{
    (void)m;
}

void spare_let_go(struct monitor *m)
{
    (void)m;
}
