// SPDX-License-Identifier: BSD-2-Clause
// The supervisor's loop: deaths, messages from monitors, the terminal, signals from outside.
//
// Every monitor is a direct child (CLONE_PARENT), so waitpid() tells of each death. The family ends
// with its first program, like a PID namespace: whatever is left is killed then.

#include "host/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/hugemem.h"
#include "host/load.h"
#include "host/monitor.h"

// The window's tables, from its start: doors, processes, descriptions, the first inodes.
#define WINDOW_HOT (UINT64_C(4) << 20)

struct supervisor {
    struct family *f;
    int signals;          // signalfd
    int messages;         // our end of the monitors' socket
    int terminal;         // not 0: stdin is a terminal to be read
    int outside;          // signal that asks the family to end, or 0
    uint32_t first_death; // wait status of a first program that died without EXIT, | WINDOW_DEAD
    int warm;             // the window's hot part is on huge pages
    uint32_t kills;       // forced kills that are due later
};

static struct family_slot *slot_of(struct supervisor *s, uint32_t slot)
{
    return &s->f->shared->slots[slot];
}

// Posts events to a VM and makes sure it notices: asleep, running or in between.
static void post(struct supervisor *s, uint32_t slot, uint32_t events)
{
    struct family_slot *to = slot_of(s, slot);
    atomic_fetch_or(&to->events, events);
    family_ring(s->f, slot);
    int32_t pid = atomic_load(&to->pid);
    if (pid > 0)
        kill(pid, SIGUSR1);
}

static void bury(struct supervisor *s, uint32_t slot, uint32_t status)
{
    family_release(s->f, slot);
    if (slot == 1) {
        s->first_death = WINDOW_DEAD | status;
        return;
    }
    family_door(s->f, slot)->death = WINDOW_DEAD | status;
    __atomic_fetch_add(&family_window(s->f)->deaths, 1, __ATOMIC_SEQ_CST);
    post(s, 1, PV_EVENT_DEATH);
    // It may have died between taking a wait queue and waking those on it (kernel/waitq.c): all
    // look again.
    for (uint32_t i = 2; i <= s->f->opt->max_procs; i++)
        if (atomic_load(&slot_of(s, i)->pid) > 0)
            family_ring(s->f, i);
}

static void reap(struct supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (uint32_t i = 1; i <= s->f->opt->max_procs; i++) {
            struct family_slot *slot = slot_of(s, i);
            if (atomic_load(&slot->pid) != pid)
                continue;
            // Still registered: it did not end by PV_CALL_EXIT.
            uint32_t death = atomic_load(&slot->death);
            if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
                family_say("VM %u ends: its monitor made a system call it is not allowed", i);
            bury(s, i, WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : death ? death : SIGKILL);
            family_trace(s->f, TRACE_PROC, "%u died", i);
            break;
        }
    }
}

// A slot may be given to the next process at any moment: what is remembered is the monitor's pid.
static void begin_kill(struct supervisor *s, uint32_t slot, int32_t pid)
{
    struct family_slot *to = slot_of(s, slot);
    if (pid <= 0 || atomic_load(&to->pid) != pid || atomic_load(&to->kill) == pid)
        return;
    atomic_store(&to->deadline_ns, family_now(s->f) + PV_KILL_GRACE_NS);
    atomic_store(&to->kill, pid);
    s->kills++;
    post(s, slot, PV_EVENT_KILL);
}

static void finish_kills(struct supervisor *s)
{
    uint64_t now = family_now(s->f);
    s->kills = 0;
    for (uint32_t i = 1; i <= s->f->opt->max_procs; i++) {
        struct family_slot *slot = slot_of(s, i);
        int32_t pid = atomic_load(&slot->pid);
        if (pid <= 0 || atomic_load(&slot->kill) != pid)
            continue;
        if (now >= atomic_load(&slot->deadline_ns))
            kill(pid, SIGKILL);
        else
            s->kills++;
    }
}

// The family starts things more than once: what all VMs touch goes onto huge pages, one fault each
// instead of many. Not at the family's start, where it would cost more than it saves a family of
// one.
static void warm_up(struct supervisor *s, uint32_t index, const struct elf_program *program)
{
    textcache_load(&s->f->text, index, program, s->f->image->fd);
    if (!s->warm)
        hugemem_collapse(s->f->window, WINDOW_HOT);
    s->warm = 1;
}

