// SPDX-License-Identifier: BSD-2-Clause
// When a VM belongs to gdb: attaching, stopping, stepping, resuming. See gdb.h.
//
// While stopped the VM is always at a ring-3 instruction, its registers in kvm_run: an
// exception's stub is left at once, and what the guest would have got is kept until gdb says
// whether it shall.

#include "host/gdb/gdb.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/gdb/private.h"
#include "host/kvm/platform.h"

static void kill_monitor(void *monitor)
{
    member_die(&((struct monitor *)monitor)->member, SIGKILL, NULL);
}

static const struct gdb_target vm_target = {.regs_get = gdb_kvm_regs_get,
                                            .regs_set = gdb_kvm_regs_set,
                                            .memory = gdb_kvm_memory,
                                            .kill = kill_monitor};
static struct gdb state;
static struct monitor *volatile watched; // for the signal handler

// SIGIO: input from gdb, or a connection. The doorbell is changed so that a wait about to begin
// does not.
static void on_input(int sig)
{
    struct monitor *m = watched;
    (void)sig;
    if (!m || !m->vm.run)
        return;
    m->vm.run->immediate_exit = 1;
    __atomic_fetch_add(&family_door(m->member.family, m->member.slot)->bell, 1, __ATOMIC_SEQ_CST);
}

// The signal goes to this process, not to the one that opened the socket: a descriptor's owner
// survives fork(2).
static void watch(int fd)
{
    fcntl(fd, F_SETOWN, getpid());
    fcntl(fd, F_SETFL, O_RDWR | O_ASYNC);
}

static int readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

static int attach(struct gdb *g)
{
    int r = gdb_accept(g);
    if (r == 0)
        watch(g->conn);
    return r;
}

// Serves gdb until it resumes the VM or is gone.
static void serve_gdb(struct monitor *m, struct gdb *g)
{
    struct kvm_regs *r = vm_regs(&m->vm);
    // The flag is ours and never shown: gdb would write it back with the other registers.
    r->rflags &= ~X86_RFLAGS_TF;
    gdb_serve(g);
    if (g->stepping)
        r->rflags |= X86_RFLAGS_TF;
    vm_regs_changed(&m->vm);
}

// The VM stops at gdb's request or by its own doing; tells gdb, which is waiting for that.
static void tell_stop(struct monitor *m, struct gdb *g, int signal)
{
    g->signal = signal;
    gdb_report_stop(g);
    serve_gdb(m, g);
}

void gdb_begin(struct monitor *m)
{
    const struct options *opt = m->member.family->opt;
    struct sigaction act = {.sa_handler = on_input};
    struct gdb *g = &state;
    if (m->member.family->gdb_fd < 0 || m->member.slot != opt->gdb_slot)
        return;
    *g = (struct gdb){.target = &vm_target,
                      .vm = m,
                      .listener = m->member.family->gdb_fd,
                      .conn = -1,
                      .signal = SIGTRAP};
    m->gdb = g;
    watched = m;
    sigaction(SIGIO, &act, NULL);
    watch(g->listener);
    family_say("VM %u waits for gdb: target remote :%d", m->member.slot, opt->gdb_port);
    int r;
    // Blocks until somebody connects. Other members run on meanwhile.
    while ((r = attach(g)) == -EINTR)
        ;
    if (r < 0)
        member_die(&m->member, SIGKILL, "cannot accept gdb's connection");
    serve_gdb(m, g); // gdb asks why it stopped
}

void gdb_forget(struct monitor *m, struct kvm_regs *regs)
{
    struct gdb *g = m->gdb;
    if (!g)
        return;
    watched = NULL;
    if (!regs)
        g->nbreakpoints = 0; // they were in RAM that this process has not got
    gdb_detach(g);
    m->gdb = NULL;
    if (regs)
        regs->rflags &= ~X86_RFLAGS_TF;
}

void gdb_exec(struct monitor *m)
{
    struct gdb *g = m->gdb;
    if (!g || g->conn < 0)
        return;
    g->nbreakpoints = 0;
    g->stepping = g->breakpoint = 0;
    tell_stop(m, g, SIGTRAP);
}

