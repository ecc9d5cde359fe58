// SPDX-License-Identifier: BSD-2-Clause
// Processes: fork, exit, wait, groups, full tables.
// Each process is a host process over one window; see fake_family.h. Neighbours: test_death.c,
// test_vfork.c.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/api/wait.h"
#include "kernel/proc/forktable.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "tests/unit/lib/family_helpers.h"

// The host's, whose headers clash with the kernel's.
#include <fcntl.h>
#include <unistd.h>

static void set_up(void)
{
    family_boot();
    notes = window_pages_alloc(1);
    family_busy = family_full = 0;
}

static void test_first(void)
{
    set_up();
    CHECK_EQ(sys_getpid(), 2);
    CHECK_EQ(sys_getppid(), 1);
    CHECK_EQ(sys_getpgid(0), 2);
    CHECK_EQ(sys_getsid(0), 2);
    CHECK_STR(proc_self->comm, "first");
    // In a child it runs first, and gives the other hooks their process entry and name on locks.
    CHECK_STR(fork_table[fork_table_len - 1].name, "proc");
    check_alone();
}

static void test_fork_exit_wait(void)
{
    set_up();
    proc_self->umask = 027;
    proc_self->alarm_ns = 12345;
    long pid = sys_fork();
    if (pid == 0) {
        int good = sys_getpid() == 3 && sys_getppid() == 2 && sys_getpgid(0) == 2 &&
                   proc_self->umask == 027 && proc_self->alarm_ns == 0;
        sys_exit(good ? 17 : 1);
    }
    CHECK_EQ(pid, 3);
    CHECK_EQ(reap(pid), 17);
    CHECK_EQ(reap(pid), -ECHILD * 1000);
    check_alone();
}

static void test_wait_selects(void)
{
    int status;
    long a, b;
    set_up();
    if ((a = sys_fork()) == 0) {
        sys_setpgid(0, 0);
        notes->value[0] = 1;
        wait_go();
        sys_exit(1);
    }
    if ((b = sys_fork()) == 0)
        sys_exit(2);
    CHECK_EQ(reap(b), 2);
    CHECK_EQ(sys_wait4((int)a, &status, WNOHANG, NULL), 0);
    CHECK_EQ(sys_wait4((int)b, &status, 0, NULL), -ECHILD);
    while (!__atomic_load_n(&notes->value[0], __ATOMIC_SEQ_CST))
        family_sleep_ms(1);
    CHECK_EQ(sys_wait4(0, &status, WNOHANG, NULL), -ECHILD); // nobody is left in our group
    CHECK_EQ(sys_wait4(-(int)a, &status, WNOHANG, NULL), 0);
    CHECK_EQ(sys_wait4(-(int)b, &status, 0, NULL), -ECHILD);
    notes->go = 1;
    CHECK_EQ(sys_wait4(-(int)a, &status, 0, NULL), a);
    CHECK_EQ(exit_code(status), 1);
    CHECK_EQ(sys_wait4(INT32_MIN, &status, 0, NULL), -ESRCH);
    CHECK_EQ(sys_wait4(-1, &status, 0x40, NULL), -EINVAL);
    check_alone();
}

static void test_waitid(void)
{
    struct k_siginfo info;
    set_up();
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(33);
    for (int i = 0; i < 2; i++) { // WNOWAIT leaves it
        CHECK_EQ(sys_waitid(P_PID, (int)pid, &info, WEXITED | (i ? 0 : WNOWAIT), NULL), 0);
        CHECK_EQ(info.signo, SIGCHLD);
        CHECK_EQ(info.code, CLD_EXITED);
        CHECK_EQ(info.u.proc.pid, pid);
        CHECK_EQ(info.u.proc.status, 33);
    }
    CHECK_EQ(sys_waitid(P_ALL, 0, &info, WEXITED, NULL), -ECHILD);
    CHECK_EQ(sys_waitid(P_ALL, 0, &info, 0, NULL), -EINVAL);
    CHECK_EQ(sys_waitid(P_PID, 0, &info, WEXITED, NULL), -EINVAL);
    check_alone();
}

