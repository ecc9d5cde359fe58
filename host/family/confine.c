// SPDX-License-Identifier: BSD-2-Clause
// The system-call filter of monitors: a table of what is allowed, and nothing else.
//
// A guest that breaks out of its VM finds itself in a process that can run KVM on memory it
// already has, talk to stdio and its supervisor, and clone itself; it can open nothing, execute
// nothing and signal nobody. The filter is built once per family: clones get it from fork(2) at
// no cost. Neighbours: monitor.c (caller), docs/confinement.md (how to add a call), supervisor.c
// (explains a SIGSYS).

#include "host/family/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/kvm.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/kvm/spare/dirty.h"

// A rule may also demand a descriptor in its first argument, by what it is for.
#define KEEP_MAX 16u // descriptors of a caller

enum confine_fd {
    FD_ANY,
    FD_STDIO,
    FD_STDERR,
    FD_CONTROL,
    FD_ANSWERS,
    FD_GDB,
    FD_DISK,
    FD_TEMPLATE
};

// (argument & mask) == value; mask 0: no condition.
struct confine_match {
    unsigned arg;
    uint64_t mask, value;
};

struct confine_rule {
    int call;
    enum confine_fd fd;
    struct confine_match match[2];
};

// clang-format off
// The kernel looks at the low 32 bits of an int; a caller may leave anything above them.
#define INT(arg, value)      {arg, 0xffffffffu, value}
#define LONG(arg, value)     {arg, ~UINT64_C(0), value}
#define WITHOUT(arg, bits)   {arg, bits, 0}
#define ALLOW(name)          {.call = SCMP_SYS(name)}
#define ALLOW_FD(name, what) {.call = SCMP_SYS(name), .fd = what}
#define ALLOW_IF(name, ...)  {.call = SCMP_SYS(name), .match = {__VA_ARGS__}}
#define ALLOW_KVM(request)   ALLOW_IF(ioctl, LONG(1, request))

// Monitors and keepers alike.
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
    ALLOW(sched_setaffinity),                          // on another processor than its parent,
    ALLOW(getcpu),                                     // which must know its own,
    ALLOW(getppid),                                    // sees that the supervisor lives,
    ALLOW_IF(prctl, INT(0, PR_SET_PDEATHSIG),
             LONG(1, SIGKILL)),                        // and dies with it
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

// The KVM requests name no descriptor: a clone's new VM has a number nobody knows yet, and no other
// driver's descriptor is open.
static const struct confine_rule monitor_rules[] = {
    ALLOW_KVM(KVM_RUN),                                // the guest
    ALLOW_KVM(KVM_CREATE_VM),                          // a clone makes its own VM,
    ALLOW_KVM(KVM_CREATE_VCPU),                        // its vCPU,
    ALLOW_KVM(KVM_SET_USER_MEMORY_REGION),             // memory slots (also to flush the shadow),
    ALLOW_KVM(KVM_SET_CPUID2),                         // processor features
    ALLOW_KVM(KVM_SET_DEVICE_ATTR),                    // and TSC offset
    ALLOW_KVM(KVM_GET_SREGS),                          // CR2 of a page fault
    ALLOW_KVM(KVM_SET_XSAVE),                          // EXEC: a new program's x87 and SSE state
    ALLOW_IF(madvise, INT(2, MADV_DONTNEED)),          // PV_CALL_RELEASE
    ALLOW_IF(madvise, INT(2, MADV_DONTFORK)),          // SPAWN: a new program needs no copy of RAM,
    ALLOW_IF(madvise, INT(2, MADV_DOFORK)),            // a later clone does
    ALLOW_IF(madvise, INT(2, MADV_HUGEPAGE)),          // the heap of a new program
    ALLOW_IF(madvise, INT(2, MADV_POPULATE_WRITE)),    // pages made before the guest needs them
    ALLOW_FD(recvmsg, FD_ANSWERS),                     // a spare: the pagemap,
    ALLOW_IF(ioctl, LONG(1, DIRTY_SCAN)),              // which pages have changed since,
    ALLOW(pread64),                                    // who maps them,
    ALLOW(memfd_create),                               // what they are handed over in,
    ALLOW_IF(fallocate, INT(1, 0)),                    // so large,
    ALLOW_IF(fcntl, INT(1, F_ADD_SEALS)),              // and nobody else's to change,
    ALLOW(preadv),                                     // where they end up,
    ALLOW(mremap),                                     // a copy of what it will write,
    ALLOW_IF(getrusage, INT(0, RUSAGE_SELF)),          // if the last one wrote much
};

// With --disk only: requests of a disk's device (virtio/blk.c).
static const struct confine_rule disk_rules[] = {
    ALLOW_FD(preadv, FD_DISK),                         // a read
    ALLOW_FD(pwritev, FD_DISK),                        // a write,
    {SCMP_SYS(lseek), FD_DISK, {INT(2, SEEK_END)}},    // inside what the file still has
    ALLOW_FD(fdatasync, FD_DISK),                      // a flush
};

