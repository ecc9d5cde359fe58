// SPDX-License-Identifier: BSD-2-Clause
// What the paravirtual calls need of KVM's monitors, apart from cloning (clone.c): memory, and what
// a monitor does when its program sleeps, writes or ends. See backend.h.

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/x86.h"
#include "host/gdb/gdb.h"
#include "host/kvm/kvm.h"
#include "host/kvm/protect.h"
#include "host/template/template.h"
#include "host/virtio/devices.h"

// Whether a part of RAM is heap or stack. Below the heap lie the program's segments, whose pages
// come from the image: they would not read as zero. Between the two is the guard.
static int is_releasable(const struct vm *vm, uint64_t addr, uint64_t len)
{
    if (addr >= vm->stack_bottom)
        return 1;
    return addr >= vm->heap_start && addr + len <= vm->stack_bottom - X86_PAGE_2M;
}

int64_t kvm_release(struct member *member, const struct pv_release *c)
{
    struct monitor *m = monitor_of(member);
    void *p = guest_ptr(&m->vm.mem, (struct gaddr){c->addr}, c->len, GUEST_RAM);
    if (!p || c->addr % X86_PAGE || c->len % X86_PAGE || !is_releasable(&m->vm, c->addr, c->len))
        return -EINVAL;
    aid_of(m)->memory_changed(m);
    return madvise(p, c->len, MADV_DONTNEED) < 0 ? -errno : 0;
}

int64_t kvm_protect(struct member *member, const struct pv_protect *c)
{
    struct monitor *m = monitor_of(member);
    int r = protect_pages(&m->vm, monitor_program(m), c->addr, c->len, c->rights);
    if (r >= 0)
        aid_of(m)->memory_changed(m);
    if (r > 0 && (r = vm_memory_flush(&m->vm)) < 0)
        member_die(member, SIGKILL, strerror(-r));
    return r;
}

int64_t kvm_set_tp(struct member *m, const struct pv_set_tp *c)
{
    return vm_set_fs_base(&monitor_of(m)->vm, c->base);
}

int64_t kvm_notify(struct member *m, const struct pv_notify *c)
{
    return devices_notify(monitor_of(m), c->device, c->queue);
}

int kvm_idle(struct member *member, const struct timespec *sleep)
{
    struct monitor *m = monitor_of(member);
    return aid_of(m)->idle(m, sleep);
}

void kvm_output(struct member *m, const void *bytes, uint64_t len)
{
    if (m->family->opt->until)
        monitor_of(m)->save_due |= template_watch(m->family, bytes, len);
}

int kvm_leave(struct member *member, uint32_t status)
{
    struct monitor *m = monitor_of(member);
    gdb_exited(m, status);
    return aid_of(m)->leave(m);
}

void kvm_reuse(struct member *member)
{
    struct monitor *m = monitor_of(member);
    aid_of(m)->reuse(m);
}

void kvm_dying(struct member *m, uint32_t status)
{
    gdb_exited(monitor_of(m), status);
}
