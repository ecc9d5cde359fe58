// SPDX-License-Identifier: BSD-2-Clause
// The monitor's loop: runs the VM, and does what it comes out for.
// Neighbours: start.c (how it comes to run), upcall.c (upcalls), call.c (paravirtual calls), vm.c.

#include "host/kvm/kvm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/virtio/devices.h"
#include "host/gdb/gdb.h"
#include "host/kvm/platform.h"
#include "host/template/template.h"

// A VM's first KVM_RUN starts a thread in the host's kernel (Linux 6.13 on). At the user's limit of
// processes it fails with EAGAIN; one may end soon.
#define AGAIN_MAX 50u
#define AGAIN_MS  10

static void handle_io(struct monitor *m)
{
    const struct kvm_run *run = m->vm.run;
    if (run->io.direction == KVM_EXIT_IO_OUT && run->io.port == PLATFORM_PORT_CALL)
        call_dispatch(&m->member, (struct gaddr){vm_regs(&m->vm)->rdi});
    else if (run->io.direction == KVM_EXIT_IO_OUT && run->io.port == PLATFORM_PORT_EXCEPTION)
        upcall_exception(m);
    else
        member_die(&m->member, SIGSEGV, "access to an I/O port that is not there");
}

// A wide access comes in parts of 8 bytes.
int monitor_cover(struct monitor *m)
{
    struct kvm_run *run = m->vm.run;
    uint64_t gpa = run->mmio.phys_addr, end = gpa + run->mmio.len;
    int read_only = gpa < vm_gpa(&m->vm, m->vm.mem.window) && end > vm_gpa(&m->vm, m->vm.mem.image);

    if (run->mmio.len > sizeof run->mmio.data || end > m->vm.size || read_only ||
        vm_memory_grow(&m->vm, gpa) < 0)
        return -EFAULT;
    if (run->mmio.is_write)
        memcpy(m->vm.mem.ram + gpa, run->mmio.data, run->mmio.len);
    else
        memcpy(run->mmio.data, m->vm.mem.ram + gpa, run->mmio.len);
    return 0;
}

static void handle_mmio(struct monitor *m)
{
    if (m->vm.run->mmio.phys_addr < PV_PLATFORM_VA && devices_access(m))
        return;
    if (monitor_cover(m) < 0)
        member_die(&m->member, SIGBUS, "access to physical memory that is not there");
}

static void handle_exit(struct monitor *m)
{
    char why[96];
    switch (m->vm.run->exit_reason) {
    case KVM_EXIT_IO:
        handle_io(m);
        break;
    case KVM_EXIT_INTR:
        break;
    case KVM_EXIT_MMIO:
        handle_mmio(m);
        break;
    case KVM_EXIT_SHUTDOWN:
        member_die(&m->member, SIGSEGV, "triple fault");
    case KVM_EXIT_INTERNAL_ERROR:
        // An instruction KVM cannot emulate, on memory that is not covered? Then it can be run.
        if (m->vm.run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION &&
            vm_memory_complete(&m->vm) == 0)
            break;
        snprintf(why, sizeof why, "KVM cannot go on (error %u)", m->vm.run->internal.suberror);
        member_die(&m->member, SIGILL, why);
    default:
        snprintf(why, sizeof why, "unexpected VM exit %u", m->vm.run->exit_reason);
        member_die(&m->member, SIGILL, why);
    }
}

void monitor_run(struct monitor *m)
{
    for (unsigned again = 0;;) {
        if (ioctl(m->vm.vcpu_fd, KVM_RUN, 0) == 0) {
            again = 0;
            handle_exit(m);
            template_save_if_due(m);
        } else if (errno == EAGAIN && again++ < AGAIN_MAX) {
            poll(NULL, 0, AGAIN_MS);
        } else if (errno == EAGAIN) {
            member_die(&m->member, SIGKILL,
                       "KVM cannot start a thread: too many processes on this host?");
        } else if (errno == EINTR) {
            m->vm.run->immediate_exit = 0;
            gdb_poll(m);
            upcall_deliver(m);
        } else {
            member_die(&m->member, SIGBUS,
                       errno == EFAULT ? "memory is gone (image file changed?)" : strerror(errno));
        }
    }
}
