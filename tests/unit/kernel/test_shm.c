// SPDX-License-Identifier: BSD-2-Clause
// Shared anonymous memory: runs of window pages, who maps them, and that they go with the last
// user. Each process is a host process over one window; see fake_family.h.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/mem/shared.h"
#include "kernel/sys.h"
#include "tests/unit/lib/family_helpers.h"

static uint32_t pages_before;

static void set_up(void)
{
    family_boot();
    pages_before = window_pages_used();
}

static void check_nothing_left(void)
{
    CHECK_EQ(family_left(), 0);
    CHECK_EQ(window_pages_used(), pages_before);
    CHECK_EQ(window_root()->segments.used, 0);
}

// Checks that a run is all zeros, then fills it.
static int zero_then_fill(uint8_t *run, uint32_t count)
{
    int zero = 1;
    for (size_t i = 0; i < (size_t)count * WPAGE; i++)
        zero &= run[i] == 0;
    memset(run, 0xa5, (size_t)count * WPAGE);
    return zero;
}

static void test_runs(void)
{
    static const uint32_t sizes[] = {1, 3, 63, 64, 65, 128, 200};
    uint8_t *runs[7];
    set_up();
    for (int round = 0; round < 2; round++) { // the second time in pages that were used before
        for (int i = 0; i < 7; i++) {
            runs[i] = window_run_alloc(sizes[i]);
            if (!CHECK(runs[i] != NULL))
                return;
            CHECK_EQ((runs[i] - window_base) % WPAGE, 0);
            CHECK(zero_then_fill(runs[i], sizes[i]));
        }
        for (int i = 0; i < 7; i++) // nobody wrote into another's
            CHECK(runs[i][0] == 0xa5 && runs[i][(size_t)sizes[i] * WPAGE - 1] == 0xa5);
        for (int i = 0; i < 7; i++)
            window_run_free(runs[i], sizes[i]);
        CHECK_EQ(window_pages_used(), pages_before);
    }
}

static void test_no_run(void)
{
    set_up();
    uint32_t total = window_pages_total();
    CHECK(window_run_alloc(0) == NULL);
    CHECK(window_run_alloc(total + 1) == NULL);
    CHECK(window_run_alloc(UINT32_MAX) == NULL);
    CHECK(window_run_alloc(total) == NULL);      // a page in the middle is taken
    CHECK_EQ(window_pages_used(), pages_before); // and what had been taken was given back
    uint8_t *most = window_run_alloc(total - 1024);
    CHECK(most != NULL);
    CHECK_EQ(shm_map(2048, 3), -ENOMEM);
    window_run_free(most, total - 1024);
    check_nothing_left();
}

static void test_shared(void)
{
    set_up();
    long at = shm_map(3, 3);
    volatile int *p = (int *)at;
    CHECK(at > 0 && shm_within((uintptr_t)at, 3 * WPAGE, 0));
    CHECK(!shm_within((uintptr_t)at, 3 * WPAGE + 1, 0));
    CHECK(!shm_within((uintptr_t)at - 1, 2, 0));
    p[0] = 1;
    long pid = sys_fork();
    if (pid == 0) {
        p[1] = p[0] + 1;
        if (sys_fork() == 0) {
            p[2] = p[1] + 1;
            sys_exit(0);
        }
        sys_wait4(-1, NULL, 0, NULL);
        sys_exit(shm_within((uintptr_t)at, WPAGE, 0));
    }
    CHECK_EQ(reap(pid), 1);
    CHECK_EQ(p[1], 2);
    CHECK_EQ(p[2], 3);
    CHECK_EQ(shm_unmap((uintptr_t)at, 3), 0);
    CHECK(!shm_within((uintptr_t)at, 1, 0));
    check_nothing_left();
}

