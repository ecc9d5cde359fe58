// SPDX-License-Identifier: BSD-2-Clause
// The debugger's process: traces all members of a family, and gives the one in --gdb's slot to gdb.
//
// All members are traced, since any may come to be in that slot: a clone stops before its first
// instruction, is looked at, and goes on, free of the breakpoints it has inherited. Signals, which
// are the stub's events and exceptions, are passed on without a word. Nothing blocks but turn(),
// which serves everybody: the other members run while gdb looks at one. Neighbours: target.c (its
// stops), tracee.c, start.c (the first member waits to be traced), host/gdb (the server).

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/process/debug.h"

#define AGAIN_MS 20  // a member in the stub that does not come out of it is looked at again
#define LAST_MS  300 // in which a member ends by itself when its family has ended
#define EARLY    1   // of `known`: stands before its first instruction; nobody has said whose it is
#define TRACED   2

static const long follow =
    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT;

static void tell_end(struct debugger *d, uint32_t status)
{
    const int told = d->end_told;
    d->end_told = 1; // telling may lead here again
    if (!told)
        gdb_tell_end(&d->gdb, status);
}

// --- members ---

static void take_target(struct debugger *d, pid_t pid)
{
    d->target = pid;
    d->beginning = 1;
    d->end_told = d->halted = d->interrupting = d->exception = 0;
    d->held = 0;
    d->gdb.nbreakpoints = 0;
    d->gdb.stepping = 0;
    d->gdb.signal = SIGTRAP;
    tracee_trap_enter(pid, 1);
    tracee_trap_return(pid, 1);
    d->leaving = 1;
}

// A clone stands in the system call that made it; its slot is in the sixth register.
static void adopt(struct debugger *d, pid_t pid, int of_target)
{
    struct user_regs_struct r = {0};
    d->known[pid] = TRACED;
    if (of_target) {
        for (unsigned i = 0; i < d->gdb.nbreakpoints; i++)
            tracee_memory(pid, d->gdb.breakpoints[i].addr, NULL, &d->gdb.breakpoints[i].byte, 1);
        tracee_trap_enter(pid, 0);
        tracee_trap_return(pid, 0);
    }
    if (!d->target && tracee_regs(pid, &r) == 0 && r.r9 == d->family->opt->gdb_slot)
        take_target(d, pid);
    ptrace(PTRACE_CONT, pid, NULL, NULL);
}

static void on_clone(struct debugger *d, pid_t parent)
{
    unsigned long child = 0;
    int status;
    if (ptrace(PTRACE_GETEVENTMSG, parent, NULL, &child) == 0 && child > 0 &&
        child < (unsigned long)process_of(d->family)->pid_max &&
        (d->known[child] == EARLY ||
         (waitpid((pid_t)child, &status, __WALL) == (pid_t)child && WIFSTOPPED(status))))
        adopt(d, (pid_t)child, parent == d->target);
    if (parent == d->target)
        target_go(d, 0);
    else
        ptrace(PTRACE_CONT, parent, NULL, NULL);
}

static void on_gone(struct debugger *d, pid_t pid, int status)
{
    d->known[pid] = 0;
    if (pid != d->target)
        return;
    tell_end(d, WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : SIGKILL);
    d->target = 0;
    d->halted = d->interrupting = 0;
}

static void on_event(struct debugger *d, pid_t pid, int event, int sig)
{
    switch (event) {
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        on_clone(d, pid);
        return;
    case PTRACE_EVENT_EXIT:
        if (pid == d->target)
            tell_end(d, tracee_end(pid));
        break;
    case PTRACE_EVENT_STOP:
        if (!d->known[pid]) {
            d->known[pid] = EARLY; // until its parent says so
            return;
        }
        if (sig != SIGTRAP) { // stopped from outside, and stays so
            ptrace(PTRACE_LISTEN, pid, NULL, NULL);
            return;
        }
        if (pid == d->target && !d->halted) {
            target_interrupted(d);
            return;
        }
    }
    ptrace(PTRACE_CONT, pid, NULL, NULL);
}

