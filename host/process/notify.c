// SPDX-License-Identifier: BSD-2-Clause
// What members ask the supervisor for, by system calls that the filter hands over.
//
// A request is its number, its registers and the pid of the sender, which the kernel says; guest
// memory is not read. The sender stands still until it is answered, or is dead: an answer to a dead
// one goes nowhere. Whoever sends is taken to be hostile: it can claim free slots, of which the
// family has a number, and can interrupt and kill members of its own family. That is what any
// program of the family may.

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/process/process.h"

#define BORN      offsetof(struct window_door, born)
#define AT_ONCE   16                   // notifications before everything else gets its turn
#define BORN_NS   UINT64_C(2000000000) // in which a clone has come about, or never will
#define HELLO_MS  10
#define HELLO_MAX 3000 // of them: a first member that has not begun by then is stopped

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS // Linux 6.6
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1
#endif

static uint32_t slot_of_pid(const struct process_family *p, pid_t pid)
{
    return pid > 0 && pid < p->pid_max ? p->slot_of[pid] : 0;
}

// --- slots ---

static void forget_claim(struct process_family *p, uint32_t slot)
{
    uint32_t i = 0;
    if (!p->claimed[slot])
        return;
    p->claimed[slot] = 0;
    while (p->embryo[i] != slot)
        i++;
    p->embryo[i] = p->embryo[--p->embryos];
}

static void unclaim(struct supervisor *s, uint32_t slot)
{
    forget_claim(process_of(s->f), slot);
    family_release(s->f, slot);
}

// Children that are no members: at once, if it is not later anyway.
static void expect_strays(struct process_family *p)
{
    if (!p->strays_due)
        p->strays_due = clock_ns(CLOCK_MONOTONIC);
}

// Whether there are as many children already as there may be members. What was counted on the way
// may be too much, for a clone that was let pass need not have come about: the kernel knows.
static int too_many(struct supervisor *s)
{
    struct process_family *p = process_of(s->f);
    if (p->alive < s->f->opt->max_procs)
        return 0;
    supervisor_reap(s);
    p->alive = children_count(p) + p->embryos + p->again;
    return p->alive >= s->f->opt->max_procs;
}

// The number is as the sender likes.
static const char *program_name(const struct supervisor *s, uint64_t program)
{
    if (program != PV_PROGRAM_FILE && program >= s->f->image->header->program_count)
        return "no program";
    return load_name(s->f->image, (uint32_t)program);
}

static void trace_begin(struct supervisor *s, uint32_t slot)
{
    const struct process_family *p = process_of(s->f);
    const double ms = (double)(clock_ns(CLOCK_MONOTONIC) - p->claimed[slot]) / 1e6;
    if (p->spawned[slot])
        family_trace(s->f, TRACE_PROC, "%u spawn %s %.3f ms", slot,
                     program_name(s, p->spawned[slot] - 1), ms);
    else
        family_trace(s->f, TRACE_PROC, "%u clone %.3f ms", slot, ms);
}

static int trace_exec(const struct supervisor *s, uint32_t from, uint64_t program)
{
    family_trace(s->f, TRACE_PROC, "%u exec %s", from, program_name(s, program));
    return 0;
}

// The first member says that it has begun.
static int accept_report(struct supervisor *s, uint32_t from)
{
    if (from != 1 || atomic_load(&s->f->shared->started))
        return -EPERM;
    atomic_store(&s->f->shared->started, 1);
    atomic_store(&slot_of(s, 1)->state, SLOT_RUNNING);
    return 0;
}

// A clone that was let pass has become the process `pid`, which is ours and no member yet.
static void begin_member(struct supervisor *s, uint32_t slot, pid_t pid)
{
    struct process_family *p = process_of(s->f);
    trace_begin(s, slot);
    forget_claim(p, slot);
    p->slot_of[pid] = (uint16_t)slot;
    atomic_store(&slot_of(s, slot)->pid, pid);
    atomic_store(&slot_of(s, slot)->state, SLOT_RUNNING);
    const uint32_t serial = atomic_load(&slot_of(s, slot)->serial);
    if (atomic_exchange(&slot_of(s, slot)->kill, 0) == serial)
        supervisor_kill(s, slot, serial);
}

