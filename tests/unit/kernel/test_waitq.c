// SPDX-License-Identifier: BSD-2-Clause
// Wait queues: no wake-up is lost, none comes too late, and nobody calls the host without need.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/window/waitq.h"
#include "tests/unit/lib/fake_kernel.h"
#include <time.h>

#define ROUNDS  3000
#define PLAYERS 6

static struct shared_state {
    struct waitq q[PLAYERS];
    uint32_t turn; // whose
    uint32_t round;
    uint32_t flag;
} * shared;

static void set_up(void)
{
    fake_boot(8u << 20);
    shared = window_pages_alloc(1);
}

static int flag_set(void *arg)
{
    (void)arg;
    return (int)__atomic_load_n(&shared->flag, __ATOMIC_ACQUIRE);
}

static struct wait wait_of(struct waitq **queues, uint32_t n, uint64_t deadline)
{
    return (struct wait){.ready = flag_set, .queues = queues, .nqueues = n, .deadline = deadline};
}

static void test_ready(void)
{
    set_up();
    struct waitq *q = &shared->q[0];
    struct wait w = wait_of(&q, 1, PV_FOREVER);
    shared->flag = 5;
    fake_waits = 0;
    CHECK_EQ(wait_for(&w), 5);
    CHECK_EQ(fake_waits, 0);
    CHECK_EQ(q->slots, 0);
}

static void test_deadline(void)
{
    set_up();
    struct waitq *q = &shared->q[0];
    uint64_t from = fake_now();
    struct wait w = wait_of(&q, 1, from + 3000000);
    CHECK_EQ(wait_for(&w), 0);
    uint64_t took = fake_now() - from;
    CHECK(took >= 3000000 && took < 500000000);
    CHECK_EQ(window_door(1)->asleep, 0);
    CHECK_EQ(window_root()->core.waiting[0], 0);
    w.deadline = 0; // long past
    CHECK_EQ(wait_for(&w), 0);
}

static void test_interrupted(void)
{
    set_up();
    struct waitq *q = &shared->q[0];
    struct wait w = wait_of(&q, 1, fake_now() + 2000000);
    fake_interrupt(1);
    CHECK_EQ(wait_for(&w), -ERESTART);
    w.interrupted = wait_hooks.killed;
    CHECK_EQ(wait_for(&w), 0);
    shared->flag = 1; // what is ready wins
    w.interrupted = NULL;
    CHECK_EQ(wait_for(&w), 1);
    fake_interrupt(0);
}

static void test_wake_nobody(void)
{
    set_up();
    fake_kicks = 0;
    waitq_wake(&shared->q[0]);
    shared->q[0].slots = UINT64_MAX; // bits left by those who no longer wait
    waitq_wake(&shared->q[0]);
    CHECK_EQ(shared->q[0].slots, 0);
    CHECK_EQ(fake_kicks, 0);
    CHECK_EQ(pv_shared->critical, 0);
}

static int my_turn(void *arg)
{
    uint32_t me = *(uint32_t *)arg;
    return __atomic_load_n(&shared->turn, __ATOMIC_ACQUIRE) == me;
}

static uint32_t spin_turns;

// A token goes round; each player sleeps until it is its turn. A lost wake-up stops the ring.
static int player(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg;
    struct waitq *q = &shared->q[me];
    struct wait w = {.ready = my_turn,
                     .arg = &me,
                     .queues = &q,
                     .nqueues = 1,
                     .deadline = PV_FOREVER,
                     .spin = spin_turns};
    for (int i = 0; i < ROUNDS; i++) {
        if (wait_for(&w) != 1)
            return 1;
        shared->round++;
        __atomic_store_n(&shared->turn, (me + 1) % PLAYERS, __ATOMIC_RELEASE);
        waitq_wake(&shared->q[(me + 1) % PLAYERS]);
    }
    return 0;
}

