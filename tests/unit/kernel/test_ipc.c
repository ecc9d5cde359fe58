// SPDX-License-Identifier: BSD-2-Clause
// Interprocess communication and members that die without a word: what a process had attached,
// waited for and was to undo is put right by its undertaker, and a queue whose lock it held is
// whole. Each process is a host process over one window; see fake_family.h.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/sem.h"
#include "kernel/api/shm.h"
#include "kernel/api/signal.h"
#include "kernel/ipc/msg.h"
#include "kernel/ipc/sem.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"
#include "kernel/sys.h"
#include "tests/unit/lib/family_helpers.h"

#define ROUNDS 10000u // more than there are entries

static uint32_t pages_before;

static void set_up(void)
{
    family_boot();
    pages_before = window_pages_used();
}

static void check_nothing_left(void)
{
    const struct wroot *root = window_root();
    CHECK_EQ(family_left(), 0);
    CHECK_EQ(ipc_count_all(), 0);
    CHECK_EQ(root->segments.used, 0);
    CHECK_EQ(root->sem_undos.used, 0);
    CHECK_EQ(root->ipc_waits.used, 0);
    CHECK_EQ(root->messages.used, 0);
    CHECK_EQ(window_pages_used(), pages_before);
}

// A child that does its part and is gone as by a SIGKILL to its monitor.
static void die_doing(void (*part)(int id), int id)
{
    lowest_slot_next();
    long pid = sys_fork();
    if (pid == 0) {
        part(id);
        family_die();
    }
    family_mourn(2);
    CHECK_EQ(reap(pid), -SIGKILL);
}

static void attach(int id)
{
    if (sys_shmat(id, NULL, 0) < 0)
        sys_exit(1);
}

static uint64_t attachments(int id)
{
    struct k_shmid_ds ds;
    CHECK_EQ(sys_shmctl(id, IPC_STAT, &ds), 0);
    return ds.nattch;
}

static void test_attached(void)
{
    set_up();
    int id = (int)sys_shmget(IPC_PRIVATE, 10000, 0600);
    CHECK(id >= 0);
    long at = sys_shmat(id, NULL, 0);
    CHECK(at > 0);
    die_doing(attach, id);
    CHECK_EQ(attachments(id), 1);
    CHECK_EQ(sys_shmctl(id, IPC_RMID, NULL), 0);
    die_doing(attach, id);
    CHECK_EQ(attachments(id), 1);
    CHECK_EQ(sys_shmdt((void *)at), 0);
    check_nothing_left();
}

static void take_three(int id)
{
    const struct k_sembuf ops[] = {{0, -3, SEM_UNDO}, {1, 2, SEM_UNDO}, {1, 1, 0}};
    if (sys_semtimedop(id, ops, 3, NULL) < 0)
        sys_exit(1);
    (void)ipc_wait_begin(IPC_WAIT_MORE, (uint32_t)id, 1);
}

static void test_undone(void)
{
    set_up();
    int id = (int)sys_semget(IPC_PRIVATE, 2, 0600);
    CHECK(id >= 0);
    CHECK_EQ(sys_semctl(id, 0, SETVAL, 10), 0);
    die_doing(take_three, id);
    CHECK_EQ(sys_semctl(id, 0, GETVAL, 0), 10);
    CHECK_EQ(sys_semctl(id, 1, GETVAL, 0), 1);
    CHECK_EQ(sys_semctl(id, 1, GETNCNT, 0), 0);
    CHECK_EQ(sys_semctl(id, 0, IPC_RMID, 0), 0);
    check_nothing_left();
}

// A process that makes sets and removes them needs no more entries than it has at a time.
static void test_undos_reused(void)
{
    const struct k_sembuf op = {0, 1, SEM_UNDO};
    set_up();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        int id = (int)sys_semget(IPC_PRIVATE, 1, 0600);
        if (id < 0 || sys_semtimedop(id, &op, 1, NULL) < 0 || sys_semctl(id, 0, IPC_RMID, 0) < 0) {
            CHECK_EQ(i, ROUNDS);
            break;
        }
    }
    CHECK_EQ(window_root()->sem_undos.used, 1);
    sem_undo_all(proc_self);
    check_nothing_left();
}

// In the middle of a change: the list is whole, the counts are not.
static void break_queue(int id)
{
    long error;
    struct ipc_head *h = ipc_lock(IPC_MSG, id, &error);
    if (!h)
        sys_exit(1);
    msg_queue_of(h)->list.count = 77;
    msg_queue_of(h)->list.bytes = 1;
    msg_queue_of(h)->list.last.unit = 0;
}

static void test_queue_repaired(void)
{
    struct {
        int64_t type;
        char text[700];
    } m = {.type = 5};
    struct k_msqid_ds ds;
    set_up();
    int id = (int)sys_msgget(IPC_PRIVATE, 0600);
    CHECK_EQ(sys_msgsnd(id, &m, 700, 0), 0);
    CHECK_EQ(sys_msgsnd(id, &m, 3, 0), 0);
    die_doing(break_queue, id);
    CHECK_EQ(sys_msgctl(id, IPC_STAT, &ds), 0);
    CHECK_EQ(ds.qnum, 2);
    CHECK_EQ(ds.cbytes, 703);
    CHECK_EQ(sys_msgsnd(id, &m, 9, 0), 0);
    CHECK_EQ(sys_msgrcv(id, &m, 700, 0, 0), 700);
    CHECK_EQ(sys_msgrcv(id, &m, 700, 0, 0), 3);
    CHECK_EQ(sys_msgrcv(id, &m, 700, 0, 0), 9);
    CHECK_EQ(sys_msgctl(id, IPC_RMID, NULL), 0);
    check_nothing_left();
}

// Tables that are full say so, and are usable again.
static void test_full(void)
{
    set_up();
    int first = -1, id = 0, n = 0;
    for (; (id = (int)sys_msgget(IPC_PRIVATE, 0600)) >= 0; n++)
        first = first < 0 ? id : first;
    CHECK_EQ(n, (int)MSG_QUEUES);
    CHECK_EQ(id, -ENOSPC);
    CHECK_EQ(sys_msgctl(first, IPC_RMID, NULL), 0);
    id = (int)sys_msgget(IPC_PRIVATE, 0600);
    CHECK(id >= 0 && id != first); // another in its place
    CHECK_EQ(sys_msgctl(first, IPC_RMID, NULL), -EIDRM);
    for (int i = 0; i < (int)MSG_QUEUES; i++) {
        struct k_msqid_ds ds;
        long at = sys_msgctl(i, MSG_STAT, &ds);
        CHECK_EQ(sys_msgctl((int)at, IPC_RMID, NULL), 0);
    }
    CHECK_EQ(sys_shmget(IPC_PRIVATE, (size_t)window_pages_total() * WPAGE, 0600), -ENOMEM);
    CHECK_EQ(sys_shmget(IPC_PRIVATE, (size_t)-1, 0600), -EINVAL);
    check_nothing_left();
}

int main(void)
{
    RUN(test_attached);
    RUN(test_undone);
    RUN(test_undos_reused);
    RUN(test_queue_repaired);
    RUN(test_full);
    return check_done("ipc");
}