// The pid the kernel has written to the door of a claimed slot, or 0. Any member can write there
// too: it may name what is no child of ours, or a sibling's, which then dies in its place.
static pid_t born_in(const struct supervisor *s, uint32_t slot)
{
    const struct process_family *p = process_of(s->f);
    const uint32_t pid = __atomic_load_n(&family_door(s->f, slot)->born, __ATOMIC_SEQ_CST);
    if (pid == 0 || pid >= (uint32_t)p->pid_max || p->slot_of[pid] || (pid_t)pid == p->watchdog ||
        (pid_t)pid == p->debugger)
        return 0;
    return (pid_t)pid;
}

static int is_child(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
}

static void find_member(struct supervisor *s, uint32_t slot)
{
    const pid_t pid = born_in(s, slot);
    if (pid && is_child(pid))
        begin_member(s, slot, pid);
}

// Members that have come about since the last look.
static void find_members(struct supervisor *s)
{
    struct process_family *p = process_of(s->f);
    for (uint32_t i = p->embryos; i-- > 0;)
        find_member(s, p->embryo[i]);
}

// clone(2): whether it may pass. A clone that a signal or the freezer has interrupted in the kernel
// comes again: its claim stands, and so it does for a hostile member, which gets strays by it.
// Then there may be two of them for one claim, the second one on its way when the first is seen.
static int claim(struct supervisor *s, uint32_t from, const uint64_t *a)
{
    struct process_family *p = process_of(s->f);
    const uint32_t slot = (uint32_t)a[5];
    if (!from || !family_slot_valid(s->f, slot) || a[2] != stub_door(slot) + BORN)
        return -EINVAL;
    if (too_many(s))
        return -EAGAIN;
    if (p->claimed[slot])
        find_member(s, slot);
    if (p->claimed[slot] && family_claimer(s->f, slot) == from) {
        p->alive++;
        p->again += p->again < s->f->opt->max_procs; // each member is in one at a time
        p->strays_due = clock_ns(CLOCK_MONOTONIC) + BORN_NS;
        return 0;
    }
    // Its last member may be gone but for the news of it.
    if (family_pid(s->f, slot) > 0)
        supervisor_reap(s);
    int r = family_claim(s->f, slot, from);
    if (r < 0)
        return r;
    // No pid yet, but a child may be there: the slot is not free when its claimer dies (deaths.c).
    atomic_store(&slot_of(s, slot)->pid, -1);
    __atomic_store_n(&family_door(s->f, slot)->born, 0, __ATOMIC_SEQ_CST);
    p->claimed[slot] = clock_ns(CLOCK_MONOTONIC);
    p->spawned[slot] = a[4];
    p->embryo[p->embryos++] = (uint16_t)slot;
    p->alive++;
    return 0;
}

// --- requests ---

static int kick(struct supervisor *s, uint32_t slot, uint64_t flags)
{
    if (!family_slot_valid(s->f, slot))
        return -ESRCH;
    if (process_of(s->f)->claimed[slot])
        find_member(s, slot);
    if (family_pid(s->f, slot) <= 0) // it has yet to run, and will look
        return process_of(s->f)->claimed[slot] ? 0 : -ESRCH;
    process_post(s, slot, flags ? PV_EVENT_KICK : 0);
    return 0;
}

static int kill_member(struct supervisor *s, uint32_t slot)
{
    if (!family_slot_valid(s->f, slot) || atomic_load(&slot_of(s, slot)->state) == SLOT_FREE)
        return -ESRCH;
    const uint32_t serial = atomic_load(&slot_of(s, slot)->serial);
    if (process_of(s->f)->claimed[slot])
        find_member(s, slot);
    if (process_of(s->f)->claimed[slot])
        atomic_store(&slot_of(s, slot)->kill, serial); // it hears of it when it is seen
    else
        supervisor_kill(s, slot, serial);
    return 0;
}

