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

#define AT_ONCE   16 // notifications before everything else gets its turn
#define FOLLOW_MS 10
#define HELLO_MS  10
#define HELLO_MAX 3000 // of them: a first member that has not begun by then is stopped

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS // Linux 6.6
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1
#endif

static uint32_t slot_of_pid(const struct process_family *p, pid_t pid)
{
    const uint32_t slot = pid > 0 && pid < p->pid_max ? p->slot_of[pid] : 0;
    return slot == PROCESS_STRAY ? 0 : slot;
}

static int execs(struct supervisor *s, uint32_t from, uint64_t program)
{
    if (!from)
        return -EPERM;
    warm_start(s, from, program);
    family_trace(s->f, TRACE_PROC, "%u exec %s", from, claim_program(s, program));
    return 0;
}

// The first member says that it has begun.
static int accept_report(struct supervisor *s, uint32_t from, uint64_t program)
{
    if (from != 1 || atomic_load(&s->f->shared->started))
        return -EPERM;
    warm_start(s, 1, program);
    atomic_store(&s->f->shared->started, 1);
    atomic_store(&slot_of(s, 1)->state, SLOT_RUNNING);
    return 0;
}

// --- requests ---

static int kick(struct supervisor *s, uint32_t slot, uint64_t flags)
{
    if (!family_slot_valid(s->f, slot))
        return -ESRCH;
    claim_find(s, slot);
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
    claim_find(s, slot);
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

static int decide(struct supervisor *s, const struct seccomp_notif *n)
{
    const uint64_t *a = (const uint64_t *)n->data.args;
    uint32_t from = slot_of_pid(process_of(s->f), (pid_t)n->pid);
    const uint32_t slot = (uint32_t)a[0]; // the filter has seen that it is no more
    if (!from) {                          // a member since a moment ago
        claims_find(s);
        from = slot_of_pid(process_of(s->f), (pid_t)n->pid);
    }
    switch (n->data.nr) {
    case SYS_clone:
        return claim_clone(s, from, a);
    case STUB_REPORT:
        return accept_report(s, from, a[1]);
    case STUB_KICK:
        return from ? kick(s, slot, a[1]) : -EPERM;
    case STUB_KILL:
        return from ? kill_member(s, slot) : -EPERM;
    case STUB_EXIT:
        return exits(s, from, a[0]);
    case STUB_UNCLAIM:
        return claim_drop(s, from, slot);
    case STUB_EXEC:
        return execs(s, from, a[0]);
    case STUB_WROTE:
        return from == 1 ? save_watch(s, a[0], a[1]) : 0;
    case STUB_SAVE:
        return save_due(s, from);
    default:
        return -ENOSYS;
    }
}

// A member that its child begins with on its own processor says so, with the number + 1: the
// supervisor goes there as well, or each clone would wake two processors, this one's and the
// member's. It stays while such clones come.
static void follow(struct supervisor *s, uint64_t cpu)
{
    struct process_family *p = process_of(s->f);
    if (p->follows && cpu != p->follows) {
        placement_return(&p->home);
        p->follows = 0;
    }
    if (cpu && (p->follows || placement_follow(cpu - 1, &p->home) == 0)) {
        p->follows = cpu;
        p->followed = clock_ns(CLOCK_MONOTONIC);
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
    if (n.data.nr == SYS_clone)
        follow(s, n.data.args[3]);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r) < 0 && n.data.nr == SYS_clone && !r.error)
        claim_undo(s, (uint32_t)n.data.args[5]); // killed meanwhile: no clone comes of it
}

int process_step(struct supervisor *s)
{
    const struct process_family *p = process_of(s->f);
    claims_find(s);
    for (int i = 0; i < AT_ONCE && p->listener >= 0 && has_notification(p->listener); i++)
        answer(s, p->listener);
    if (p->follows && clock_ns(CLOCK_MONOTONIC) - p->followed > FOLLOW_MS * UINT64_C(1000000))
        follow(s, 0);
    const int play = save_step(s); // the last of them may have begun a rehearsal
    if (!p->embryos && !p->strays_due)
        return p->follows && play < 0 ? FOLLOW_MS : play;
    claims_give_up(s);
    return p->follows ? FOLLOW_MS : (int)(CLAIM_NS / 2000000);
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
        if (waitid(P_PID, (id_t)s->group, &info, WEXITED | WNOWAIT | WNOHANG) < 0 || info.si_pid) {
            if (p->hello->refused)
                process_refused((int)p->hello->refused);
            return; // it has ended, which the loop finds out
        }
    }
    p->listener = (int)fd - 1;
    s->f->tsc_mult = p->hello->tsc_mult;
    fcntl(p->listener, F_SETFD, FD_CLOEXEC);
    ioctl(p->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, wake); // only a matter of speed
    p->files = (struct process_files){p->hello->memory, p->hello->pagemap, p->hello->maps};
    if (s->f->ready)
        ready_listen(s);
    else
        munmap(p->hello, 4096);
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
    claim_find(s, slot);
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
    claims_find(s);
    for (uint32_t i = 0; !slot && i < p->embryos; i++)
        if (claim_born(s, p->embryo[i]) == pid)
            claim_begin(s, slot = p->embryo[i], pid);
    if (pid < p->pid_max)
        p->slot_of[pid] = 0;
    p->alive -= p->alive > 0;
    if (!slot) // a stray
        return BACKEND_NO_MEMBER;
    claims_orphan(s, slot);
    if (code == STUB_EXITED || (slot == 1 && WIFEXITED(status) && code == 0)) {
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