static void on_status(struct debugger *d, pid_t pid, int status)
{
    if (pid >= process_of(d->family)->pid_max)
        return;
    if (!WIFSTOPPED(status))
        on_gone(d, pid, status);
    else if (status >> 16)
        on_event(d, pid, status >> 16, WSTOPSIG(status));
    else if (pid == d->target)
        target_signalled(d, WSTOPSIG(status));
    else
        ptrace(PTRACE_CONT, pid, NULL, (long)WSTOPSIG(status));
}

// Everything that has happened; waits for something, at most `ms`, or for `fd` to become readable.
// 1 if it is, 0, or -1: the family has ended.
static int turn(struct debugger *d, int fd, int ms)
{
    struct pollfd fds[3] = {{.fd = d->signals, .events = POLLIN},
                            {.fd = d->leash, .events = POLLIN},
                            {.fd = fd, .events = POLLIN}};
    struct signalfd_siginfo info;
    int status;
    pid_t pid;
    if (poll(fds, 3, ms) < 0 && errno != EINTR)
        return -1;
    while (read(d->signals, &info, sizeof info) == sizeof info)
        ;
    while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0)
        on_status(d, pid, status);
    if (fds[1].revents || (pid < 0 && errno == ECHILD))
        d->leash = -1;
    return d->leash < 0 ? -1 : fd >= 0 && fds[2].revents;
}

// --- gdb ---

// The family has ended around a target that stands: it ends as well, and gdb is told while there is
// a connection.
static void kill_halted(struct debugger *d)
{
    if (d->target)
        kill(d->target, SIGKILL);
    tell_end(d, SIGKILL);
}

int debug_idle(void *debugger)
{
    struct debugger *d = debugger;
    const pid_t target = d->target;
    while (target && d->target == target && d->gdb.conn >= 0) {
        const int r = turn(d, d->gdb.conn, -1);
        if (r > 0)
            return 0;
        if (r < 0) {
            kill_halted(d);
            return -1;
        }
    }
    return -1;
}

static void wait_for_gdb(struct debugger *d)
{
    struct gdb *g = &d->gdb;
    int r = 0;
    while (d->target && g->conn < 0 && (r = turn(d, g->listener, -1)) >= 0)
        if (r > 0)
            gdb_accept(g);
}

// The target stands, and gdb has it until it lets it go on.
static void serve_target(struct debugger *d)
{
    struct gdb *g = &d->gdb;
    const int attaches = g->conn < 0;
    if (d->begins)
        family_say("VM %u waits for gdb: target remote :%d", d->family->opt->gdb_slot,
                   d->family->opt->gdb_port);
    if (attaches)
        wait_for_gdb(d); // which asks why it stopped
    else
        gdb_report_stop(g);
    if (g->conn >= 0)
        gdb_serve(g);
    if (d->leash < 0)
        kill_halted(d);
    if (!d->target)
        return;
    // A debugger that left without a word takes its own stops with it, not the program's.
    const int sig = g->pass || g->conn < 0 ? d->exception : 0;
    d->halted = d->exception = 0;
    target_go(d, sig);
}

// Input while the target runs: gdb wants it to stop, or somebody wants to attach.
static int input_of(const struct debugger *d)
{
    if (!d->target || d->beginning || d->interrupting)
        return -1;
    return d->gdb.conn >= 0 ? d->gdb.conn : d->gdb.listener;
}

static void debug_family(struct debugger *d)
{
    struct gdb *g = &d->gdb;
    while (d->leash >= 0) {
        const int buffered = g->conn >= 0 && g->in_pos < g->in_len && input_of(d) >= 0;
        int r = turn(d, input_of(d), buffered ? 0 : d->interrupting ? AGAIN_MS : -1);
        if (d->halted)
            serve_target(d);
        else if (d->target && r >= 0 && (r > 0 || buffered || d->interrupting)) {
            d->interrupting = 1;
            ptrace(PTRACE_INTERRUPT, d->target, NULL, NULL);
        }
    }
}

