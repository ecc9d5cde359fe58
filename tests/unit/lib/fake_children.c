// SPDX-License-Identifier: BSD-2-Clause
// See fake_children.h.

#include "tests/unit/lib/fake_children.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/serve/serve.h"

#define WINDOW_SIZE (UINT64_C(1) << 20)

struct fake_child fake_children[FAKE_PIDS];
struct process_family fake_process;
uint64_t fake_now;

static struct options opt = {.max_procs = FAKE_SLOTS, .stop_timeout = 10};
static const struct backend backend = {.name = "process",
                                       .poll_fd = process_poll_fd,
                                       .step = process_step,
                                       .post = process_post,
                                       .reaped = process_reaped};
static struct image_header header = {.program_count = 2};
static struct image image = {.header = &header};
static struct family family = {.opt = &opt, .backend = &backend, .image = &image};
struct supervisor fake_supervisor = {.f = &family, .signals = -1, .messages = -1};

static uint16_t slot_of_pid[FAKE_PIDS], embryo[FAKE_SLOTS + 1];
static uint32_t runs[FAKE_SLOTS + 1];
static uint64_t claimed[FAKE_SLOTS + 1], spawned[FAKE_SLOTS + 1], deadlines[FAKE_SLOTS + 1];
static struct seccomp_notif waiting;
static int is_waiting, sender_dies, answered;

// ---- the family ----

void fake_family_begin(void)
{
    const size_t slots = sizeof *family.shared + (FAKE_SLOTS + 1) * sizeof(struct family_slot);
    if (!family.shared) {
        family.shared = malloc(slots);
        family.window = malloc(WINDOW_SIZE);
    }
    if (!family.shared || !family.window)
        abort();
    memset(family.shared, 0, slots);
    memset(family.window, 0, WINDOW_SIZE);
    family.window_size = WINDOW_SIZE;
    memset(fake_children, 0, sizeof fake_children);
    memset(slot_of_pid, 0, sizeof slot_of_pid);
    memset(claimed, 0, sizeof claimed);
    memset(spawned, 0, sizeof spawned);
    memset(deadlines, 0, sizeof deadlines);
    fake_process = (struct process_family){.listener = FAKE_FD,
                                           .slot_of = slot_of_pid,
                                           .pid_max = FAKE_PIDS,
                                           .claimed = claimed,
                                           .spawned = spawned,
                                           .runs = runs,
                                           .text_fd = -1,
                                           .embryo = embryo,
                                           .alive = 1,
                                           .leash = {-1, -1}};
    family.own = &fake_process;
    fake_supervisor = (struct supervisor){
        .f = &family, .signals = -1, .messages = -1, .group = FAKE_FIRST, .deadlines = deadlines};
    fake_now = UINT64_C(1000000000);
    fake_children[FAKE_FIRST].state = CHILD_ALIVE;
    fake_children[FAKE_FIRST].member_of = 1;
    if (family_claim(&family, 1, 0) < 0)
        abort();
    atomic_store(&slot_of(&fake_supervisor, 1)->pid, FAKE_FIRST);
    slot_of_pid[FAKE_FIRST] = 1;
    if (fake_notify(FAKE_FIRST, STUB_REPORT, 1, 0, 0, 0, 0) != 0)
        abort();
}

// ---- children ----

// The lowest number that is free: they come again as soon as they can.
int fake_child_born(void)
{
    for (int pid = FAKE_FIRST; pid < FAKE_PIDS; pid++)
        if (fake_children[pid].state == CHILD_NONE) {
            fake_children[pid] = (struct fake_child){.state = CHILD_ALIVE};
            return pid;
        }
    return 0;
}

static struct fake_child *child(int pid)
{
    return pid > 0 && pid < FAKE_PIDS && fake_children[pid].state != CHILD_NONE
               ? &fake_children[pid]
               : NULL;
}

void fake_child_die(int pid, int status)
{
    struct fake_child *c = child(pid);
    if (!c || c->state != CHILD_ALIVE)
        return;
    c->state = CHILD_ZOMBIE;
    c->status = status;
    c->cloning = 0;
}

int fake_clone(int pid, int fails)
{
    struct fake_child *c = child(pid);
    if (!c || !c->cloning)
        return 0;
    const uint32_t slot = c->cloning - 1;
    const int born = fails ? 0 : fake_child_born();
    c->cloning = 0;
    if (born) // CLONE_PARENT_SETTID
        family_door(&family, slot)->born = (uint32_t)born;
    return born;
}

uint32_t fake_children_count(void)
{
    uint32_t n = 0;
    for (int pid = 0; pid < FAKE_PIDS; pid++)
        n += (fake_children[pid].state != CHILD_NONE) + (fake_children[pid].cloning != 0);
    return n;
}

int fake_notify(int pid, int nr, uint64_t a0, uint64_t a1, uint64_t a4, uint64_t a5, int dies)
{
    waiting = (struct seccomp_notif){
        .id = 1, .pid = (uint32_t)pid, .data = {.nr = nr, .args = {a0, a1, 0, 0, a4, a5}}};
    if (nr == SYS_clone)
        waiting.data.args[2] = stub_door((uint32_t)a5) + offsetof(struct window_door, born);
    is_waiting = 1;
    sender_dies = dies;
    answered = 1; // no answer is one
    process_step(&fake_supervisor);
    return answered;
}