static void test_orphan(void)
{
    set_up();
    long pid = sys_fork();
    if (pid == 0) {
        if (sys_fork() == 0) {
            while (sys_getppid() != 1)
                family_sleep_ms(1);
            notes->value[0] = 77;
            sys_exit(5);
        }
        sys_exit(4);
    }
    CHECK_EQ(reap(pid), 4);
    for (int i = 0; i < 1000 && notes->value[0] != 77; i++)
        family_sleep_ms(1);
    CHECK_EQ(notes->value[0], 77);
    CHECK_EQ(family_left(), 0);
    check_alone(); // init reaped it
}

static void test_ignored_child(void)
{
    struct k_sigaction act = {.handler = K_SIG_IGN};
    set_up();
    CHECK_EQ(sys_sigaction(SIGCHLD, &act, NULL), 0);
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(9);
    CHECK_EQ(sys_wait4((int)pid, NULL, 0, NULL), -ECHILD); // but only when it has ended
    check_alone();
}

// --- no room ---

static void test_slot_busy(void)
{
    set_up();
    family_busy = 3;
    family_forks = 0;
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(proc_self->pid == sys_getpid() && proc_self->slot == boot_info->slot ? 8 : 1);
    CHECK_EQ(family_forks, 4);
    CHECK_EQ(reap(pid), 8);
    check_alone();
}

static void test_host_full(void)
{
    set_up();
    family_full = 1;
    CHECK_EQ(sys_fork(), -EAGAIN);
    check_alone();
    family_full = 0;
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(1);
    CHECK_EQ(reap(pid), 1);
}

static void test_table_full(void)
{
    int n = 0, good = 0;
    long pid;
    set_up();
    while ((pid = sys_fork()) > 0)
        n++;
    if (pid == 0) {
        wait_go();
        sys_exit(3);
    }
    CHECK_EQ(pid, -EAGAIN);
    CHECK_EQ(n, (int)window_header()->max_slots - 1);
    notes->go = 1;
    for (int i = 0; i < n; i++)
        good += reap(3 + i) == 3;
    CHECK_EQ(good, n);
    check_alone();
    if ((pid = sys_fork()) == 0) // and slots are used again
        sys_exit(2);
    CHECK_EQ(reap(pid), 2);
}

static void test_nproc(void)
{
    set_up();
    proc_self->rlimits[RLIMIT_NPROC].cur = 2;
    proc_self->uid = proc_self->euid = 5;
    long pid = sys_fork();
    if (pid == 0) {
        wait_go();
        sys_exit(0);
    }
    CHECK_EQ(sys_fork(), -EAGAIN);
    notes->go = 1;
    CHECK_EQ(reap(pid), 0);
    check_alone();
}

static void test_pids_wrap(void)
{
    set_up();
    window_root()->next_pid = 4194304 - PROC_FIRST_PID - 1;
    long last = sys_fork();
    if (last == 0)
        sys_exit(0);
    CHECK_EQ(last, 4194303);
    long next = sys_fork(); // pid 2 is ours
    if (next == 0)
        sys_exit(0);
    CHECK_EQ(next, 3);
    CHECK_EQ(reap(last), 0);
    CHECK_EQ(reap(next), 0);
}

// --- groups and sessions ---

static void test_groups(void)
{
    set_up();
    CHECK_EQ(sys_setpgid(0, 0), -EPERM); // a session leader
    CHECK_EQ(sys_setsid(), -EPERM);      // and a group leader
    CHECK_EQ(sys_setpgid(99, 0), -ESRCH);
    CHECK_EQ(sys_setpgid(0, -1), -EINVAL);
    long pid = sys_fork();
    if (pid == 0) {
        wait_go();
        long sid = sys_setsid(); // a group leader since its parent made it one
        notes->value[0] = (int)sid;
        sys_exit(0);
    }
    CHECK_EQ(sys_setpgid((int)pid, 77), -EPERM); // no such group
    CHECK_EQ(sys_setpgid((int)pid, 0), 0);
    CHECK_EQ(sys_getpgid((int)pid), pid);
    CHECK_EQ(sys_setpgid((int)pid, 2), 0); // back to ours
    CHECK_EQ(sys_setpgid((int)pid, (int)pid), 0);
    proc_at(2)->exec_done = 1;
    CHECK_EQ(sys_setpgid((int)pid, 2), -EACCES);
    notes->go = 1;
    CHECK_EQ(reap(pid), 0);
    CHECK_EQ(notes->value[0], -EPERM);
    CHECK_EQ(sys_getpgid((int)pid), -ESRCH);
    if ((pid = sys_fork()) == 0)
        sys_exit(sys_setsid() == sys_getpid() && sys_getsid(0) == sys_getpid() &&
                 sys_getpgid(0) == sys_getpid());
    CHECK_EQ(reap(pid), 1);
    check_alone();
}

