// SPDX-License-Identifier: BSD-2-Clause
// The system-call filter of members: tables of what is allowed, and nothing else.
//
// A guest that breaks out of its VM finds itself in a process that can talk to stdio and its
// supervisor, and clone itself; it can open nothing, execute nothing and signal nobody. What it may
// do besides is its back end's table (kvm/confine.c, qemu/confine.c). The filter is built once per
// family: clones get it from fork(2) at no cost. Neighbours: docs/confinement.md (how to add a
// call), deaths.c (explains a SIGSYS).

#include "host/family/confine.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

// clang-format off
// Whatever the back end.
static const struct confine_rule rules[] = {
    ALLOW_IF(futex, INT(1, FUTEX_WAIT)),               // PV_CALL_WAIT on the doorbell
    ALLOW_IF(futex, INT(1, FUTEX_WAKE)),               // PV_CALL_KICK
    ALLOW(sched_yield),                                // PV_CALL_WAIT, its deadline passed
    ALLOW(ppoll),                                      // PV_CALL_WAIT with console descriptors
    ALLOW(poll),                                       // PV_CALL_CONSOLE: would a terminal block
    ALLOW_FD(preadv2, FD_STDIO),                       // PV_CALL_CONSOLE
    ALLOW_FD(pwritev2, FD_STDIO),                      // PV_CALL_CONSOLE
    ALLOW_FD(write, FD_STDERR),                        // diagnostics and --trace
    {SCMP_SYS(sendto), FD_CONTROL, {LONG(4, 0)}},      // to the supervisor; no address: no other
    ALLOW(setitimer),                                  // PV_CALL_SET_TIMER
    ALLOW_IF(clone, LONG(0, CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD),
             LONG(1, 0)),                              // FORK, SPAWN: a process, no thread
    ALLOW(close),                                      // a clone lets go of its parent's VM,
    ALLOW(getppid),                                    // sees that the supervisor lives,
    ALLOW_IF(prctl, INT(0, PR_SET_PDEATHSIG),
             LONG(1, SIGKILL)),                        // and dies with it
    ALLOW(getcpu),                                     // where it runs: its child shall not
    ALLOW(rt_sigaction),                               // a clone's handlers
    ALLOW(rt_sigprocmask),                             // waiting for a signal without a race
    ALLOW(rt_sigreturn),                               // the end of a handler
    ALLOW(restart_syscall),                            // a wait after SIGSTOP and SIGCONT
    ALLOW(getrandom),                                  // the seed of a clone or a new program
    ALLOW_IF(mmap, WITHOUT(2, PROT_EXEC)),             // a vCPU's page; RAM of EXEC; malloc
    ALLOW(munmap),                                     // likewise
    ALLOW(brk),                                        // malloc
    ALLOW(exit_group),                                 // the end
};

// clang-format on

// Two comparisons of a rule's own and one of the descriptor: seccomp(2) sees registers, so pointers
// and what they point to cannot be looked at.
static int add_for_fd(scmp_filter_ctx ctx, const struct confine_rule *rule, int fd)
{
    struct scmp_arg_cmp args[3];
    unsigned n = 0;
    for (unsigned i = 0; i < 2; i++)
        if (rule->match[i].mask)
            args[n++] = SCMP_CMP(rule->match[i].arg, SCMP_CMP_MASKED_EQ, rule->match[i].mask,
                                 rule->match[i].value);
    // The low 32 bits, which is all of a descriptor that the kernel looks at.
    if (fd >= 0)
        args[n++] = SCMP_CMP(0, SCMP_CMP_MASKED_EQ, 0xffffffffu, (unsigned)fd);
    return seccomp_rule_add_exact_array(ctx, SCMP_ACT_ALLOW, rule->call, n, args);
}

// A rule for one descriptor, which there may be none of.
static int add_for_one(scmp_filter_ctx ctx, const struct confine_rule *rule, int fd)
{
    return fd < 0 ? 0 : add_for_fd(ctx, rule, fd);
}

static int add(scmp_filter_ctx ctx, const struct family *f, const struct confine_rule *rule)
{
    int r = 0;
    switch (rule->fd) {
    case FD_STDIO:
        for (int fd = 0; fd <= 2 && r == 0; fd++)
            r = add_for_fd(ctx, rule, fd);
        return r;
    case FD_STDERR:
        return add_for_fd(ctx, rule, 2);
    case FD_CONTROL:
        return add_for_one(ctx, rule, f->control);
    case FD_DISK:
        for (uint32_t i = 0; i < f->ndisks && r == 0; i++)
            r = add_for_fd(ctx, rule, f->disks[i].fd);
        return r;
    case FD_TEMPLATE:
        return add_for_one(ctx, rule, f->template_fd);
    case FD_WINDOW:
        return add_for_one(ctx, rule, f->window_fd);
    case FD_ANSWERS:
        return add_for_one(ctx, rule, f->answers);
    case FD_GDB:
        return add_for_one(ctx, rule, f->gdb_fd);
    default:
        return add_for_fd(ctx, rule, -1);
    }
}

static int add_table(scmp_filter_ctx ctx, const struct family *f, const struct confine_rule *table,
                     size_t bytes)
{
    int r = 0;
    for (size_t i = 0; i < bytes / sizeof *table && r == 0; i++)
        r = add(ctx, f, &table[i]);
    return r;
}

static int load_filter(const struct family *f, const struct confine_table *tables)
{
    // KILL_PROCESS, not an error: a call that is not in the table is an attack or our bug, and
    // neither should go on.
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int r = ctx ? add_table(ctx, f, rules, sizeof rules) : -ENOMEM;
    for (; tables->rules && r == 0; tables++)
        if (tables->wanted)
            r = add_table(ctx, f, tables->rules, tables->size);
    // Every VM exit passes the filter once: its own call comes first.
    if (r == 0)
        r = seccomp_syscall_priority(ctx, SCMP_SYS(ioctl), 255);
    if (r == 0)
        r = seccomp_load(ctx);
    seccomp_release(ctx);
    return r;
}

// Closes all descriptors above stdio but those of `keep`, which it sorts.
static int close_others(int *keep, unsigned n)
{
    unsigned from = 3;
    for (unsigned i = 1; i < n; i++)
        for (unsigned j = i; j > 0 && keep[j - 1] > keep[j]; j--) {
            int swap = keep[j];
            keep[j] = keep[j - 1];
            keep[j - 1] = swap;
        }
    for (unsigned i = 0; i < n; i++) {
        if (keep[i] < (int)from)
            continue; // -1, or one of stdio
        if (keep[i] > (int)from && close_range(from, (unsigned)keep[i] - 1, 0) < 0)
            return -errno;
        from = (unsigned)keep[i] + 1;
    }
    return close_range(from, ~0u, 0) < 0 ? -errno : 0;
}

int confine(struct family *f, const struct confine_table *tables, const int *keep, unsigned n)
{
    int all[1 + CONFINE_KEEP_MAX] = {f->control};
    if (n > CONFINE_KEEP_MAX)
        return -EINVAL;
    memcpy(all + 1, keep, n * sizeof *keep);
    // First the descriptors, while close_range() may still be called.
    int r = close_others(all, 1 + n);
    return r < 0 ? r : load_filter(f, tables);
}
