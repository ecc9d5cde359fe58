// SPDX-License-Identifier: BSD-2-Clause
// What the tests that fork families share: notes between VMs, reaping, counting what is left.
// Neighbour: fake_family.h (the host they run on).
#ifndef RAMET_TESTS_FAMILY_HELPERS_H
#define RAMET_TESTS_FAMILY_HELPERS_H

#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/api/wait.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/sys.h"
#include "tests/unit/lib/check.h"
#include "tests/unit/lib/fake_family.h"

// In the window: what children tell the test.
static struct notes {
    int go, value[16];
} * notes __attribute__((unused));

static inline void wait_go(void)
{
    while (!__atomic_load_n(&notes->go, __ATOMIC_SEQ_CST))
        family_sleep_ms(1);
}

// Waits until another VM has written its note.
static inline void await_note(int at)
{
    for (int i = 0; i < 5000 && !__atomic_load_n(&notes->value[at], __ATOMIC_SEQ_CST); i++)
        family_sleep_ms(1);
}

// Of a wait status: the exit code, or minus the signal.
static inline int exit_code(int status)
{
    return (status & 0x7f) == 0 ? status >> 8 & 0xff : -(status & 0x7f);
}

// Waits for a child: its exit code, or a thousand times the error.
static inline int reap(long pid)
{
    int status = -1;
    long r = sys_wait4((int)pid, &status, 0, NULL);
    return r == pid ? exit_code(status) : (int)r * 1000;
}

// Slots are taken in turn; the next claim begins a new one.
static inline void lowest_slot_next(void)
{
    window_root()->turn = UINT32_MAX;
}

// Everything a family of one has, and no more.
static inline void check_alone(void)
{
    int entries = 0;
    CHECK_EQ(sys_wait4(-1, NULL, WNOHANG, NULL), -ECHILD);
    CHECK_EQ(family_left(), 0);
    CHECK_EQ(lower_inode_refs(), 2); // its root and working directory
    CHECK_EQ(lower_fd_tables(), 1);
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        entries++;
    CHECK_EQ(entries, 1);
    CHECK_EQ(pv_shared->critical, 0);
}

// Sets a disposition.
static inline void handle(int sig, uint64_t flags, uint64_t mask, void (*handler)(int))
{
    struct k_sigaction act = {.handler = handler, .flags = flags, .mask = mask};
    CHECK_EQ(sys_sigaction(sig, &act, NULL), 0);
}

#endif
