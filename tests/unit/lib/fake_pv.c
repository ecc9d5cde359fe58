// SPDX-License-Identifier: BSD-2-Clause
// The host, faked: a family's window in shared memory and doorbells as futexes. See fake_kernel.h.
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/pv.h"
#include "kernel/window/window.h"
#include "tests/unit/lib/fake_kernel.h"

static struct pv_boot_info info = {.flags = PV_BOOT_COMPANION, .spin = 1};
static struct pv_shared shared;

const struct pv_boot_info *boot_info = &info;
struct pv_shared *pv_shared = &shared;
uint64_t fake_waits, fake_kicks;
void (*fake_kick_hook)(uint32_t slot,
                       uint32_t flags); // for fake_family.c, whose VMs can be interrupted
static uint32_t self;

void fake_host_slot(uint32_t slot)
{
    self = slot;
    info.slot = slot;
}

// The host's part of a window, as host/family/family.c lays it out.
void fake_host_window(uint64_t size)
{
    if (window_base && window_base != (uint8_t *)PV_WINDOW_VA)
        munmap(window_base, window_header()->size);
    window_base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (window_base == MAP_FAILED)
        abort();
    struct window_header *h = window_header();
    h->max_slots = FAKE_SLOTS;
    h->size = size;
    h->doors_off = sizeof *h;
    h->tty_off = h->doors_off + (FAKE_SLOTS + 1) * sizeof(struct window_door);
    h->kernel_off = (h->tty_off + sizeof(struct window_tty) + 4095) & ~UINT64_C(4095);
    h->abi_version = PV_ABI_VERSION;
    h->magic = WINDOW_MAGIC;
    info.stdio[0] = PV_STDIO_TTY;
}

uint64_t fake_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int fake_time_flies;
void (*fake_wait_hook)(void);
static uint64_t ahead; // of the host's clock, when time has flown

uint64_t pv_mono_ns(void)
{
    return fake_now() + ahead;
}

void fake_time_pass(uint64_t ns)
{
    ahead += ns;
}

uint64_t pv_wall_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int64_t pv_wait(uint32_t bell, uint64_t deadline, uint32_t ready)
{
    (void)ready;
    fake_waits++;
    if (fake_wait_hook)
        fake_wait_hook();
    if (fake_time_flies && deadline != PV_FOREVER) {
        if (window_door(self)->bell == bell && deadline > pv_mono_ns())
            ahead += deadline - pv_mono_ns();
        return 0;
    }
    if (fake_wait_hook || __atomic_load_n(&shared.pending, __ATOMIC_SEQ_CST))
        return 0;
    struct timespec ts = {(time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u)};
    syscall(SYS_futex, &window_door(self)->bell, FUTEX_WAIT_BITSET, bell,
            deadline == PV_FOREVER ? NULL : &ts, NULL, FUTEX_BITSET_MATCH_ANY);
    return 0;
}

int64_t pv_kick(uint32_t slot, uint32_t flags)
{
    fake_kicks++;
    syscall(SYS_futex, &window_door(slot)->bell, FUTEX_WAKE, 1, NULL, NULL, 0);
    if (fake_kick_hook)
        fake_kick_hook(slot, flags);
    return 0;
}

// Declared here: kernel/arch.h brings the kernel's signal numbers, which clash with the host's
// headers.
// Threads of this process are the host's business.
void arch_set_thread_pointer(void *pointer);
void arch_set_thread_pointer(void *pointer)
{
    (void)pointer;
}

void arch_pause(void);
void arch_pause(void)
{
    __builtin_ia32_pause();
}

pid_t fake_vm(uint32_t slot, int (*fn)(void *), void *arg)
{
    // Before the fork, as the kernel does: the parent may close what the child inherits.
    fake_claim(slot);
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60); // a lost wake-up fails the test instead of hanging it
        fake_become(slot);
        _exit(fn(arg));
    }
    return pid;
}

int fake_join(pid_t pid)
{
    int status;
    if (waitpid(pid, &status, 0) < 0)
        return -1000;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status);
}

void fake_die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

void fake_mourn(uint32_t slot)
{
    fake_mourn_late(slot, window_door(slot)->gen);
}

void fake_mourn_late(uint32_t slot, uint32_t gen)
{
    __atomic_store_n(&window_door(slot)->death, WINDOW_DEATH(gen, SIGKILL), __ATOMIC_SEQ_CST);
    window_header()->deaths++;
}

static void print(const char *format, va_list args)
{
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void klog(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(format, args);
    va_end(args);
}

void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(format, args);
    va_end(args);
    abort();
}
