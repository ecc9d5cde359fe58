// SPDX-License-Identifier: BSD-2-Clause
// The rest of the kernel, faked: entry, signals, processes, terminals. See fake_kernel.h.
#include "tests/unit/lib/fake_kernel.h"
#include "kernel/api/errno.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/file/file.h"
#include "kernel/lib.h"
#include "kernel/mem/mem.h"
#include "kernel/window/lock.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/random.h"
#include "kernel/root.h"
#include "kernel/signal/signal.h"

void fake_host_slot(uint32_t slot);
void fake_host_window(uint64_t size);

struct proc *proc_vm, *proc_self;
static int interrupt;
static uint64_t sent;

struct proc *proc_at(uint32_t slot)
{
    return (struct proc *)wref_ptr(window_root()->procs) + slot;
}

int proc_gone(const struct proc *p)
{
    return p->state == PROC_FREE;
}

struct proc *proc_find(int32_t pid)
{
    for (uint32_t slot = 1; slot <= window_root()->top_slot; slot++)
        if (proc_at(slot)->state != PROC_FREE && proc_at(slot)->pid == pid)
            return proc_at(slot);
    return NULL;
}

void fake_claim(uint32_t slot)
{
    struct proc *p = proc_at(slot);
    if (p->state != PROC_FREE)
        return;
    window_door(slot)->gen++;
    p->slot = slot;
    p->pid = (int32_t)slot + 1;
    p->sid = 2;
    for (int i = 0; i < K_RLIM_NLIMITS; i++)
        p->rlimits[i] = (struct k_rlimit){K_RLIM_INFINITY, K_RLIM_INFINITY};
    p->rlimits[RLIMIT_NOFILE].cur = PROC_MAX_FDS;
    p->state = PROC_RUNNING;
    if (proc_self) {
        inode_ref(p->cwd = proc_self->cwd);
        inode_ref(p->root = proc_self->root);
        fds_inherit(p, proc_self);
    }
    if (slot > window_root()->top_slot)
        window_root()->top_slot = slot;
}

void fake_become(uint32_t slot)
{
    fake_host_slot(slot);
    fake_claim(slot);
    proc_vm = proc_self = proc_at(slot);
    lock_init_self(slot);
}

void fake_boot(uint64_t window_size)
{
    proc_self = NULL;
    fake_host_window(window_size);
    if (window_format() < 0)
        panic("window_format");
    window_root()->tty.sid = 2;
    fake_become(1);
}

void fake_user(uint32_t uid, uint32_t gid)
{
    proc_self->uid = proc_self->euid = proc_self->suid = uid;
    proc_self->gid = proc_self->egid = proc_self->sgid = gid;
}

// The first thread has its room from the beginning, and there is no other.
struct thread_room *thread_room(void)
{
    return current->room;
}

// One process at a time: nobody changes the table meanwhile.
void proc_lock(void)
{
}

void proc_unlock(void)
{
}

int signal_post(struct proc *p, int sig, const struct proc_siginfo *info)
{
    (void)info;
    p->sig_pending |= SIG_BIT(sig);
    return 0;
}

void signal_kick(void)
{
}

int mem_limits_allow(uint64_t more, int private)
{
    (void)more, (void)private;
    return 1;
}

// --- entry ---

static int depth;

void sys_enter(void)
{
    depth++;
}

int sys_leave(long *r)
{
    depth--;
    if (*r == -ERESTART)
        *r = -EINTR;
    return 0;
}

void events_handle(void)
{
    __atomic_store_n(&pv_shared->pending, 0, __ATOMIC_SEQ_CST);
}

static int is_killed(void)
{
    return (signal_active() & SIG_BIT(SIGKILL)) != 0;
}

const struct wait_hooks wait_hooks = {events_handle, signal_deliverable, is_killed};

// Addresses below 64 KB stand for memory the program does not have.
int user_readable(const void *p, size_t n)
{
    return (uintptr_t)p < 65536 && n ? -EFAULT : 0;
}

int user_writable(void *p, size_t n)
{
    return user_readable(p, n);
}

long user_strlen(const char *p, size_t max)
{
    if ((uintptr_t)p < 65536)
        return -EFAULT;
    size_t n = strnlen(p, max);
    return n == max ? -ENAMETOOLONG : (long)n + 1;
}

// --- signals ---

static int killed;

uint64_t signal_active(void)
{
    return killed ? SIG_BIT(SIGKILL) : 0;
}

void fake_kill(int on)
{
    killed = on;
}

int signal_deliverable(void)
{
    return interrupt;
}

void signal_mask_push(uint64_t mask)
{
    (void)mask;
}

void proc_signal(struct proc *p, int sig, int code, int status)
{
    (void)p;
    (void)code;
    (void)status;
    sent |= SIG_BIT(sig);
}

void proc_signal_group(int32_t pgid, int sig, int code)
{
    (void)pgid;
    proc_signal(NULL, sig, code, 0);
}

struct proc *proc_next(const struct proc *p)
{
    for (uint32_t slot = p ? p->slot + 1 : 1; slot <= window_root()->top_slot; slot++)
        if (proc_at(slot)->state != PROC_FREE)
            return proc_at(slot);
    return NULL;
}

uint64_t fake_signals(void)
{
    uint64_t s = sent;
    sent = 0;
    return s;
}

void fake_interrupt(int on)
{
    interrupt = on;
}

// --- the rest ---

void random_mix(const uint8_t seed[RANDOM_SEED])
{
    (void)seed;
}

void random_bytes(void *buf, size_t len)
{
    memset(buf, 4, len); // chosen by fair dice roll
}

int clock_timespec_ns(const struct k_timespec *ts, uint64_t *ns)
{
    if (ts->sec < 0 || ts->nsec < 0 || ts->nsec >= 1000000000)
        return -EINVAL;
    *ns = (uint64_t)ts->sec * 1000000000u + (uint64_t)ts->nsec;
    return 0;
}

int clock_timeval_ns(const struct k_timeval *tv, uint64_t *ns)
{
    const struct k_timespec ts = {tv->sec, tv->usec * 1000};
    return clock_timespec_ns(&ts, ns);
}

struct k_timeval clock_ns_timeval(uint64_t ns)
{
    return (struct k_timeval){(int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u / 1000)};
}

uint64_t clock_deadline(uint64_t ns)
{
    return pv_mono_ns() + ns;
}

const struct file_ops tty_ops = {0};
const struct file_ops stream_ops = {0};
