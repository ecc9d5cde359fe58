// SPDX-License-Identifier: BSD-2-Clause
// The supervisor's loop: deaths, messages from monitors, the terminal, signals from outside.
//
// Every monitor is a direct child (CLONE_PARENT), so waitpid() tells of each death. The family ends
// with its first program, like a PID namespace: whatever is left is killed then.

#include "host/family/supervisor_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/backend.h"
#include "host/clock.h"
#include "host/family/fdpass.h"
#include "host/serve/serve.h"

// Messages taken before deaths, signals and the terminal get their turn: a monitor that sends
// without end must not keep the supervisor from them.
#define MESSAGES_AT_ONCE 64

// Bits, bell, signal, in this order: wherever the member is between two looks, one of the three
// finds it (event.c).
void supervisor_post(struct supervisor *s, uint32_t slot, uint32_t events)
{
    struct family_slot *to = slot_of(s, slot);
    if (s->f->backend->post) {
        s->f->backend->post(s, slot, events);
        return;
    }
    // That it is to be killed is a word of its own: it is meant for a process, not for a slot.
    atomic_fetch_or(&to->events, events & ~(PV_EVENT_KILL | SUPERVISOR_END));
    family_ring(s->f, slot);
    supervisor_signal(family_pid(s->f, slot), SIGUSR1);
}

// Not family_now(): the rate of the TSC is found out by the first monitor, after we have parted.
static uint64_t monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

// A slot may be given to the next process at any moment: what is remembered is its serial.
void supervisor_kill(struct supervisor *s, uint32_t slot, uint32_t serial)
{
    struct family_slot *to = slot_of(s, slot);
    if (family_pid(s->f, slot) <= 0 || atomic_load(&to->serial) != serial ||
        atomic_load(&to->kill) == serial)
        return;
    s->deadlines[slot] = monotonic_ns() + PV_KILL_GRACE_NS;
    atomic_store(&to->kill, serial);
    s->kills++;
    supervisor_post(s, slot, PV_EVENT_KILL); // event_collect() compares `kill` with its own serial
}

// Three stages: the guest is asked, the monitor ends it outside a critical section, the monitor
// itself is killed. Each has its time, as a guest may be hostile and a monitor may be stuck.
static void finish_kills(struct supervisor *s)
{
    uint64_t now = monotonic_ns();
    s->kills = 0;
    for (uint32_t i = 1; i <= s->f->opt->max_procs; i++) {
        struct family_slot *slot = slot_of(s, i);
        const pid_t pid = family_pid(s->f, i);
        const uint32_t serial = atomic_load(&slot->serial);
        if (pid <= 0 || atomic_load(&slot->kill) != serial)
            continue;
        s->kills++;
        if (now < s->deadlines[i])
            continue;
        // Only its monitor sees whether the guest is in a critical section, and looks each time;
        // one that never leaves it, or whose monitor does not answer, has had its time.
        atomic_store(&slot->end, serial);
        supervisor_post(s, i, SUPERVISOR_END);
        if (now >= s->deadlines[i] + PV_KILL_CRITICAL_NS)
            supervisor_signal(pid, SIGKILL);
    }
}

// What any member may ask for. The fields are as the sender likes.
static void take_message(struct supervisor *s, const struct family_msg *msg)
{
    if (supervisor_answer(s, msg) || !family_slot_valid(s->f, msg->slot))
        return;
    if (msg->op == FAMILY_READY)
        ready_monitor(s);
    else if (msg->op == FAMILY_INTERRUPT)
        supervisor_post(s, msg->slot, PV_EVENT_KICK);
    else if (msg->op == FAMILY_KILL)
        supervisor_kill(s, msg->slot, msg->value);
}

// A monitor that a guest has got out of can send anything: what is not exactly a message is
// dropped.
static void take_messages(struct supervisor *s)
{
    const struct backend *backend = s->f->backend;
    struct family_msg msg;
    int fds[FDPASS_MAX];
    unsigned nfds;
    for (unsigned i = 0; i < MESSAGES_AT_ONCE; i++) {
        ssize_t n = fdpass_receive(s->messages, &msg, sizeof msg, fds, &nfds, MSG_DONTWAIT);
        if (n < 0)
            return;
        if (n == sizeof msg && msg.op >= FAMILY_BACKEND && backend->message) {
            backend->message(s, &msg, fds, nfds);
            continue;
        }
        // Descriptors that nobody asked for: a monitor could otherwise fill our table.
        while (nfds)
            close(fds[--nfds]);
        if (n == sizeof msg)
            take_message(s, &msg);
    }
}

