// SPDX-License-Identifier: BSD-2-Clause
// Cloning a KVM VM: what FORK, SPAWN and EXEC do to a monitor and its memory.
//
// fork() of a guest is fork(2) of its monitor. CLONE_PARENT makes every monitor a child of the
// supervisor, which so learns of each death; the guest's own tree is in the window and none of the
// host's business. What may be there already, and need not be made, is asked for in a few places
// (aid.h). Neighbours: call/process.c (arguments and slots), start.c (the new program's VM).

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/virtio/devices.h"
#include "host/gdb/gdb.h"
#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"

#define ROOM_MS 2                   // for a process to end in
#define HOT_MAX (UINT64_C(1) << 20) // bytes of one range that are copied ahead of time

// Whether fork(2) copies guest RAM: not for a program that starts afresh, which spares the parent
// the write-protection of its pages, and all the faults after it.
void kvm_inherit_ram(const struct monitor *m, int on)
{
    madvise(m->vm.mem.ram + PV_PLATFORM_VA, m->vm.mem.ram_size - PV_PLATFORM_VA,
            on ? MADV_DOFORK : MADV_DONTFORK);
}

// Copies pages that will be written anyway while it costs a host fault each, not a guest one. One
// host fault is a twentieth of the same fault taken by the guest.
void kvm_touch(const struct monitor *m, const struct pv_range *hot, uint32_t n)
{
    // KVM maps neighbours together with a page it is asked for, but only what the host may write.
    madvise(m->vm.mem.ram + PV_CALL_VA, PLATFORM_GDT_VA - PV_CALL_VA, MADV_POPULATE_WRITE);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t start = hot[i].addr & ~(X86_PAGE - 1);
        uint64_t len = (hot[i].len + (hot[i].addr - start) + X86_PAGE - 1) & ~(X86_PAGE - 1);
        void *p = guest_ptr(&m->vm.mem, (struct gaddr){start}, len, GUEST_RAM);
        if (p && len <= HOT_MAX)
            madvise(p, len, MADV_POPULATE_WRITE);
    }
}

void kvm_clone_body(struct monitor *m, const struct pv_range *hot, uint32_t n)
{
    vm_forget(&m->vm);
    kvm_touch(m, hot, n);
    monitor_share_text(m);
    monitor_create_vm(m);
}

void kvm_clone_start(struct monitor *m, uint64_t start, struct kvm_regs *regs, const char *how)
{
    const struct gaddr ret = {regs->rdi + offsetof(struct pv_call, ret)};
    const int64_t child = 1;
    if (member_identity(platform_boot_info(&m->vm), m->member.slot) < 0)
        member_die(&m->member, SIGKILL, "no random seed");
    guest_write(&m->vm.mem, ret, &child, sizeof child);
    platform_shared(&m->vm)->pending = 0;
    regs->rip = PLATFORM_CALL_RETURN;
    gdb_forget(m, regs);
    aid_of(m)->begins(m);
    family_trace(m->member.family, TRACE_PROC, "%u clone%s %.3f ms", m->member.slot, how,
                 (double)(family_now(m->member.family) - start) / 1e6);
    vm_start_at(&m->vm, regs, PLATFORM_TABLES_VA(m->vm.tables));
    monitor_begin(m);
}

// The pid is stored into the slot by the system call itself. When the user has no more processes, a
// spare may be one of them that can go.
static pid_t fork_monitor(struct monitor *m, uint32_t slot)
{
    _Atomic int32_t *word = &m->member.family->shared->slots[slot].pid;
    pid_t pid = family_fork(m->member.family, word, CLONE_PARENT, 1);
    if (pid == -EAGAIN && aid_of(m)->make_room(m)) {
        poll(NULL, 0, ROOM_MS);
        pid = family_fork(m->member.family, word, CLONE_PARENT, 1);
    }
    return pid;
}

// `regs`: gathered before the child exists. kvm_run is shared memory, in which the parent's next
// exit soon replaces them.
static void become_clone(struct monitor *m, const struct clone *c, struct kvm_regs *regs)
{
    m->member.slot = c->slot;
    member_enroll(&m->member);
    aid_of(m)->cloned(m);
    kvm_clone_body(m, c->hot, c->nhot);
    kvm_clone_start(m, c->start, regs, "");
}