static int exits(struct supervisor *s, uint32_t from, uint64_t status)
{
    struct family_shared *shared = s->f->shared;
    if (!from)
        return -EPERM;
    family_trace(s->f, TRACE_PROC, "%u exit status %#x", from, (unsigned)status);
    if (from == 1) {
        atomic_store(&shared->first_status, (uint32_t)status & 0xffff);
        atomic_store(&shared->first_done, 1);
    }
    return 0;
}

static int drop_claim(struct supervisor *s, uint32_t from, uint32_t slot)
{
    if (!from || !family_slot_valid(s->f, slot) || !process_of(s->f)->claimed[slot] ||
        family_claimer(s->f, slot) != from)
        return -EINVAL;
    unclaim(s, slot);
    expect_strays(process_of(s->f)); // if it was not true
    return 0;
}

static int decide(struct supervisor *s, const struct seccomp_notif *n)
{
    const uint64_t *a = (const uint64_t *)n->data.args;
    uint32_t from = slot_of_pid(process_of(s->f), (pid_t)n->pid);
    const uint32_t slot = (uint32_t)a[0]; // the filter has seen that it is no more
    if (!from) {                          // a member since a moment ago
        find_members(s);
        from = slot_of_pid(process_of(s->f), (pid_t)n->pid);
    }
    switch (n->data.nr) {
    case SYS_clone:
        return claim(s, from, a);
    case STUB_REPORT:
        return accept_report(s, from);
    case STUB_KICK:
        return from ? kick(s, slot, a[1]) : -EPERM;
    case STUB_KILL:
        return from ? kill_member(s, slot) : -EPERM;
    case STUB_EXIT:
        return exits(s, from, a[0]);
    case STUB_UNCLAIM:
        return drop_claim(s, from, slot);
    case STUB_EXEC:
        return trace_exec(s, from, a[0]);
    case STUB_WROTE:
        return from == 1 ? save_watch(s, a[0], a[1]) : 0;
    case STUB_SAVE:
        return save_due(s, from);
    default:
        return -ENOSYS;
    }
}

static int has_notification(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0 && (p.revents & POLLIN);
}

static void answer(struct supervisor *s, int listener)
{
    struct seccomp_notif n = {0};
    struct seccomp_notif_resp r = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
        return; // its sender is dead
    r.id = n.id;
    if (n.data.nr == STUB_READY) { // the one that is not answered at once
        r.error = ready_hold(s, slot_of_pid(process_of(s->f), (pid_t)n.pid), n.id);
        if (r.error == 0)
            return;
    } else {
        const int result = decide(s, &n);
        r.error = result < 0 ? result : 0;
        r.val = result > 0 ? result : 0;
    }
    if (r.error == 0 && n.data.nr == SYS_clone)
        r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r) < 0 && n.data.nr == SYS_clone && !r.error)
        unclaim(s, (uint32_t)n.data.args[5]); // killed meanwhile: no clone comes of it
}

// Clones that were let pass and have not come about in time: the family hears of a death. Whoever
// has overwritten what the kernel wrote to the door has a child that is no member: it is killed
// before the slot is another's, and with it whatever is on its way just then.
static void give_up_embryos(struct supervisor *s)
{
    struct process_family *p = process_of(s->f);
    const uint64_t now = clock_ns(CLOCK_MONOTONIC);
    for (uint32_t i = p->embryos; i-- > 0;) {
        const uint32_t slot = p->embryo[i];
        if (now - p->claimed[slot] <= BORN_NS)
            continue;
        strays_kill(p);
        forget_claim(p, slot);
        supervisor_bury(s, slot, SIGKILL);
    }
    // Not while an honest clone may be on its way.
    if (p->strays_due && now >= p->strays_due && !p->embryos) {
        p->strays_due = 0;
        p->again = 0;
        strays_kill(p);
    }
}