// --- many at once ---

// Entries of the table whose pages this process has looked at (proc(5), pagemap, bit 63).
static int entries_touched(void)
{
    int n = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    for (uint32_t slot = 1; slot <= window_header()->max_slots; slot++) {
        uint64_t word = 0, page = (uintptr_t)&proc_at(slot)->pid / 4096;
        if (pread(fd, &word, sizeof word, (off_t)(page * sizeof word)) == sizeof word)
            n += word >> 63;
    }
    close(fd);
    return n;
}

// In a large family a process that forks, waits and ends looks at few entries: the first touch of
// each is dear.
static void test_touches_few(void)
{
    enum { MANY = 120 };
    long pids[MANY];
    set_up();
    for (int i = 0; i < MANY; i++) {
        pids[i] = sys_fork();
        if (pids[i] == 0) {
            wait_go();
            sys_exit(0);
        }
    }
    long pid = sys_fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++) {
            long child = sys_fork();
            if (child == 0)
                sys_exit(0);
            reap(child);
        }
        sys_exit(entries_touched());
    }
    int touched = reap(pid);
    // The host maps up to 16 pages around the one that is looked at, some ten entries.
    CHECK(touched >= 2 && touched < MANY / 2);
    notes->go = 1;
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(reap(pids[i]), 0);
    check_alone();
}

// So do a job of an interactive shell, which gets a group of its own, and whoever asks for or
// signals a process by its number.
static void test_touches_few_by_number(void)
{
    enum { MANY = 120 };
    long pids[MANY];
    set_up();
    for (int i = 0; i < MANY; i++) {
        pids[i] = sys_fork();
        if (pids[i] == 0) {
            wait_go();
            sys_exit(0);
        }
    }
    long job = sys_fork();
    if (job == 0) {
        int bad = sys_setpgid(0, 0) != 0;
        long child = sys_fork();
        if (child == 0) {
            bad = sys_setsid() != sys_getpid() || sys_setpgid(0, 0) != -EPERM;
            bad |= sys_kill((int)pids[3], 0) != 0 || sys_getpgid((int)pids[3]) != 2;
            sys_exit(bad ? 1000 : entries_touched());
        }
        bad |= sys_setpgid((int)child, sys_getpid()) == -ESRCH;
        int touched = reap(child);
        // Of its end all but the last call to the host.
        bad |= proc_group_stopped(sys_getpgid(0));
        sys_exit(bad ? 1000 : touched > entries_touched() ? touched : entries_touched());
    }
    int touched = reap(job);
    CHECK(touched >= 2 && touched < MANY / 2);
    notes->go = 1;
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(reap(pids[i]), 0);
    CHECK_EQ(sys_kill((int)pids[3], 0), -ESRCH);
    check_alone();
}

static void test_storm(void)
{
    long pids[4];
    set_up();
    for (int i = 0; i < 4; i++) {
        pids[i] = sys_fork();
        if (pids[i] != 0)
            continue;
        int good = 0;
        for (int n = 0; n < 25; n++) {
            long pid = sys_fork();
            if (pid == 0)
                sys_exit(n);
            good += pid > 0 && reap(pid) == n;
        }
        sys_exit(good);
    }
    for (int i = 0; i < 4; i++)
        CHECK_EQ(reap(pids[i]), 25);
    check_alone();
}

int main(void)
{
    RUN(test_first);
    RUN(test_fork_exit_wait);
    RUN(test_wait_selects);
    RUN(test_waitid);
    RUN(test_orphan);
    RUN(test_ignored_child);
    RUN(test_slot_busy);
    RUN(test_host_full);
    RUN(test_table_full);
    RUN(test_nproc);
    RUN(test_pids_wrap);
    RUN(test_groups);
    RUN(test_touches_few);
    RUN(test_touches_few_by_number);
    RUN(test_storm);
    return check_done("proc");
}