// The parent goes on at once and does not wait for the child: the slot is STARTING until it begins,
// and a child that fails is a death like any other.
int64_t kvm_clone(struct member *member, struct clone *c)
{
    struct monitor *m = monitor_of(member);
    struct kvm_regs regs = *vm_regs(&m->vm);
    if (aid_of(m)->clone(m, c, &regs))
        return 0;
    pid_t pid = fork_monitor(m, c->slot);
    if (pid == 0) {
        become_clone(m, c, &regs);
        return CALL_REPLACED;
    }
    if (pid < 0)
        return -EAGAIN;
    kvm_touch(m, c->hot, c->nhot);
    return 0;
}

// The page tables in use.
static const uint8_t *tables(const struct vm *vm)
{
    return vm->mem.ram + PLATFORM_TABLES_VA(vm->tables);
}

// KVM's shadow of a page table does not notice what we write into it. The other set is new to this
// VM the first time, no more the second. The same program's tables are most often the same, byte by
// byte: then KVM may keep what it has derived from them, and the VM need not touch window and text
// anew.
void kvm_load(struct monitor *m, uint32_t program, const struct load_args *args,
              struct kvm_regs *regs)
{
    static uint8_t before[PLATFORM_TABLES_SIZE];
    const int same = m->member.program == program && program != PV_PROGRAM_FILE;
    int r, stale;

    if (same)
        memcpy(before, tables(&m->vm), sizeof before);
    else
        m->vm.tables ^= 1;
    if ((r = load_program(&m->vm, m->member.family, m->member.slot, program, args, regs)) < 0)
        member_die(&m->member, SIGKILL, strerror(-r));
    monitor_set_program(m, program, args);
    devices_reset(m);
    monitor_share_text(m);
    stale = same ? memcmp(before, tables(&m->vm), sizeof before) != 0 : m->vm.switches++ > 0;
    if (stale && (r = vm_memory_flush(&m->vm)) < 0)
        member_die(&m->member, SIGKILL, strerror(-r));
    if ((r = vm_set_fpu(&m->vm, VM_FCW, VM_MXCSR)) < 0)
        member_die(&m->member, SIGKILL, strerror(-r));
    event_set_timer(&m->member, 0);
    vm_start_at(&m->vm, regs, PLATFORM_TABLES_VA(m->vm.tables));
}

void kvm_exec(struct member *member, uint32_t program, const struct load_args *args)
{
    struct monitor *m = monitor_of(member);
    uint64_t start = family_now(m->member.family);
    struct kvm_regs regs;
    aid_of(m)->exec(m);
    kvm_load(m, program, args, &regs);
    family_trace(m->member.family, TRACE_PROC, "%u exec %s %.3f ms", m->member.slot,
                 load_name(m->member.family->image, program),
                 (double)(family_now(m->member.family) - start) / 1e6);
    gdb_exec(m);
}

// In the child of SPAWN, which has no RAM yet.
static void become_program(struct monitor *m, const struct pv_exec *c, const struct load_args *args)
{
    m->member.slot = c->slot;
    aid_of(m)->spawned(m);
    // Before anything else is mapped: it might be where RAM will be.
    if (load_reserve(&m->vm) < 0)
        member_die(&m->member, SIGKILL, "cannot reserve its memory");
    gdb_forget(m, NULL);
    vm_forget(&m->vm);
    monitor_run_program(m, c->program, args);
}

// RAM is kept out of the fork for the moment of it: copying its page tables would take most of the
// time, and the child has no use for them.
int64_t kvm_spawn(struct member *member, const struct pv_exec *c, struct load_args *args)
{
    struct monitor *m = monitor_of(member);
    const uint64_t start = family_now(m->member.family);
    if (aid_of(m)->spawn(m, c, args, start))
        return 0;
    kvm_inherit_ram(m, 0);
    pid_t pid = fork_monitor(m, c->slot);
    if (pid == 0) {
        become_program(m, c, args);
        return CALL_REPLACED;
    }
    kvm_inherit_ram(m, 1);
    return pid < 0 ? -EAGAIN : 0;
}