// Slots 2, 66 and 130 share a bit, and so on: a waker must find the right one among its namesakes.
static void ring(uint32_t turns)
{
    static const uint32_t slots[PLAYERS] = {2, 66, 130, 3, 67, 7};
    pid_t vms[PLAYERS];
    set_up();
    spin_turns = turns;
    for (uint32_t i = 0; i < PLAYERS; i++)
        vms[i] = fake_vm(slots[i], player, (void *)(uintptr_t)i);
    for (int i = 0; i < PLAYERS; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
    CHECK_EQ(shared->round, PLAYERS * ROUNDS);
}

static void test_ring_sleeping(void)
{
    ring(1);
}

static void test_ring_spinning(void)
{
    ring(0);
}

static int herd(void *arg)
{
    (void)arg;
    // All queues at once, and each must do.
    struct waitq *queues[PLAYERS];
    for (int i = 0; i < PLAYERS; i++)
        queues[i] = &shared->q[i];
    struct wait w = wait_of(queues, PLAYERS, PV_FOREVER);
    w.spin = 1;
    return wait_for(&w) != 1;
}

static void test_herd(void)
{
    set_up();
    pid_t vms[5];
    for (uint32_t i = 0; i < 5; i++)
        vms[i] = fake_vm(60 + i, herd, NULL);
    struct wait pause = {.ready = flag_set, .deadline = fake_now() + 20000000};
    CHECK_EQ(wait_for(&pause), 0);
    __atomic_store_n(&shared->flag, 1, __ATOMIC_RELEASE);
    waitq_wake(&shared->q[3]);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
}

// By slot: how signals reach a VM that waits for something else.
static void test_wake_slot(void)
{
    set_up();
    pid_t vm = fake_vm(9, herd, NULL);
    struct wait pause = {.ready = flag_set, .deadline = fake_now() + 10000000};
    CHECK_EQ(wait_for(&pause), 0);
    __atomic_store_n(&shared->flag, 1, __ATOMIC_RELEASE);
    waitq_wake_slot(9, 0);
    CHECK_EQ(fake_join(vm), 0);
}

// --- a herd: VMs whose slots share a bit of the queue's word, asleep in two queues ---

static int sleeper(void *arg)
{
    struct waitq *q = arg;
    struct wait w = wait_of(&q, 1, PV_FOREVER);
    fake_waits = 0;
    wait_for(&w);
    if (q == &shared->q[1])
        __atomic_add_fetch(&shared->round, (uint32_t)fake_waits, __ATOMIC_SEQ_CST);
    return 0;
}

static void test_queues_apart(void)
{
    enum { HERD = 64 }; // in each queue: slots 2 to 65, and 66 to 129 with the same bits
    pid_t vms[2 * HERD];
    set_up();
    for (uint32_t i = 0; i < 2 * HERD; i++)
        vms[i] = fake_vm(2 + i, sleeper, &shared->q[i / HERD]);
    for (uint32_t i = 0; i < 2 * HERD; i++)
        while (!__atomic_load_n(&window_door(2 + i)->asleep, __ATOMIC_SEQ_CST))
            ;
    struct timespec moment = {0, 50000000};
    nanosleep(&moment, NULL);
    for (int n = 0; n < 20; n++) { // nothing has changed for them, nor for those in the other queue
        waitq_wake(&shared->q[0]);
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    shared->flag = 1;
    waitq_wake(&shared->q[1]);
    for (int i = HERD; i < 2 * HERD; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
    CHECK_EQ(shared->round, HERD); // each was woken once
    waitq_wake(&shared->q[0]);
    for (int i = 0; i < HERD; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
}

int main(void)
{
    RUN(test_ready);
    RUN(test_deadline);
    RUN(test_interrupted);
    RUN(test_wake_nobody);
    RUN(test_ring_sleeping);
    RUN(test_ring_spinning);
    RUN(test_herd);
    RUN(test_wake_slot);
    RUN(test_queues_apart);
    return check_done("waitq");
}