// ---- system calls ----

int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_kill(pid_t pid, int sig);
int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);
long __wrap_syscall(long nr, ...);

static int fail_with(int e)
{
    errno = e;
    return -1;
}

// The answer reaches whom it is for, unless that one is dead.
static int send_answer_back(const struct seccomp_notif_resp *r)
{
    struct fake_child *c = child((int)waiting.pid);
    if (r->id != waiting.id || (r->flags && r->error))
        abort();
    if (sender_dies) {
        fake_child_die((int)waiting.pid, SIGKILL);
        return fail_with(ENOENT);
    }
    answered = r->error;
    if (!c || r->error)
        return 0;
    if (waiting.data.nr == SYS_clone)
        c->cloning = (uint32_t)waiting.data.args[5] + 1;
    return 0;
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
    if (fd != FAKE_FD)
        abort();
    if (request == SECCOMP_IOCTL_NOTIF_SEND)
        return send_answer_back(arg);
    is_waiting = 0;
    memcpy(arg, &waiting, sizeof waiting);
    return 0;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    (void)timeout;
    if (n != 1 || fds[0].fd != FAKE_FD)
        abort();
    fds[0].revents = is_waiting ? POLLIN : 0;
    return is_waiting;
}

int __wrap_kill(pid_t pid, int sig)
{
    struct fake_child *c = child(pid);
    if (!c)
        abort();
    c->signals |= UINT64_C(1) << sig;
    if (sig == SIGKILL)
        fake_child_die(pid, SIGKILL);
    return 0;
}

int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    const struct fake_child *c = child((int)id);
    if (type != P_PID || !(options & WNOWAIT))
        abort();
    if (!c)
        return fail_with(ECHILD);
    info->si_pid = c->state == CHILD_ZOMBIE ? (pid_t)id : 0;
    return 0;
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
    if (pid != -1 || options != WNOHANG)
        abort();
    for (int i = 0; i < FAKE_PIDS; i++)
        if (fake_children[i].state == CHILD_ZOMBIE) {
            fake_children[i].state = CHILD_NONE;
            *status = fake_children[i].status;
            return i;
        }
    return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
    (void)clock;
    ts->tv_sec = (time_t)(fake_now / 1000000000u);
    ts->tv_nsec = (long)(fake_now % 1000000000u);
    return 0;
}

// Only doorbells are woken.
long __wrap_syscall(long nr, ...)
{
    if (nr != SYS_futex)
        abort();
    return 0;
}

// ---- neighbours that are not there ----

uint32_t children_count(struct process_family *p)
{
    uint32_t n = 0;
    for (int pid = 0; pid < p->pid_max; pid++)
        n += fake_children[pid].state != CHILD_NONE;
    return n;
}

void strays_kill(struct process_family *p)
{
    for (int pid = 0; pid < FAKE_PIDS; pid++)
        if (fake_children[pid].state != CHILD_NONE && !p->slot_of[pid]) {
            __wrap_kill(pid, SIGKILL);
            p->slot_of[pid] = PROCESS_STRAY;
        }
}

void process_refused(int error)
{
    (void)error;
}

int watchdog_start(struct process_family *p, pid_t first)
{
    (void)p, (void)first;
    return 0;
}

void watchdog_end(struct process_family *p)
{
    (void)p;
}

int save_watch(struct supervisor *s, uint64_t at, uint64_t len)
{
    return (void)s, (void)at, (void)len, 0;
}

int save_due(struct supervisor *s, uint32_t from)
{
    (void)s, (void)from;
    return -EPERM;
}

int save_step(struct supervisor *s)
{
    (void)s;
    return -1;
}

void ready_listen(struct supervisor *s)
{
    (void)s;
}

int ready_hold(struct supervisor *s, uint32_t from, uint64_t id)
{
    (void)s, (void)from, (void)id;
    return -EPERM;
}

void debug_start(struct family *f, pid_t first)
{
    (void)f, (void)first;
}

void debug_end(struct process_family *p)
{
    (void)p;
}

const char *load_name(const struct image *img, uint32_t program)
{
    return img->header->program_count > program ? "program" : "file";
}

const struct elf_program *image_program(const struct image *img, uint32_t program)
{
    static const struct elf_program none = {0};
    return program < img->header->program_count ? &none : NULL;
}

int terminal_init(struct family *f)
{
    (void)f;
    return 1;
}

void terminal_restore(void)
{
}

void terminal_again(void)
{
}

int terminal_input(struct family *f, int hung_up)
{
    (void)f, (void)hung_up;
    return 0;
}

int terminal_room(const struct family *f)
{
    (void)f;
    return 0;
}

void terminal_resize(struct family *f)
{
    (void)f;
}

int ready_init(struct supervisor *s, char *err, size_t errlen)
{
    (void)s, (void)err, (void)errlen;
    return 0;
}

void ready_monitor(struct supervisor *s)
{
    (void)s;
}

void ready_step(struct supervisor *s)
{
    (void)s;
}

int ready_timeout(struct supervisor *s)
{
    (void)s;
    return -1;
}

void ready_client(struct supervisor *s)
{
    (void)s;
}

int load_args_pack(struct load_args *args, char *const argv[], char *const envp[])
{
    (void)args, (void)argv, (void)envp;
    return -E2BIG;
}
