// SPDX-License-Identifier: BSD-2-Clause
// What the members of a family share on the host: the window memfd, the host-only page, doorbells,
// time. Neighbours: family.h (the contract), supervisor.c, call/ (what members ask for).

#include "host/family/family.h"
#include "host/clock.h"
#include "host/family/fdpass.h"
#include "host/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

int family_fail(char *err, size_t errlen, const char *what)
{
    int e = errno;
    snprintf(err, errlen, "%s: %s", what, strerror(e));
    return -e;
}

// Everything else stays zero: a hole in the memfd costs nothing.
void family_window_init(struct family *f)
{
    struct window_header *h = family_window(f);
    uint64_t tty = sizeof *h + (uint64_t)(f->opt->max_procs + 1) * sizeof(struct window_door);
    uint64_t kernel = (tty + sizeof(struct window_tty) + 4095) & ~UINT64_C(4095);
    h->abi_version = PV_ABI_VERSION;
    h->max_slots = f->opt->max_procs;
    h->size = f->window_size;
    h->doors_off = sizeof *h;
    h->tty_off = tty;
    h->kernel_off = kernel;
    h->signals = 0; // a template's window had a family of its own
    // Last: what has the magic is complete.
    h->magic = WINDOW_MAGIC;
}

// Three readings of the same moment, more or less: time in the family is the counter's since then,
// by tsc_mult. A family from a template goes on where that one stopped (saved_ns).
void family_renew_clock(struct family *f)
{
    f->tsc_base = __rdtsc();
    f->mono_base_ns = f->saved_ns ? f->saved_ns : clock_ns(CLOCK_MONOTONIC);
    f->wall_base_ns = clock_ns(CLOCK_REALTIME);
}

// NOWAIT: RWF_NOWAIT can be relied on. Terminals have no such thing, and are asked by poll()
// before.
void family_probe_stdio(uint32_t kind[3], uint32_t nowait[3], int tty)
{
    for (int fd = 0; fd < 3; fd++) {
        struct stat st;
        int flags = fcntl(fd, F_GETFL); // O_PATH: a placeholder for one that was closed (main.c)
        if (flags < 0 || (flags & O_PATH) || fstat(fd, &st) < 0) {
            kind[fd] = PV_STDIO_NONE;
            continue;
        }
        kind[fd] = tty && isatty(fd) ? PV_STDIO_TTY : PV_STDIO_STREAM;
        nowait[fd] = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
    }
}

// In the supervisor, before there is any member and before anything is confined: all that has to be
// opened or asked of the host is opened and asked here.
int family_init(struct family *f, char *err, size_t errlen)
{
    f->supervisor = getpid();
    placement_init(&f->placement);
    // Spinning for another member pays only if that one can run at the same time.
    f->spin = CPU_COUNT(&f->placement.allowed) > 1;
    f->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN); // reads a file: not once confined
    size_t size = sizeof *f->shared + (f->opt->max_procs + 1) * sizeof(struct family_slot);
    f->shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (f->shared == MAP_FAILED)
        return family_fail(err, errlen, "cannot make the family page");
    family_renew_clock(f);
    // A template's clones are started on terminals and on none.
    family_probe_stdio(f->stdio, f->stdio_nowait, !f->opt->until && !f->template);
    return f->backend->memory(f, err, errlen);
}

// The claimer can be killed anywhere in here: its name comes with the claim, so that the supervisor
// can give the slot back.
int family_claim(struct family *f, uint32_t slot, uint32_t claimer)
{
    struct family_slot *s = &f->shared->slots[slot];
    uint32_t free = SLOT_FREE;
    // No new members while the supervisor ends the family. One that gets past this line finds out
    // in member_adopt().
    if (atomic_load(&f->shared->closing))
        return -EAGAIN;
    if (!atomic_compare_exchange_strong(&s->state, &free,
                                        SLOT_CLAIMED | claimer << SLOT_CLAIMER_SHIFT))
        return -EBUSY;
    // From here to the last line the slot is neither free nor a member's: the fields below still
    // are the last one's.
    atomic_store(&s->pid, 0);
    atomic_store(&s->claimer, claimer);
    atomic_store(&s->gen, __atomic_load_n(&family_door(f, slot)->gen, __ATOMIC_SEQ_CST));
    atomic_store(&s->serial, atomic_fetch_add(&f->shared->serials, 1) + 1);
    atomic_store(&s->events, 0);
    atomic_store(&s->kill, 0);
    atomic_store(&s->end, 0);
    atomic_store(&s->death, 0);
    atomic_store(&s->spare, 0);
    atomic_store(&s->state, SLOT_STARTING);
    return 0;
}

// Whoever started what runs in the slot. The word is shared with members, hence the check.
uint32_t family_claimer(const struct family *f, uint32_t slot)
{
    const uint32_t claimer = atomic_load(&f->shared->slots[slot].claimer);
    return family_slot_valid(f, claimer) ? claimer : 0;
}

// 0 while there is none: also between the claim and the fork, which stores it before either process
// goes on (CLONE_PARENT_SETTID).
pid_t family_pid(const struct family *f, uint32_t slot)
{
    const struct family_slot *s = &f->shared->slots[slot];
    const uint32_t state = atomic_load(&s->state);
    // What a slot's last member has left there counts no more.
    return state == SLOT_FREE || (state & SLOT_STATE_MASK) == SLOT_CLAIMED ? 0
                                                                           : atomic_load(&s->pid);
}

