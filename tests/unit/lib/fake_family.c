// SPDX-License-Identifier: BSD-2-Clause
// The host, faked, for families of processes. See fake_family.h; fake_pv.c has the window and the
// bells.
#include "tests/unit/lib/fake_family.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "kernel/pv.h"
#include "kernel/window/window.h"
#include "tests/unit/lib/fake_kernel.h"

int family_busy, family_full;
uint64_t family_forks;

// The host-only page: no guest of a real family could write it.
static struct host_slot {
    int32_t pid;     // 0: no VM
    uint32_t events; // PV_EVENT_*
} * slots;
static uint64_t timer_deadline;
static uint32_t deaths; // over all windows: kernel/proc/exit.c remembers the count it saw last

// From the fakes beside this one, and from kernel/upcall.c, whose header's errno and signal numbers
// clash with the host's.
void fake_host_slot(uint32_t slot);
void fake_host_window(uint64_t size);
void lower_boot(void);
void upcall(struct pv_frame *frame, void *fpu);
extern void (*fake_kick_hook)(uint32_t slot, uint32_t flags);

static struct pv_boot_info *info(void)
{
    return (struct pv_boot_info *)boot_info;
}

// --- events ---

static void collect(void)
{
    uint32_t bits = __atomic_exchange_n(&slots[boot_info->slot].events, 0, __ATOMIC_SEQ_CST);
    if (timer_deadline && pv_mono_ns() >= timer_deadline) {
        timer_deadline = 0;
        bits |= PV_EVENT_TIMER;
    }
    __atomic_fetch_or(&pv_shared->pending, bits, __ATOMIC_SEQ_CST);
}

// What the monitor does when a signal took it out of KVM_RUN.
static void on_post(int sig)
{
    static _Alignas(16) uint8_t fpu[512]; // as arch_fpu_bytes() would have it
    int saved = errno;
    (void)sig;
    collect();
    if (pv_shared->pending && !pv_shared->masked) {
        struct pv_frame frame = {.type = PV_UPCALL_EVENT};
        pv_shared->masked = 1;
        upcall(&frame, fpu);
    }
    errno = saved;
}

void family_interrupt(void)
{
    __atomic_fetch_or(&slots[boot_info->slot].events, PV_EVENT_KICK, __ATOMIC_SEQ_CST);
    on_post(SIGUSR1);
}

static void post(uint32_t slot, uint32_t events)
{
    __atomic_fetch_or(&slots[slot].events, events, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&window_door(slot)->bell, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &window_door(slot)->bell, FUTEX_WAKE, 1, NULL, NULL, 0);
    int32_t pid = __atomic_load_n(&slots[slot].pid, __ATOMIC_SEQ_CST);
    if (pid > 0)
        kill(pid, SIGUSR1);
}

static void on_kick(uint32_t slot, uint32_t flags)
{
    if (flags & PV_KICK_INTERRUPT)
        post(slot, PV_EVENT_KICK);
}

int64_t pv_set_timer(uint64_t deadline)
{
    struct itimerval it = {0};
    timer_deadline = deadline;
    if (deadline) {
        uint64_t now = pv_mono_ns();
        uint64_t us = deadline > now ? (deadline - now + 999) / 1000 : 1;
        it.it_value.tv_sec = (time_t)(us / 1000000);
        it.it_value.tv_usec = (suseconds_t)(us % 1000000);
    }
    setitimer(ITIMER_REAL, &it, NULL);
    return 0;
}

// --- processes ---

int64_t pv_fork(uint32_t slot, const struct pv_range *hot, uint32_t nhot)
{
    sigset_t all, old;
    (void)hot, (void)nhot;
    family_forks++;
    if (family_full)
        return -EAGAIN;
    if (family_busy && family_busy--)
        return -EBUSY;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    slots[slot] = (struct host_slot){0};
    fflush(NULL);
    pid_t pid = fork();
    if (pid > 0) {
        // Unless the child has been here first, and may have gone again (-1).
        int32_t none = 0;
        __atomic_compare_exchange_n(&slots[slot].pid, &none, pid, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
    } else if (pid == 0) {
        slots[slot].pid = getpid();
        timer_deadline = 0;
        pv_shared->pending = 0;
        fake_host_slot(slot);
        for (int i = 0; i < 32; i++)
            info()->seed[i] = (uint8_t)(slot * 31 + (uint32_t)i * 7);
        family_forks = 0;
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    return pid < 0 ? -EAGAIN : pid == 0;
}

void pv_exit(uint32_t status, const void *publish, uint32_t value, uint32_t kick_slot,
             int interrupt)
{
    slots[boot_info->slot].pid = -1;
    if (publish)
        __atomic_store_n((uint32_t *)publish, value, __ATOMIC_SEQ_CST);
    if (kick_slot) {
        __atomic_fetch_add(&window_door(kick_slot)->bell, 1, __ATOMIC_SEQ_CST);
        pv_kick(kick_slot, interrupt ? PV_KICK_INTERRUPT : 0);
    }
    fflush(NULL);
    _exit((int)(status >> 8 & 0xff));
}

int64_t pv_kill(uint32_t slot)
{
    post(slot, PV_EVENT_KILL);
    return 0;
}

int64_t pv_console(uint32_t fd, int write, const void *buf, uint64_t len)
{
    (void)fd, (void)write, (void)buf;
    return (int64_t)len;
}

// --- for tests ---

void family_boot(void)
{
    struct sigaction act = {.sa_handler = on_post, .sa_flags = SA_NODEFER};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!slots) {
        slots = mmap(NULL, (FAKE_SLOTS + 1) * sizeof *slots, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (slots == MAP_FAILED)
            abort();
    }
    sigaction(SIGUSR1, &act, NULL);
    sigaction(SIGALRM, &act, NULL);
    signal(SIGCHLD, SIG_IGN); // the host reaps by itself
    fake_kick_hook = on_kick;
    pv_shared->masked = 1; // what the last family still posts would find no window
    fake_host_window(16u << 20);
    window_header()->deaths = deaths;
    fake_host_slot(1);
    info()->first = 1;
    info()->stack_top = 8u << 20;
    pv_shared->pending = pv_shared->masked = 0;
    slots[1] = (struct host_slot){.pid = getpid()};
    lower_boot();
}

void family_die(void)
{
    fake_die();
    abort(); // not reached
}

void family_mourn(uint32_t slot)
{
    int32_t pid = slots[slot].pid;
    while (pid > 0 && kill(pid, 0) == 0)
        family_sleep_ms(1);
    slots[slot].pid = 0;
    family_mourn_late(slot, window_door(slot)->gen);
}

void family_mourn_late(uint32_t slot, uint32_t gen)
{
    fake_mourn_late(slot, gen);
    deaths++;
    post(1, PV_EVENT_DEATH);
}

int family_left(void)
{
    int n = 0;
    for (int tries = 0; tries < 1000; tries++) {
        n = 0;
        for (uint32_t i = 2; i <= FAKE_SLOTS; i++)
            n += slots[i].pid > 0 && kill(slots[i].pid, 0) == 0;
        if (n == 0)
            return 0;
        family_sleep_ms(1);
    }
    return n;
}

void family_sleep_ms(int ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
        ;
}