// A signal from outside the family is the first program's business, like one from a terminal. It
// gets --stop-timeout to act on it.
void supervisor_outside(struct supervisor *s, int sig)
{
    const uint64_t grace_ns = s->f->opt->stop_timeout * UINT64_C(1000000000);
    // SIGXCPU is of our own limit: there is no time left.
    if (grace_ns == 0 || sig == SIGXCPU || !atomic_load(&s->f->shared->started)) {
        s->outside = sig;
        return;
    }
    __atomic_fetch_or(&family_window(s->f)->signals, UINT64_C(1) << sig, __ATOMIC_SEQ_CST);
    supervisor_post(s, 1, PV_EVENT_KICK);
    if ((sig == SIGTERM || sig == SIGINT) && !s->stop_ns)
        s->stop_ns = monotonic_ns() + grace_ns;
}

// How many ms the family has left, or -1: for ever.
static int time_to_stop(struct supervisor *s)
{
    const uint64_t now = monotonic_ns();
    if (!s->stop_ns)
        return -1;
    if (now >= s->stop_ns)
        s->outside = SIGKILL;
    return now >= s->stop_ns ? 0 : (int)((s->stop_ns - now) / 1000000) + 1;
}

static void take_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    // SIGCHLD comes once for any number of deaths: supervisor_reap() takes all there are.
    while (read(s->signals, &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            supervisor_reap(s);
            break;
        case SIGWINCH:
            terminal_resize(s->f);
            supervisor_post(s, 1, PV_EVENT_TTY);
            break;
        case SIGCONT:
            terminal_again();
            break;
        default:
            supervisor_outside(s, (int)info.ssi_signo);
        }
    }
}

// Before a client has taken the family.
static void wait_for_client(struct supervisor *s)
{
    ready_step(s);
    if (s->f->backend->step)
        s->f->backend->step(s);
    take_messages(s);
    take_signals(s);
}

// The sooner of two times in ms; -1 is never.
static int sooner(int a, int b)
{
    return a >= 0 && (b < 0 || a < b) ? a : b;
}

// How long the loop may sleep: whoever has something to do in between is asked.
static int next_wait(struct supervisor *s, int terminal_full)
{
    const struct backend *backend = s->f->backend;
    int ms = backend->step ? backend->step(s) : -1;
    // A full terminal ring and a pending forced kill, which step() may have begun, are looked at
    // again soon.
    if (s->kills || terminal_full)
        ms = sooner(ms, 20);
    return sooner(sooner(ms, ready_timeout(s)), time_to_stop(s));
}

// One round, each source once, so that none keeps the others waiting for long.
static void supervise_once(struct supervisor *s)
{
    const struct backend *backend = s->f->backend;
    struct pollfd fds[5] = {
        {.fd = s->signals, .events = POLLIN},
        {.fd = s->messages, .events = POLLIN},
        {.fd = s->terminal && terminal_room(s->f) ? 0 : -1, .events = POLLIN},
        {.fd = backend->poll_fd ? backend->poll_fd(s->f) : -1, .events = POLLIN},
        {.fd = ready_connection(s->f), .events = POLLIN},
    };
    if (poll(fds, 5, next_wait(s, s->terminal && fds[2].fd < 0)) < 0 && errno != EINTR)
        return;
    int input = fds[2].revents ? terminal_input(s->f, fds[2].revents & (POLLHUP | POLLERR)) : 0;
    if (input)
        supervisor_post(s, 1, PV_EVENT_TTY);
    if (input < 0)
        s->terminal = 0;
    if (fds[4].revents)
        ready_client(s);
    if (fds[1].revents)
        take_messages(s);
    take_signals(s);
    if (s->kills)
        finish_kills(s);
}

// Kills and reaps what is left. Not by the pids in the family page, which a monitor could have
// removed its own from: monitors cannot leave their process group, and it has this number as long
// as one of them is not reaped. Only the first can be caught before it has made the group.
static void close_family(struct supervisor *s)
{
    atomic_store(&s->f->shared->closing, 1);
    if (s->f->backend->close)
        s->f->backend->close(s->f);
    for (;;) {
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        if (pid < 0)
            return; // ECHILD: all are gone
        // Again and again: a process in the middle of fork(2) may have escaped the round before.
        kill(-s->group, SIGKILL);
        supervisor_signal(s->group, SIGKILL);
        poll(NULL, 0, 1);
    }
}

// As a shell reports it: 128 + the signal, or what the program returned.
static int shell_status(uint32_t status)
{
    return (status & 0x7f) ? 128 + (int)(status & 0x7f) : (int)(status >> 8 & 0xff);
}

// What is not among them would leave the terminal raw.
static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU};
#define ENDS (sizeof ends / sizeof ends[0])