uint32_t family_slot_of(const struct family *f, pid_t pid)
{
    uint32_t slot = f->opt->max_procs;
    while (slot > 0 && family_pid(f, slot) != pid)
        slot--;
    return slot;
}

// One store: a member that is killed has done it, and is no death, or has not.
void family_release(struct family *f, uint32_t slot)
{
    atomic_store(&f->shared->slots[slot].state, SLOT_FREE);
}

// In the child all signals stay blocked, until event_init(). With CLONE_PARENT it is the
// supervisor's child, who alone reaps.
pid_t family_fork(struct family *f, _Atomic int32_t *word, uint64_t flags, int push)
{
    sigset_t all, old;
    // All signals wait: a handler in the child would work on the parent's slot until the child has
    // taken its own.
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    // The bare system call: nothing in this process needs the C library's fork handlers.
    pid_t pid =
        (pid_t)syscall(SYS_clone, flags | CLONE_PARENT_SETTID | SIGCHLD, NULL, word, NULL, NULL);
    int e = errno;
    if (pid > 0 && push)
        family_move(f, FAMILY_PUSH, pid);
    if (pid != 0)
        sigprocmask(SIG_SETMASK, &old, NULL);
    return pid < 0 ? -e : pid;
}

static void futex_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

// For the supervisor, which does not know whether the member sleeps: a futex call too many is
// cheap.
void family_ring(struct family *f, uint32_t slot)
{
    uint32_t *bell = &family_door(f, slot)->bell;
    __atomic_fetch_add(bell, 1, __ATOMIC_SEQ_CST);
    futex_wake(bell);
}

void family_kick(struct family *f, uint32_t slot, int interrupt)
{
    // The sleeper publishes its state before it looks at the bell a last time, and the guest
    // changed the bell before this call: whichever way the two interleave, one sees the other.
    uint32_t state = atomic_load(&f->shared->slots[slot].state);
    if (state == SLOT_POLLING || (state != SLOT_WAITING && interrupt))
        family_tell(f, FAMILY_INTERRUPT, slot);
    else
        futex_wake(&family_door(f, slot)->bell);
}

static void send_message(const struct family *f, struct family_msg msg)
{
    while (send(f->control, &msg, sizeof msg, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

// A message and not a signal: members may send none, and the supervisor is where all can be
// reached.
void family_tell(struct family *f, uint32_t op, uint32_t slot)
{
    // By serial number, since the slot may be another process' when the message is read.
    const uint32_t serial = op == FAMILY_KILL ? atomic_load(&f->shared->slots[slot].serial) : 0;
    send_message(f, (struct family_msg){op, slot, serial});
}

// A hint for where MONITOR is to run: not here, where its parent is about to go on.
void family_move(struct family *f, uint32_t op, pid_t monitor)
{
    const int here = placement_here(&f->placement);
    if (here >= 0)
        send_message(f, (struct family_msg){op, (uint32_t)here, (uint32_t)monitor});
}

// A descriptor, NO_ANSWER, or -1 when somebody else is asking: nobody waits for another's answer,
// the caller does without.
int family_ask(struct family *f, uint32_t op, uint32_t slot, int32_t pid, uint32_t size)
{
    uint32_t nobody = 0;
    int fds[FDPASS_MAX];
    int32_t to = 0;
    unsigned n = 0;
    // All monitors hear the answers: one asks at a time. What came for one that died is passed
    // over.
    if (!atomic_compare_exchange_strong(&f->shared->asking, &nobody, slot))
        return -1;
    send_message(f, (struct family_msg){op, slot, size});
    while (to != pid) {
        while (n)
            close(fds[--n]);
        if (fdpass_receive(f->answers, &to, sizeof to, fds, &n, 0) < 0 && errno != EINTR)
            break;
    }
    atomic_store(&f->shared->asking, 0);
    while (n > 1)
        close(fds[--n]);
    return n ? fds[0] : NO_ANSWER;
}

// Nanoseconds of the family's monotonic clock, as its guests compute it: 32 bits of tsc_mult are
// the fraction. The product needs more than 64 bits.
uint64_t family_now(const struct family *f)
{
    unsigned __int128 ns = (unsigned __int128)(__rdtsc() - f->tsc_base) * f->tsc_mult;
    return (uint64_t)(ns >> 32) + f->mono_base_ns;
}

static int may_wait = 1;

// For a process that must not be held up by whoever reads its standard error.
void family_say_without_waiting(void)
{
    may_wait = 0;
}

// One write of one line, so that lines of different members do not mix.
static void say(const char *format, va_list args)
{
    struct pollfd to = {.fd = 2, .events = POLLOUT};
    if (!may_wait && poll(&to, 1, 0) <= 0)
        return;
    char line[256] = "ramet: ";
    const int room = sizeof line - 1;
    int n = vsnprintf(line + 7, (size_t)room - 7, format, args) + 7;
    if (n < 7)
        return;
    n = n < room ? n : room - 1;
    line[n] = '\n';
    if (write(2, line, (size_t)n + 1) < 0)
        return; // nobody is there to be told
}

void family_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

// Times in it are taken by the caller: writing the line is no part of what is measured.
void family_trace(const struct family *f, uint32_t what, const char *format, ...)
{
    if (!(f->opt->trace & what))
        return;
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}