int gdb_stepping(const struct monitor *m)
{
    return m->gdb && m->gdb->stepping;
}

static int gdb_signal(uint64_t vector)
{
    // Of gdb's numbers (include/gdb/signals.def) SIGBUS differs from Linux's; none of these does.
    return (int)upcall_exception_signal(vector);
}

// From the stub's port write to the instruction that raised the exception.
static void leave_stub(struct monitor *m, const struct platform_exception *e)
{
    struct kvm_regs *r = vm_regs(&m->vm);
    // KVM completes the port write the next time it is called; only then are the registers ours.
    m->vm.run->immediate_exit = 1;
    if (ioctl(m->vm.vcpu_fd, KVM_RUN, 0) == 0 || errno != EINTR)
        member_die(&m->member, SIGKILL, "cannot stop for gdb");
    m->vm.run->immediate_exit = 0;
    if (vm_ring3(&m->vm) < 0)
        member_die(&m->member, SIGKILL, "cannot stop for gdb");
    r->rip = e->rip;
    r->rsp = e->rsp;
    r->rflags = e->rflags;
    vm_regs_changed(&m->vm);
}

int gdb_exception(struct monitor *m, const struct platform_exception *e)
{
    struct gdb *g = m->gdb;
    if (!g)
        return 0;
    if (g->conn < 0) {
        // Once its upcall is set up the VM can be stopped.
        m->vm.run->immediate_exit |= (uint8_t)g->waiting;
        g->waiting = 0;
        return 0;
    }
    // Read before the stub is left, which means to enter KVM once more.
    uint64_t address = upcall_fault_address(m, e->vector);
    leave_stub(m, e);
    struct kvm_regs *r = vm_regs(&m->vm);
    g->breakpoint = e->vector == X86_EXC_BP && gdb_breakpoint_at(g, r->rip - 1);
    // INT3 is a trap: RIP is behind it. gdb wants the address of the breakpoint.
    if (g->breakpoint)
        r->rip--;
    int ours = g->breakpoint || (e->vector == X86_EXC_DB && g->stepping);
    g->stepping = 0;
    tell_stop(m, g, gdb_signal(e->vector));
    // A debugger that left without a word takes its own exceptions with it, not the program's.
    if (!ours && (g->pass || g->conn < 0))
        upcall_raise(m, e, address);
    else if (!g->stepping)
        upcall_deliver(m); // what arrived meanwhile
    return 1;
}

// In the call page, its work done, a VM is one `ret` away from code that gdb has symbols for.
static void finish_call(struct monitor *m)
{
    struct kvm_regs *r = vm_regs(&m->vm);
    uint64_t to;
    if (r->rip != PLATFORM_CALL_RETURN ||
        guest_read(&m->vm.mem, (struct gaddr){r->rsp}, &to, sizeof to) < 0)
        return;
    r->rip = to;
    r->rsp += sizeof to;
    vm_regs_changed(&m->vm);
}

void gdb_poll(struct monitor *m)
{
    struct gdb *g = m->gdb;
    if (!g || !(g->conn < 0 ? readable(g->listener) : g->in_pos < g->in_len || readable(g->conn)))
        return;
    if (platform_in_stub(vm_regs(&m->vm)->rip)) {
        if (vm_regs(&m->vm)->rip < PLATFORM_STUB_TOLD) {
            g->waiting = g->conn < 0; // with a connection, the exception itself stops the VM
            return;
        }
        leave_stub(m, platform_exception(&m->vm));
    }
    finish_call(m);
    g->breakpoint = g->stepping = 0;
    if (g->conn >= 0) {
        tell_stop(m, g, SIGINT);
    } else if (attach(g) == 0) {
        g->signal = SIGTRAP;
        serve_gdb(m, g);
    }
}

void gdb_exited(struct monitor *m, uint32_t status)
{
    if (m->gdb)
        gdb_tell_end(m->gdb, status);
}