// The first program's member is about to end by itself, others are killed.
static void let_target_end(struct debugger *d)
{
    for (int i = 0; d->target && i < LAST_MS / 10; i++) {
        turn(d, -1, 10);
        if (d->halted)
            kill_halted(d);
    }
    kill_halted(d);
    for (int i = 0; d->target && i < LAST_MS / 10; i++)
        turn(d, -1, 10);
}

// --- the beginning and the end of it ---

static void wait_word(uint32_t *word, uint32_t until)
{
    uint32_t now;
    while ((now = __atomic_load_n(word, __ATOMIC_SEQ_CST)) != until)
        syscall(SYS_futex, word, FUTEX_WAIT, now, NULL, NULL, 0);
}

static void set_word(uint32_t *word, uint32_t to)
{
    __atomic_store_n(word, to, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static int trace_first(struct debugger *d, pid_t first)
{
    int status;
    if (ptrace(PTRACE_SEIZE, first, NULL, follow) < 0 ||
        ptrace(PTRACE_INTERRUPT, first, NULL, NULL) < 0 ||
        waitpid(first, &status, __WALL) != first || !WIFSTOPPED(status))
        return -1;
    d->known[first] = TRACED;
    if (d->family->opt->gdb_slot == 1)
        take_target(d, first);
    return ptrace(PTRACE_CONT, first, NULL, NULL) < 0 ? -1 : 0;
}

_Noreturn static void run_debugger(struct family *f, pid_t first, int leash)
{
    struct process_family *p = process_of(f);
    struct debugger d = {.family = f, .leash = leash};
    sigset_t child, all;
    d.gdb = (struct gdb){.target = &debug_target, .vm = &d, .listener = f->gdb_fd, .conn = -1};
    setsid();           // the terminal's signals are not for it
    close(p->leash[0]); // the watchdog's, which is to see it close
    close(p->leash[1]);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    d.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    d.known = mmap(NULL, (size_t)p->pid_max, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    wait_word(&p->hello->trace, 1);
    if (d.signals < 0 || d.known == MAP_FAILED || trace_first(&d, first) < 0) {
        family_say("cannot debug: %s", strerror(errno));
        kill(first, SIGKILL);
        _exit(1);
    }
    set_word(&p->hello->trace, 2);
    debug_family(&d);
    let_target_end(&d);
    _exit(0);
}

void debug_start(struct family *f, pid_t first)
{
    struct process_family *p = process_of(f);
    int fds[2];
    if (f->gdb_fd < 0)
        return;
    const pid_t pid = pipe2(fds, O_CLOEXEC) < 0 ? -1 : fork();
    if (pid == 0) {
        close(fds[1]);
        run_debugger(f, first, fds[0]);
    }
    if (pid < 0) {
        family_say("cannot debug: %s", strerror(errno));
        kill(first, SIGKILL);
        return;
    }
    close(fds[0]);
    p->debugger = pid;
    p->debugger_end = fds[1];
    set_word(&p->hello->debugger, (uint32_t)pid);
}

void debug_admit(const struct family *f)
{
    struct stub_hello *hello = process_of(f)->hello;
    if (f->gdb_fd < 0)
        return;
    while (!__atomic_load_n(&hello->debugger, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, &hello->debugger, FUTEX_WAIT, 0, NULL, NULL, 0);
    prctl(PR_SET_PTRACER, hello->debugger, 0, 0, 0); // no relative of ours; only Yama minds
    set_word(&hello->trace, 1);
    wait_word(&hello->trace, 2);
}

void debug_end(struct process_family *p)
{
    if (!p->debugger)
        return;
    close(p->debugger_end);
    for (int i = 0; i < 100; i++) {
        if (waitpid(p->debugger, NULL, WNOHANG) != 0)
            break;
        poll(NULL, 0, 10);
    }
    supervisor_signal(p->debugger, SIGKILL);
    p->debugger = 0;
}
