// SPDX-License-Identifier: BSD-2-Clause
// A host without spares, gdb, templates, traces and events that come by themselves: for
// fuzz_call.c.
#include <stdlib.h>

#include "host/gdb/gdb.h"
#include "host/kvm/monitor.h"
#include "host/kvm/spare/spare.h"
#include "host/template/template.h"

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

int spare_prepare(struct monitor *m, const struct timespec *sleep)
{
    (void)m, (void)sleep;
    return 0;
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

void template_watch(struct monitor *m, const void *bytes, uint64_t len)
{
    (void)m, (void)bytes, (void)len;
}

void trace_end(struct member *m)
{
    (void)m;
}

void gdb_forget(struct monitor *m, struct kvm_regs *regs)
{
    (void)m, (void)regs;
}

void gdb_exec(struct monitor *m)
{
    (void)m;
}

void gdb_exited(struct monitor *m, uint32_t status)
{
    (void)m, (void)status;
}

void member_enroll(struct member *m)
{
    (void)m;
}

void monitor_share_text(struct monitor *m)
{
    (void)m;
}

uint32_t event_collect(struct member *m)
{
    (void)m;
    return 0;
}

int event_posted(const struct member *m)
{
    return atomic_load(&member_slot(m)->events) != 0;
}

void event_set_timer(struct member *m, uint64_t deadline)
{
    m->timer_deadline = deadline;
}

void vm_forget(struct vm *vm)
{
    (void)vm;
}
