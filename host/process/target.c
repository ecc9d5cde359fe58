// SPDX-License-Identifier: BSD-2-Clause
// What it means that the target, which is the member gdb has or may have, has stopped: a
// breakpoint, a step, an exception, an event on its way.
//
// Exceptions in the program are gdb's first. It is never shown inside the stub: what stops there
// runs on until the call returns, as on other VMs. Neighbours: debug.c (whose stop it is, and what
// gdb says then), tracee.c.

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "host/process/debug.h"
#include "host/process/stub_blob.h"

// --- going on ---

static int steps(const struct debugger *d)
{
    return d->gdb.stepping && !d->leaving;
}

// The target goes on, with a signal or 0. What came during a step comes now.
void target_go(struct debugger *d, int sig)
{
    if (!steps(d))
        for (int i = 1; d->held; i++)
            if (d->held >> i & 1) {
                d->held &= ~(UINT64_C(1) << i);
                kill(d->target, i);
            }
    ptrace(steps(d) ? PTRACE_SINGLESTEP : PTRACE_CONT, d->target, NULL, (long)sig);
}

// It stands at an instruction of the program: serve() is next.
static void halt(struct debugger *d, int signal, int breakpoint, int exception)
{
    d->gdb.signal = signal;
    d->gdb.breakpoint = breakpoint;
    d->exception = exception;
    d->gdb.stepping = 0;
    d->halted = 1;
    d->begins = d->beginning;
    d->interrupting = d->beginning = 0;
}

// In the stub: it goes on until the call returns. One that sleeps there is woken.
static void run_out_of_stub(struct debugger *d)
{
    d->leaving = 1;
    tracee_trap_return(d->target, 1);
    if (d->interrupting)
        kill(d->target, STUB_SIG_WAKE);
    target_go(d, 0);
}

static void left_stub(struct debugger *d)
{
    d->leaving = 0;
    tracee_trap_return(d->target, 0);
}

// --- the target's stops ---

// At stub_enter, a few instructions before the program's first. Signals that come now are blocked
// or wait.
static void enter_program(struct debugger *d)
{
    struct user_regs_struct r;
    int status = 0;
    left_stub(d);
    do {
        if (ptrace(PTRACE_SINGLESTEP, d->target, NULL, NULL) < 0 ||
            waitpid(d->target, &status, __WALL) < 0 || !WIFSTOPPED(status) || status >> 16 ||
            tracee_regs(d->target, &r) < 0)
            return; // killed: the next event says so
        if (WSTOPSIG(status) != SIGTRAP)
            d->held |= UINT64_C(1) << WSTOPSIG(status);
    } while (tracee_in_stub(r.rip));
    d->gdb.nbreakpoints = 0; // they were in memory that is gone
    if (d->beginning || d->gdb.conn >= 0)
        halt(d, SIGTRAP, 0, 0);
    else
        target_go(d, 0);
}

// At stub_return, where RET has not been executed yet.
static void return_from_stub(struct debugger *d, struct user_regs_struct *r)
{
    uint64_t to = 0;
    left_stub(d);
    tracee_memory(d->target, r->rsp, (uint8_t *)&to, NULL, sizeof to);
    r->rip = to;
    r->rsp += sizeof to;
    tracee_set_regs(d->target, r);
    if (d->interrupting)
        halt(d, d->gdb.conn >= 0 ? SIGINT : SIGTRAP, 0, 0);
    else if (d->beginning || d->gdb.stepping)
        halt(d, SIGTRAP, 0, 0);
    else
        target_go(d, 0);
}

// 1 if it was an INT3 of ours, or of gdb's.
static int at_our_trap(struct debugger *d, struct user_regs_struct *r)
{
    const uint64_t at = r->rip - 1;
    if (at == stub_address(STUB_ENTER)) {
        enter_program(d);
    } else if (at == stub_address(STUB_RETURN)) {
        return_from_stub(d, r);
    } else if (gdb_breakpoint_at(&d->gdb, at)) {
        // INT3 is a trap: RIP is behind it. gdb wants the address of the breakpoint.
        r->rip = at;
        tracee_set_regs(d->target, r);
        halt(d, SIGTRAP, 1, 0);
    } else {
        return 0;
    }
    return 1;
}

static void on_trap(struct debugger *d, struct user_regs_struct *r)
{
    siginfo_t info = {0};
    ptrace(PTRACE_GETSIGINFO, d->target, NULL, &info);
    if (info.si_code == SI_KERNEL && at_our_trap(d, r))
        return;
    if (info.si_code != SI_KERNEL && steps(d)) {
        if (tracee_in_stub(r->rip))
            run_out_of_stub(d);
        else
            halt(d, SIGTRAP, 0, 0);
        return;
    }
    if (d->gdb.conn >= 0 && !tracee_in_stub(r->rip))
        halt(d, SIGTRAP, 0, SIGTRAP);
    else
        target_go(d, SIGTRAP);
}

static int is_exception(int sig)
{
    return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE;
}

// An access to a register of a device: the stub's business, which carries it out.
static int is_device_access(const struct debugger *d, int sig)
{
    siginfo_t info = {0};
    if (sig != SIGSEGV || ptrace(PTRACE_GETSIGINFO, d->target, NULL, &info) < 0)
        return 0;
    const uint64_t at = (uintptr_t)info.si_addr;
    return at >= PV_DEVICES_VA && at < PV_PLATFORM_END;
}

static int gdb_number_of(int sig)
{
    return sig == SIGBUS ? 10 : sig; // gdb's (include/gdb/signals.def); the others are Linux's
}

void target_signalled(struct debugger *d, int sig)
{
    struct user_regs_struct r;
    if (tracee_regs(d->target, &r) < 0)
        return;
    if (sig == SIGTRAP)
        on_trap(d, &r);
    else if (is_exception(sig) && d->gdb.conn >= 0 && !tracee_in_stub(r.rip) &&
             !is_device_access(d, sig))
        halt(d, gdb_number_of(sig), 0, sig);
    else if (!is_exception(sig) && steps(d)) {
        d->held |= UINT64_C(1) << sig; // its handler would divert the step
        target_go(d, 0);
    } else {
        target_go(d, sig);
    }
}

// As gdb has asked for, or for a look at who does not come out of the stub.
void target_interrupted(struct debugger *d)
{
    struct user_regs_struct r;
    if (!d->interrupting || tracee_regs(d->target, &r) < 0) {
        target_go(d, 0);
    } else if (tracee_in_stub(r.rip)) {
        run_out_of_stub(d);
    } else {
        left_stub(d);
        halt(d, d->gdb.conn >= 0 ? SIGINT : SIGTRAP, 0, 0);
    }
}
