// SPDX-License-Identifier: BSD-2-Clause
// The monitor's life: enrol with the family, make the VM, run it.
// Neighbours: upcall.c (upcalls), call.c (paravirtual calls), vm.c, load.c.

#include "host/kvm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host/virtio/devices.h"
#include "host/gdb/gdb.h"
#include "host/kvm/platform.h"
#include "host/serve/serve.h"
#include "host/template/template.h"

#ifndef PR_SET_MEMORY_MERGE // linux/prctl.h of Linux 6.4
#define PR_SET_MEMORY_MERGE 67
#endif

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

// The run loop of this process. A clone made by one of its calls is in the same loop: it finds its
// own VM in *m when it gets back here.
static _Noreturn void run(struct monitor *m)
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

void monitor_begin(struct monitor *m)
{
    upcall_init(m);
    atomic_store(&m->member.family->shared->slots[m->member.slot].state, SLOT_RUNNING);
    gdb_begin(m);
}

void monitor_create_vm(struct monitor *m)
{
    const char *what;
    char why[128];
    int r = vm_create(&m->vm, &what);
    if (r < 0) {
        snprintf(why, sizeof why, "cannot %s: %s", what, strerror(-r));
        member_die(&m->member, SIGKILL, why);
    }
}

void monitor_share_text(struct monitor *m)
{
    struct family *f = m->member.family;
    struct textcache_plan plan;
    int64_t page;
    if (f->opt->gdb_port || f->opt->until || m->member.program == PV_PROGRAM_FILE)
        return; // breakpoints are written to the private copy; a template refers to no cache
    page = textcache_find(&kvm_of(f)->text, m->member.program);
    if (page >= 0) {
        textcache_plan(image_program(f->image, m->member.program), &plan);
        platform_map_text(&m->vm, &plan, (uint32_t)page);
    } else if (textcache_use(&kvm_of(f)->text, m->member.program)) {
        family_tell(f, KVM_MESSAGE_CACHE, m->member.program);
    }
}

void monitor_run_program(struct monitor *m, uint32_t program, const struct load_args *args)
{
    struct family *f = m->member.family;
    struct kvm_regs regs;
    char why[96];
    int r;

    member_enroll(&m->member);
    devices_reset(m);
    monitor_create_vm(m);
    if (!f->tsc_mult) {
        int khz = vm_tsc_khz(&m->vm);
        if (khz <= 0)
            member_die(&m->member, SIGKILL, "the host does not know its TSC rate");
        f->tsc_mult = (UINT64_C(1000000) << 32) / (uint64_t)khz;
    }
    const int saved = f->template && !f->booted;
    if (saved)
        program = f->template->program;
    r = saved ? template_load_ram(&m->vm, f, m->member.slot, &regs)
              : load_program(&m->vm, f, m->member.slot, program, args, &regs);
    if (r == 0 && saved)
        r = template_load_fpu(&m->vm, f->template);
    if (r < 0)
        member_die(&m->member, SIGKILL,
                   r == -ENOMEM ? "its program does not fit into its memory (--mem)"
                                : strerror(-r));
    monitor_set_program(m, program, args);
    monitor_share_text(m);
    // Later monitors are clones of the first one and inherit its confinement.
    if ((f->opt->until || f->ready) && !f->booted)
        kvm_of(f)->pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (f->opt->until && !f->booted && kvm_of(f)->pagemap_fd < 0)
        member_die(&m->member, SIGKILL, "/proc/self/pagemap is not to be had");
    const int template = f->opt->until || f->ready ? f->template_fd : -1;
    const int window = f->opt->until || f->ready ? f->window_fd : -1;
    const int keep[] = {kvm_of(f)->fd, f->image->fd,          f->gdb_fd, m->vm.vm_fd, m->vm.vcpu_fd,
                        template,      kvm_of(f)->pagemap_fd, window,    f->answers};
    if (!f->booted && (r = kvm_confine(f, keep, sizeof keep / sizeof keep[0])) < 0) {
        snprintf(why, sizeof why, "cannot be confined: %s", strerror(-r));
        member_die(&m->member, SIGKILL, why);
    }
    if (f->booted)
        vm_start_at(&m->vm, &regs, PLATFORM_TABLES_VA(m->vm.tables));
    else if ((r = vm_try_start(&m->vm, &regs, PLATFORM_TABLES_VA(m->vm.tables))) < 0)
        member_die(&m->member, SIGKILL, "this KVM does not take the registers of a Ramet VM");
    if (saved)
        template_load_segments(&m->vm, f->template);
    if (f->ready)
        ready_wait(m, &regs);
    if (saved && f->template->timer_deadline)
        event_set_timer(&m->member, f->template->timer_deadline);
    f->booted = 1;
    atomic_store(&f->shared->started, 1);
    monitor_begin(m);
}

void monitor_start(struct family *f, uint32_t slot, uint32_t program, const struct load_args *args)
{
    static struct monitor monitor; // static: clones go on with it, whatever became of this stack
    monitor = (struct monitor){
        .member = {.family = f, .slot = slot, .mem = &monitor.vm.mem},
        .vm = {.mem = {.ram = f->arena,
                       .ram_size = f->opt->mem,
                       .window = f->window,
                       .window_size = f->window_size,
                       .image = f->image_map,
                       .image_size = f->image->size},
               .kvm_fd = kvm_of(f)->fd,
               .vm_fd = -1,
               .vcpu_fd = -1,
               .text = kvm_of(f)->text.map,
               .size = f->arena_size,
               .ndevices = f->ndisks},
        .spare = {.pagemap = -1},
    };
    vm_memory_init(&monitor.vm);
    prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0); // equal pages merged by the host would mislead dirty.h
    if (textcache_protect(&kvm_of(f)->text) < 0)
        member_die(&monitor.member, SIGKILL, "cannot protect the text cache");
    monitor_run_program(&monitor, program, args);
    run(&monitor);
}