// nohup, a background job: those are ignored.
void supervisor_end_signals(sigset_t *set)
{
    struct sigaction act;
    sigemptyset(set);
    for (unsigned i = 0; i < ENDS; i++)
        if (sigaction(ends[i], NULL, &act) == 0 && act.sa_handler != SIG_IGN)
            sigaddset(set, ends[i]);
}

int supervisor_is_end(int sig)
{
    for (unsigned i = 0; i < ENDS; i++)
        if (ends[i] == sig)
            return 1;
    return 0;
}

static void set_signals(sigset_t *set)
{
    supervisor_end_signals(set);
    sigaddset(set, SIGCHLD);
    sigaddset(set, SIGWINCH);
    sigaddset(set, SIGCONT);
    signal(SIGCHLD, SIG_DFL); // inherited as ignored, children would vanish without a word
    signal(SIGPIPE, SIG_IGN); // nobody reads what we say: no reason to die
}

// Datagrams, so that messages of many monitors do not mix. Signals are blocked for good and read
// from a descriptor: nothing interrupts the loop.
static int init_supervisor(struct supervisor *s, char *err, size_t errlen)
{
    int pair[2], back[2];
    sigset_t set;
    set_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->deadlines = calloc(s->f->opt->max_procs + 1, sizeof *s->deadlines);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!s->deadlines || s->signals < 0 ||
        socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0 ||
        socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, back) < 0) {
        snprintf(err, errlen, "cannot set up: %s", strerror(errno));
        return -1;
    }
    s->messages = pair[0];
    s->f->control = pair[1];
    s->answers = back[0];
    s->f->answers = back[1];
    // Whoever loses its parent becomes our child, not init's: nothing is left behind unseen.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return 0;
}

// 0 or -errno.
// The first monitor is a child in a session and group of its own; all others join that group by
// being its clones.
static int start_first(struct supervisor *s, uint32_t program, const struct load_args *args)
{
    int r = family_claim(s->f, 1, 0);
    if (r < 0)
        return r;
    const uint64_t flags = s->f->backend->start_flags;
    s->group = family_fork(s->f, &slot_of(s, 1)->pid, flags, 0);
    // Where this side now sleeps until the other has begun, they begin sooner on one processor.
    const int apart = s->group > 0 && !s->f->ready && !s->f->backend->started;
    const int here = apart ? placement_here(&s->f->placement) : -1;
    if (here >= 0)
        placement_move(&s->f->placement, s->group, (uint32_t)here, 1);
    if (s->group == 0) {
        if (!(flags & CLONE_FILES)) { // else they are the supervisor's
            close(s->signals);
            close(s->messages);
            close(s->answers);
        }
        setsid(); // the terminal's signals are the guests' business, through its input
        s->f->backend->start(s->f, 1, program, args);
        abort(); // it does not return
    }
    if (s->group > 0 && s->f->backend->started)
        s->f->backend->started(s);
    return s->group < 0 ? s->group : 0;
}

// 2 where the family never ran, as for wrong options.
static int exit_status(const struct supervisor *s)
{
    const struct family_shared *shared = s->f->shared;
    if (s->failed)
        return 2;
    if (atomic_load(&shared->first_done))
        return shell_status(atomic_load(&shared->first_status));
    return s->first_death ? shell_status(s->first_death & 0xffff) : 128 + s->outside;
}

int supervisor_run(struct family *f, uint32_t program, char *const argv[])
{
    struct supervisor s = {.f = f};
    struct load_args args;
    char err[160];
    int r;

    if ((r = load_args_pack(&args, argv, f->opt->env)) < 0) {
        fprintf(stderr, "ramet: arguments and environment: %s\n", strerror(-r));
        return 2;
    }
    if (init_supervisor(&s, err, sizeof err) < 0 ||
        (f->ready && ready_init(&s, err, sizeof err) < 0)) {
        fprintf(stderr, "ramet: %s\n", err);
        return 2;
    }
    s.terminal = terminal_init(f) == 0;
    if ((r = start_first(&s, program, &args)) < 0) {
        terminal_restore();
        fprintf(stderr, "ramet: cannot start a process: %s\n", strerror(-r));
        return 2;
    }
    family_say_without_waiting();
    while (!atomic_load(&f->shared->first_done) && !s.first_death && !s.outside)
        if (ready_waits(f))
            wait_for_client(&s);
        else
            supervise_once(&s);
    // The first program's end is the family's, whoever else is still running.
    close_family(&s);
    terminal_restore();
    free(args.strings);
    free(s.deadlines);
    return exit_status(&s);
}