// The pages outlive their maker, and go with the last process, however it ends.
static void test_last_user(void)
{
    set_up();
    long at = shm_map(5, 3);
    volatile int *p = (int *)at;
    long pid = sys_fork();
    if (pid == 0) {
        while (p[0] != 1)
            family_sleep_ms(1);
        sys_exit(p[1]);
    }
    p[1] = 42;
    CHECK_EQ(shm_unmap((uintptr_t)at, 5), 0);
    CHECK_EQ(window_root()->segments.used, 1);
    p[0] = 1; // a program would fault now or not; the test knows the child still has it
    CHECK_EQ(reap(pid), 42);
    check_nothing_left();

    at = shm_map(5, 3);
    lowest_slot_next();
    pid = sys_fork();
    if (pid == 0)
        family_die();
    family_mourn(2);
    CHECK_EQ(reap(pid), -SIGKILL);
    shm_drop_all(proc_self);
    shm_drop_all(proc_self); // as an undertaker's undertaker may
    check_nothing_left();
}

static void test_parts(void)
{
    set_up();
    uintptr_t at = (uintptr_t)shm_map(10, 3);
    CHECK_EQ(shm_unmap(at, 2), 0);             // the beginning
    CHECK_EQ(shm_unmap(at + 9 * WPAGE, 1), 0); // the end
    CHECK_EQ(shm_unmap(at + 4 * WPAGE, 2), 0); // a hole
    for (uint32_t i = 0; i < 10; i++)
        CHECK_EQ(shm_within(at + i * WPAGE, WPAGE, 0), (i >= 2 && i < 4) || (i >= 6 && i < 9));
    CHECK_EQ(window_pages_used(), pages_before + 10); // pages go together
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(shm_within(at + 6 * WPAGE, 3 * WPAGE, 0) && !shm_within(at + 4 * WPAGE, 1, 0));
    CHECK_EQ(reap(pid), 1);
    CHECK_EQ(shm_unmap(at, 7), 0); // more than is left: a hole is no error
    CHECK(!shm_within(at + 3 * WPAGE, 1, 0));
    CHECK(shm_within(at + 7 * WPAGE, 2 * WPAGE, 0));
    CHECK_EQ(shm_unmap(at + 7 * WPAGE, 100), 0);
    check_nothing_left();
}

static void test_table_full(void)
{
    set_up();
    uintptr_t first = (uintptr_t)shm_map(3, 3);
    for (int i = 1; i < PROC_MAX_MAPS - 1; i += 2) { // two entries each: it has a hole
        long at = shm_map(3, 3);
        CHECK(at > 0);
        CHECK_EQ(shm_unmap((uintptr_t)at + WPAGE, 1), 0);
    }
    CHECK(shm_map(1, 3) > 0);
    CHECK_EQ(shm_map(1, 3), -ENOMEM);
    CHECK_EQ(shm_unmap(first + WPAGE, 1), -ENOMEM); // would make two of one
    CHECK(shm_within(first, 3 * WPAGE, 0));
    CHECK_EQ(shm_unmap(first, 3), 0);
    CHECK(shm_map(1, 3) > 0);
    shm_drop_all(proc_self);
    check_nothing_left();
}

// Several VMs allocate and free at once: every page is somebody's alone.
static void test_contention(void)
{
    long pids[4];
    set_up();
    for (int v = 0; v < 4; v++) {
        pids[v] = sys_fork();
        if (pids[v] != 0)
            continue;
        int good = 0;
        for (uint32_t i = 0; i < 100; i++) {
            uint32_t n = 1 + (i * 37 + (uint32_t)v * 11) % 150;
            uint32_t *run = window_run_alloc(n);
            if (!run)
                break;
            run[0] = run[n * (WPAGE / 4) - 1] = (uint32_t)v;
            sys_sched_yield();
            good += run[0] == (uint32_t)v && run[n * (WPAGE / 4) - 1] == (uint32_t)v;
            run[0] = run[n * (WPAGE / 4) - 1] = 0;
            window_run_free(run, n);
        }
        sys_exit(good);
    }
    for (int v = 0; v < 4; v++)
        CHECK_EQ(reap(pids[v]), 100);
    check_nothing_left();
}

int main(void)
{
    RUN(test_runs);
    RUN(test_no_run);
    RUN(test_shared);
    RUN(test_last_user);
    RUN(test_parts);
    RUN(test_table_full);
    RUN(test_contention);
    return check_done("shm");
}
