// SPDX-License-Identifier: BSD-2-Clause
// The fork table: in which order hooks run on the two sides, and that a refusal undoes exactly what
// was prepared. With a table of the test's own in place of kernel/proc/forktable.c.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/proc/forktable.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/sys.h"
#include "tests/unit/lib/fake_family.h"

// What the hooks did, a letter each: capitals prepare, small letters the parent, digits the child,
// '!' after a failure. In the window, for the child's to be seen.
static struct log {
    uint32_t len;
    char text[60];
} * parent_log, *child_log;

static int refuses; // the hook that refuses: 'A', 'B' or 0
static int32_t prepared_pid;

static void note(struct log *log, char c)
{
    log->text[log->len++] = c;
    log->text[log->len] = '\0';
}

static int prepare(char name)
{
    if (refuses == name)
        return -ENOMEM;
    note(parent_log, name);
    return 0;
}

static int prepare_a(struct proc *child)
{
    prepared_pid = child->pid;
    return prepare('A');
}

static int prepare_b(struct proc *child)
{
    CHECK_EQ(child->pid, prepared_pid);
    CHECK_EQ(child->state, PROC_EMBRYO);
    return prepare('B');
}

static void parent_a(struct proc *child, int failed)
{
    (void)child;
    note(parent_log, 'a');
    if (failed)
        note(parent_log, '!');
}

static void parent_c(struct proc *child, int failed)
{
    (void)child;
    note(parent_log, 'c');
    if (failed)
        note(parent_log, '!');
}

static void child_b(void)
{
    // The process's own hook, the last of the table, has run: we know who we are.
    note(child_log, proc_self->slot == boot_info->slot ? '2' : 'x');
}

static void child_c(void)
{
    note(child_log, '3');
}

const struct fork_hook fork_table[] = {
    {.name = "a", .prepare = prepare_a, .parent = parent_a},
    {.name = "b", .prepare = prepare_b, .child = child_b},
    {.name = "c", .parent = parent_c, .child = child_c},
    {.name = "proc", .prepare = proc_fork_prepare, .child = proc_fork_child},
};
const uint32_t fork_table_len = ARRAY_LEN(fork_table);

static void set_up(void)
{
    family_boot();
    parent_log = window_pages_alloc(1);
    child_log = window_pages_alloc(1);
    family_busy = family_full = refuses = 0;
}

static void check_nothing_left(void)
{
    CHECK_EQ(lower_inode_refs(), 2);
    CHECK_EQ(lower_fd_tables(), 1);
    CHECK_EQ(sys_wait4(-1, NULL, 1, NULL), -ECHILD);
}

static void test_order(void)
{
    set_up();
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(0);
    CHECK(pid > 0);
    CHECK_EQ(prepared_pid, pid);
    CHECK_EQ(sys_wait4((int)pid, NULL, 0, NULL), pid);
    CHECK_STR(parent_log->text, "ABca");
    CHECK_STR(child_log->text, "32");
    check_nothing_left();
}

static void test_first_refuses(void)
{
    set_up();
    refuses = 'A';
    CHECK_EQ(sys_fork(), -ENOMEM);
    CHECK_STR(parent_log->text, "");
    CHECK_EQ(family_forks, 0);
    check_nothing_left();
}

static void test_later_refuses(void)
{
    set_up();
    refuses = 'B';
    CHECK_EQ(sys_fork(), -ENOMEM);
    CHECK_STR(parent_log->text, "Aa!"); // what came after was not prepared, so not undone
    CHECK_STR(child_log->text, "");
    check_nothing_left();
}

static void test_host_refuses(void)
{
    set_up();
    family_full = 1;
    CHECK_EQ(sys_fork(), -EAGAIN);
    CHECK_STR(parent_log->text, "ABc!a!");
    check_nothing_left();
}

// A slot that the host has not freed yet: the hooks run once, and see the same process.
static void test_moved(void)
{
    set_up();
    family_busy = 2;
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(0);
    CHECK_EQ(prepared_pid, pid);
    CHECK_EQ(sys_wait4((int)pid, NULL, 0, NULL), pid);
    CHECK_STR(parent_log->text, "ABca");
    CHECK_STR(child_log->text, "32");
    check_nothing_left();
}

int main(void)
{
    RUN(test_first_refuses); // before any fork: family_forks is 0
    RUN(test_order);
    RUN(test_later_refuses);
    RUN(test_host_refuses);
    RUN(test_moved);
    return check_done("forktable");
}