static void take_messages(struct supervisor *s)
{
    struct family_msg msg;
    ssize_t n;
    while ((n = recv(s->messages, &msg, sizeof msg, MSG_DONTWAIT)) > 0) {
        if (n != sizeof msg)
            continue;
        const struct elf_program *program = image_program(s->f->image, msg.slot);
        if (msg.op == FAMILY_CACHE && program)
            warm_up(s, msg.slot, program);
        if (!family_slot_valid(s->f, msg.slot))
            continue;
        if (msg.op == FAMILY_INTERRUPT)
            post(s, msg.slot, PV_EVENT_KICK);
        else if (msg.op == FAMILY_KILL)
            begin_kill(s, msg.slot, msg.pid);
    }
}

static void take_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signals, &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            reap(s);
            break;
        case SIGWINCH:
            terminal_resize(s->f);
            post(s, 1, PV_EVENT_TTY);
            break;
        default:
            s->outside = (int)info.ssi_signo;
        }
    }
}

static void step(struct supervisor *s)
{
    struct pollfd fds[3] = {
        {.fd = s->signals, .events = POLLIN},
        {.fd = s->messages, .events = POLLIN},
        {.fd = s->terminal && terminal_room(s->f) ? 0 : -1, .events = POLLIN},
    };
    // A full terminal ring and a pending forced kill are looked at again soon.
    int timeout = s->kills || (s->terminal && fds[2].fd < 0) ? 20 : -1;
    if (poll(fds, 3, timeout) < 0 && errno != EINTR)
        return;
    if (fds[2].revents && terminal_input(s->f)) {
        post(s, 1, PV_EVENT_TTY);
        if (!(fds[2].revents & POLLIN))
            s->terminal = 0;
    }
    if (fds[1].revents)
        take_messages(s);
    take_signals(s);
    if (s->kills)
        finish_kills(s);
}

// Kills and reaps what is left. A monitor enrols its pid before it looks at `closing`, so none
// escapes.
static void close_family(struct supervisor *s)
{
    atomic_store(&s->f->shared->closing, 1);
    for (;;) {
        for (uint32_t i = 1; i <= s->f->opt->max_procs; i++) {
            int32_t pid = atomic_load(&slot_of(s, i)->pid);
            if (pid > 0)
                kill(pid, SIGKILL);
        }
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            for (uint32_t i = 1; i <= s->f->opt->max_procs; i++)
                if (atomic_load(&slot_of(s, i)->pid) == pid)
                    family_release(s->f, i);
        if (pid < 0)
            return; // ECHILD: all are gone
        poll(NULL, 0, 1);
    }
}

static int shell_status(uint32_t status)
{
    return (status & 0x7f) ? 128 + (int)(status & 0x7f) : (int)(status >> 8 & 0xff);
}

static int init(struct supervisor *s, char *err, size_t errlen)
{
    int pair[2];
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signals < 0 || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0) {
        snprintf(err, errlen, "cannot set up: %s", strerror(errno));
        return -1;
    }
    s->messages = pair[0];
    s->f->control = pair[1];
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    // A monitor may be posted to (input typed ahead) before it has its handler: event_init()
    // unblocks.
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return 0;
}

static void start_first(struct supervisor *s, uint32_t program, const struct load_args *args)
{
    family_claim(s->f, 1);
    pid_t pid = fork();
    if (pid == 0) {
        close(s->signals);
        close(s->messages);
        setsid(); // the terminal's signals are the guests' business, through its input
        monitor_start(s->f, 1, program, args);
    }
    if (pid < 0)
        s->first_death = WINDOW_DEAD | SIGKILL;
    else
        atomic_store(&slot_of(s, 1)->pid, pid);
}

int supervisor_run(struct family *f, uint32_t program, char *const argv[])
{
    struct supervisor s = {.f = f};
    struct load_args args;
    char err[160];

    if (load_args_pack(&args, argv, f->opt->env) < 0) {
        fprintf(stderr, "ramet: the arguments and environment are too long\n");
        return 2;
    }
    if (init(&s, err, sizeof err) < 0) {
        fprintf(stderr, "ramet: %s\n", err);
        return 2;
    }
    s.terminal = terminal_init(f) == 0;
    start_first(&s, program, &args);
    while (!atomic_load(&f->shared->first_done) && !s.first_death && !s.outside)
        step(&s);
    close_family(&s);
    terminal_restore();
    if (s.outside && !atomic_load(&f->shared->first_done))
        return 128 + s.outside;
    return shell_status(s.first_death ? s.first_death & 0xffff
                                      : atomic_load(&f->shared->first_status));
}