int process_step(struct supervisor *s)
{
    const struct process_family *p = process_of(s->f);
    find_members(s);
    for (int i = 0; i < AT_ONCE && p->listener >= 0 && has_notification(p->listener); i++)
        answer(s, p->listener);
    const int play = save_step(s); // the last of them may have begun a rehearsal
    if (!p->embryos && !p->strays_due)
        return play;
    give_up_embryos(s);
    return (int)(BORN_NS / 2000000);
}

int process_poll_fd(const struct family *f)
{
    return process_of(f)->listener;
}

void process_started(struct supervisor *s)
{
    struct process_family *p = process_of(s->f);
    const struct timespec moment = {.tv_nsec = HELLO_MS * 1000000};
    const uint64_t wake = SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP;
    siginfo_t info = {0};
    uint32_t fd;
    p->alive = 1;
    debug_start(s->f, s->group);
    for (int i = 0; !(fd = __atomic_load_n(&p->hello->listener, __ATOMIC_SEQ_CST)); i++) {
        if (i == HELLO_MAX)
            supervisor_signal(s->group, SIGKILL);
        syscall(SYS_futex, &p->hello->listener, FUTEX_WAIT, 0, &moment, NULL, 0);
        if (waitid(P_PID, (id_t)s->group, &info, WEXITED | WNOWAIT | WNOHANG) < 0 || info.si_pid)
            return; // it has ended, which the loop finds out
    }
    p->listener = (int)fd - 1;
    fcntl(p->listener, F_SETFD, FD_CLOEXEC);
    ioctl(p->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, wake); // only a matter of speed
    p->files = (struct process_files){p->hello->memory, p->hello->pagemap, p->hello->maps};
    if (s->f->ready)
        ready_listen(s);
    else
        munmap(p->hello, 4096);
    watchdog_start(p, s->group);
    if (s->group < p->pid_max)
        p->slot_of[s->group] = 1;
}

void process_post(struct supervisor *s, uint32_t slot, uint32_t events)
{
    static const struct {
        uint32_t event;
        int sig;
    } signals[] = {
        {PV_EVENT_KICK, STUB_SIG_KICK}, {PV_EVENT_DEATH, STUB_SIG_DEATH},
        {PV_EVENT_TTY, STUB_SIG_TTY},   {PV_EVENT_KILL, STUB_SIG_KILL},
        {SUPERVISOR_END, STUB_SIG_END},
    };
    if (process_of(s->f)->claimed[slot])
        find_member(s, slot);
    const pid_t pid = family_pid(s->f, slot);
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (events & signals[i].event)
            supervisor_signal(pid, signals[i].sig);
    if (!events)
        supervisor_signal(pid, STUB_SIG_WAKE);
}

void process_close(struct family *f)
{
    debug_end(process_of(f)); // which needs the family's last words
    watchdog_end(process_of(f));
}

uint32_t process_reaped(struct supervisor *s, pid_t pid, int status, uint32_t slot)
{
    struct process_family *p = process_of(s->f);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (pid == p->watchdog || pid == p->debugger) {
        p->debugger = pid == p->debugger ? 0 : p->debugger; // the number may be a member's next
        return BACKEND_NO_MEMBER;
    }
    find_members(s);
    for (uint32_t i = 0; !slot && i < p->embryos; i++)
        if (born_in(s, p->embryo[i]) == pid)
            begin_member(s, slot = p->embryo[i], pid);
    if (pid < p->pid_max)
        p->slot_of[pid] = 0;
    p->alive -= p->alive > 0;
    if (!slot) // a stray
        return BACKEND_NO_MEMBER;
    if (WIFEXITED(status) && code == 0) {
        const int unsaid = slot == 1 && !atomic_load(&s->f->shared->first_done);
        if (unsaid) // it went behind the stub's back
            return slot;
        family_release(s->f, slot);
        return BACKEND_NO_MEMBER;
    }
    if (code >= STUB_DIED)
        atomic_store(&slot_of(s, slot)->death, (uint32_t)(code - STUB_DIED));
    return slot;
}