// A keeper has no KVM: it talks to QEMU and to the supervisor, and makes the descriptors that go to
// both. It still opens nothing.
static const struct confine_rule keeper_rules[] = {
    ALLOW_IF(sendto, LONG(4, 0)),                      // an interrupt to the shim; no address
    ALLOW(recvfrom),                                   // the shim's doorbell; QMP
    ALLOW(sendmsg),                                    // QMP, with descriptors; to the supervisor
    ALLOW(recvmsg),                                    // a QEMU from the supervisor
    ALLOW_IF(socketpair, INT(0, AF_UNIX)),             // the lease of one
    ALLOW(pipe2),                                      // a VM's state from QEMU to QEMU,
    ALLOW_IF(fcntl, INT(1, F_SETPIPE_SZ)),             // large enough for it,
    ALLOW_IF(fcntl, INT(1, F_SETFL)),                  // which waits; and a lease whose end
    ALLOW_IF(fcntl, INT(1, F_SETOWN)),                 // is told by a signal to this process
    ALLOW(write),                                      // the template's state
    ALLOW(lseek),                                      // what of RAM there is to copy,
    ALLOW(pwrite64),                                   // and its copy
    ALLOW(clock_gettime),                              // time-outs, where the vDSO has no clock
};

// `ramet template` only: the VM is saved (template/save.c).
static const struct confine_rule template_rules[] = {
    ALLOW_FD(pwrite64, FD_TEMPLATE),                   // into its file
    ALLOW(pread64),                                    // which pages it has
    ALLOW(lseek),                                      // and the window
    ALLOW_KVM(KVM_GET_FPU),                            // and the vCPU
};

// Of `ramet serve` only: a family that is taken by a client (ready.c).
static const struct confine_rule ready_rules[] = {
    ALLOW(lseek),                                      // what a rehearsal has left in the window
    ALLOW_IF(dup3, INT(1, 0)),                         // the client's descriptors
    ALLOW_IF(dup3, INT(1, 1)),
    ALLOW_IF(dup3, INT(1, 2)),
    ALLOW(clock_gettime),                              // the date, where the vDSO has no clock
};

// With --gdb only: a debugger is let in by the user, and may do to the guest what it likes.
static const struct confine_rule gdb_rules[] = {
    ALLOW_FD(accept4, FD_GDB),                         // a connection
    ALLOW(getpid),                                     // who it is that
    ALLOW_IF(fcntl, INT(1, F_SETOWN)),                 // is interrupted by its input,
    ALLOW_IF(fcntl, INT(1, F_SETFL), INT(2, O_RDWR | O_ASYNC)), // and that it is
    ALLOW(recvfrom),                                   // packets
    ALLOW_IF(sendto, LONG(4, 0)),                      // replies
    ALLOW_KVM(KVM_SET_SREGS),                          // registers
    ALLOW_KVM(KVM_GET_XSAVE),
};

// With --trace=exit only: KVM's own counters, read when the VM ends (trace.c).
static const struct confine_rule trace_rules[] = {
    ALLOW_KVM(KVM_GET_STATS_FD),
    ALLOW(pread64),
};
// clang-format on

static int add_for_fd(scmp_filter_ctx ctx, const struct confine_rule *rule, int fd)
{
    struct scmp_arg_cmp args[3];
    unsigned n = 0;
    for (unsigned i = 0; i < 2; i++)
        if (rule->match[i].mask)
            args[n++] = SCMP_CMP(rule->match[i].arg, SCMP_CMP_MASKED_EQ, rule->match[i].mask,
                                 rule->match[i].value);
    if (fd >= 0)
        args[n++] = SCMP_CMP(0, SCMP_CMP_MASKED_EQ, 0xffffffffu, (unsigned)fd);
    return seccomp_rule_add_exact_array(ctx, SCMP_ACT_ALLOW, rule->call, n, args);
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
        return add_for_fd(ctx, rule, f->control);
    case FD_DISK:
        for (uint32_t i = 0; i < f->ndisks && r == 0; i++)
            r = add_for_fd(ctx, rule, f->disks[i].fd);
        return r;
    case FD_TEMPLATE:
        return add_for_fd(ctx, rule, f->template_fd);
    case FD_ANSWERS:
        return add_for_fd(ctx, rule, f->answers);
    case FD_GDB:
        return add_for_fd(ctx, rule, f->gdb_fd);
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

static int load_filter(const struct family *f, enum confine_who who)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int r = ctx ? add_table(ctx, f, rules, sizeof rules) : -ENOMEM;
    if (r == 0 && who == CONFINE_MONITOR)
        r = add_table(ctx, f, monitor_rules, sizeof monitor_rules);
    if (r == 0 && who == CONFINE_MONITOR)
        r = add_table(ctx, f, disk_rules, sizeof disk_rules);
    if (r == 0 && who == CONFINE_KEEPER)
        r = add_table(ctx, f, keeper_rules, sizeof keeper_rules);
    if (r == 0 && f->opt->until)
        r = add_table(ctx, f, template_rules, sizeof template_rules);
    if (r == 0 && f->ready)
        r = add_table(ctx, f, ready_rules, sizeof ready_rules);
    if (r == 0 && f->gdb_fd >= 0)
        r = add_table(ctx, f, gdb_rules, sizeof gdb_rules);
    if (r == 0 && (f->opt->trace & TRACE_EXIT))
        r = add_table(ctx, f, trace_rules, sizeof trace_rules);
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

int confine(struct family *f, enum confine_who who, const int *keep, unsigned n)
{
    int all[1 + DISKS_MAX + KEEP_MAX] = {f->control};
    unsigned total = 1;
    if (n > KEEP_MAX)
        return -EINVAL;
    for (uint32_t i = 0; i < f->ndisks && who == CONFINE_MONITOR; i++)
        all[total++] = f->disks[i].fd;
    memcpy(all + total, keep, n * sizeof *keep);
    int r = close_others(all, total + n);
    return r < 0 ? r : load_filter(f, who);
}
