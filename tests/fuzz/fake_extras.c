// SPDX-License-Identifier: BSD-2-Clause
// A host without gdb, templates, traces and events that come by themselves: for fuzz_call.c.
#include "host/gdb/gdb.h"
#include "host/kvm/monitor.h"
#include "host/template/template.h"

int template_watch(const struct family *f, const void *bytes, uint64_t len)
{
    (void)f, (void)bytes, (void)len;
    return 0;
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
