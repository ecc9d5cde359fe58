// SPDX-License-Identifier: BSD-2-Clause
// Processes: PV_CALL_FORK, SPAWN, EXEC and EXIT.
//
// fork() of a guest is fork(2) of its monitor. CLONE_PARENT makes every monitor a child of the
// supervisor, which so learns of each death; the guest's own tree is in the window and none of the
// host's business.

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/devices.h"
#include "host/gdb.h"
#include "host/monitor.h"
#include "host/platform.h"

#define HOT_MAX (UINT64_C(1) << 20) // bytes of one range that are copied ahead of time

// Whether fork(2) copies guest RAM: not for a program that starts afresh, which spares the parent
// the write-protection of its pages, and all the faults after it.
static void inherit_ram(const struct monitor *m, int on)
{
    madvise(m->vm.ram + PV_PLATFORM_VA, m->vm.ram_size - PV_PLATFORM_VA,
            on ? MADV_DOFORK : MADV_DONTFORK);
}

// Copies pages that will be written anyway while it costs a host fault each, not a guest one. One
// host fault is a twentieth of the same fault taken by the guest.
static void touch(const struct monitor *m, const struct pv_range *hot, uint32_t n)
{
    // KVM maps neighbours together with a page it is asked for, but only what the host may write.
    madvise(m->vm.ram + PV_CALL_VA, PLATFORM_GDT_VA - PV_CALL_VA, MADV_POPULATE_WRITE);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t start = hot[i].addr & ~(X86_PAGE - 1);
        uint64_t len = (hot[i].len + (hot[i].addr - start) + X86_PAGE - 1) & ~(X86_PAGE - 1);
        void *p = guest_ptr(&m->vm, (struct gaddr){start}, len, GUEST_RAM);
        if (p && len <= HOT_MAX)
            madvise(p, len, MADV_POPULATE_WRITE);
    }
}

static void finish_clone(struct monitor *m, struct gaddr call)
{
    struct pv_boot_info *b = platform_boot_info(&m->vm);
    const int64_t ret = 1;
    b->slot = m->slot;
    if (getrandom(b->seed, sizeof b->seed, 0) != sizeof b->seed)
        monitor_die(m, SIGKILL, "no random seed");
    guest_write(&m->vm, (struct gaddr){call.v + offsetof(struct pv_call, ret)}, &ret, sizeof ret);
}

// What the child needs to know, gathered before it exists: kvm_run is shared memory, in which the
// parent's next exit soon replaces the registers.
struct clone {
    struct kvm_regs regs;
    uint64_t start; // for the trace
    uint32_t slot, nhot;
    struct pv_range hot[PV_MAX_HOT];
};

static void become_clone(struct monitor *m, struct clone *c)
{
    m->slot = c->slot;
    m->timer_deadline = 0;
    monitor_enroll(m);
    vm_forget(&m->vm);
    finish_clone(m, (struct gaddr){c->regs.rdi});
    touch(m, c->hot, c->nhot);
    platform_shared(&m->vm)->pending = 0;
    monitor_share_text(m);
    c->regs.rip = PLATFORM_CALL_RETURN;
    gdb_forget(m, &c->regs);
    family_trace(m->family, TRACE_PROC, "%u clone %.3f ms", c->slot,
                 (double)(family_now(m->family) - c->start) / 1e6);
    monitor_resume_clone(m, &c->regs);
}

int64_t call_fork(struct monitor *m, struct pv_fork *c)
{
    struct family *f = m->family;
    struct clone clone = {.start = family_now(f), .slot = c->slot, .nhot = c->nhot};
    int r;

    if (!family_slot_valid(f, c->slot) || c->nhot > PV_MAX_HOT)
        return -EINVAL;
    if (c->nhot &&
        guest_read(&m->vm, (struct gaddr){c->hot}, clone.hot, c->nhot * sizeof clone.hot[0]) < 0)
        return -EFAULT;
    if ((r = family_claim(f, c->slot, m->slot)) < 0)
        return r;
    clone.regs = *vm_regs(&m->vm);
    pid_t pid = family_fork(f, c->slot, CLONE_PARENT);
    if (pid == 0) {
        become_clone(m, &clone);
        return CALL_REPLACED;
    }
    if (pid < 0) {
        family_release(f, c->slot);
        return -EAGAIN;
    }
    touch(m, clone.hot, c->nhot);
    return 0;
}

// Copies and checks the arguments of EXEC and SPAWN. On success the caller frees args->strings.
static int read_args(struct monitor *m, const struct pv_exec *c, struct load_args *args)
{
    if (!image_program(m->family->image, c->program))
        return -ENOEXEC;
    if (c->len > PV_ARG_MAX)
        return -E2BIG;
    *args = (struct load_args){malloc(c->len + 1), c->len, c->argc, c->envc};
    if (!args->strings)
        return -ENOMEM;
    if (c->len && guest_read(&m->vm, (struct gaddr){c->strings}, args->strings, c->len) < 0) {
        free(args->strings);
        return -EFAULT;
    }
    if (!load_args_valid(args)) {
        free(args->strings);
        return -EINVAL;
    }
    return 0;
}

// Checked apart from the doing: an error must leave the caller as it was.
static int publish_valid(const struct family *f, const struct pv_publish *p)
{
    if (p->offset % 4 || p->offset > f->window_size - 4)
        return 0;
    return !p->kick_slot || family_slot_valid(f, p->kick_slot);
}

static void publish_value(struct family *f, const struct pv_publish *p)
{
    if (p->offset)
        __atomic_store_n((uint32_t *)(f->window + p->offset), p->value, __ATOMIC_SEQ_CST);
}

static void publish_kick(struct family *f, const struct pv_publish *p)
{
    if (p->kick_slot) {
        __atomic_fetch_add(&family_door(f, p->kick_slot)->bell, 1, __ATOMIC_SEQ_CST);
        family_kick(f, p->kick_slot, p->interrupt != 0);
    }
}

int64_t call_exec(struct monitor *m, struct pv_exec *c)
{
    uint64_t start = family_now(m->family);
    struct load_args args;
    struct kvm_regs regs;
    int r = read_args(m, c, &args);
    if (r < 0)
        return r;
    if ((r = load_fits(&m->vm, m->family, c->program, &args)) < 0) {
        free(args.strings);
        return r;
    }
    m->vm.tables ^= 1;
    if ((r = load_program(&m->vm, m->family, m->slot, c->program, &args, &regs)) < 0)
        monitor_die(m, SIGKILL, strerror(-r));
    m->program = c->program;
    devices_reset(m);
    monitor_share_text(m);
    // The set of page tables now in use is new to this VM the first time, no more the second.
    if (m->vm.execs++ && (r = vm_memory_flush(&m->vm)) < 0)
        monitor_die(m, SIGKILL, strerror(-r));
    free(args.strings);
    event_set_timer(m, 0);
    vm_start_at(&m->vm, &regs, PLATFORM_TABLES_VA(m->vm.tables));
    family_trace(m->family, TRACE_PROC, "%u exec %s %.3f ms", m->slot,
                 image_program_path(m->family->image, c->program),
                 (double)(family_now(m->family) - start) / 1e6);
    gdb_exec(m);
    return CALL_REPLACED;
}

// In the child of SPAWN, which has no RAM yet.
static void become_program(struct monitor *m, const struct pv_exec *c, struct load_args *args)
{
    m->slot = c->slot;
    // Before anything else is mapped: it might be where RAM will be.
    if (load_reserve(&m->vm) < 0)
        monitor_die(m, SIGKILL, "cannot reserve its memory");
    gdb_forget(m, NULL);
    vm_forget(&m->vm);
    monitor_run_program(m, c->program, args);
    free(args->strings);
}

int64_t call_spawn(struct monitor *m, struct pv_exec *c)
{
    struct family *f = m->family;
    const uint64_t start = family_now(f);
    struct load_args args;
    int r;

    if (!family_slot_valid(f, c->slot))
        return -EINVAL;
    if ((r = read_args(m, c, &args)) < 0)
        return r;
    if ((r = load_fits(&m->vm, f, c->program, &args)) == 0 &&
        (r = family_claim(f, c->slot, m->slot)) == 0) {
        inherit_ram(m, 0);
        pid_t pid = family_fork(f, c->slot, CLONE_PARENT);
        if (pid == 0) {
            become_program(m, c, &args);
            family_trace(f, TRACE_PROC, "%u spawn %s %.3f ms", m->slot,
                         image_program_path(f->image, c->program),
                         (double)(family_now(f) - start) / 1e6);
            return CALL_REPLACED;
        }
        inherit_ram(m, 1);
        if (pid < 0) {
            family_release(f, c->slot);
            r = -EAGAIN;
        }
    }
    free(args.strings);
    return r;
}

int64_t call_exit(struct monitor *m, struct pv_exit *c)
{
    struct family *f = m->family;

    if (!publish_valid(f, &c->publish))
        return -EINVAL;
    family_trace(f, TRACE_PROC, "%u exit status %#x", m->slot, c->status);
    trace_end(m);
    gdb_exited(m, c->status);
    if (m->slot == 1) {
        atomic_store(&f->shared->first_status, c->status & 0xffff);
        atomic_store(&f->shared->first_done, 1);
    }
    // A monitor can be killed between any two of these lines. Until the slot is free it is a death
    // that the family hears of, which the guests' kernel takes for what it is if the zombie is
    // there already; after that, the supervisor has everybody look. The parent is told last: when
    // it reuses the slot it finds it free.
    publish_value(f, &c->publish);
    family_release(f, m->slot);
    publish_kick(f, &c->publish);
    _exit(0);
}
