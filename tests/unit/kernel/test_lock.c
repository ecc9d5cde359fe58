// SPDX-License-Identifier: BSD-2-Clause
// Window locks: exclusion between VMs, and taking over from the dead.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/window/lock.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "tests/unit/lib/fake_kernel.h"

static struct shared_state {
    struct wlock lock;
    uint32_t inside, violations;
    uint64_t count;
} * shared;

static void set_up(void)
{
    fake_boot(8u << 20);
    shared = window_pages_alloc(1);
}

static void test_simple(void)
{
    set_up();
    CHECK_EQ(lock_take(&shared->lock), 0);
    CHECK_EQ(pv_shared->critical, 1);
    CHECK_EQ(lock_try(&shared->lock), 0);
    CHECK_EQ(pv_shared->critical, 1);
    lock_drop(&shared->lock);
    CHECK_EQ(pv_shared->critical, 0);
    CHECK_EQ(lock_try(&shared->lock), 1);
    lock_drop(&shared->lock);
}

static int contend(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20000; i++) {
        if (lock_take(&shared->lock) != 0)
            return 2;
        if (__atomic_add_fetch(&shared->inside, 1, __ATOMIC_SEQ_CST) != 1)
            shared->violations++;
        shared->count++; // not atomic: lost if the lock does not exclude
        __atomic_sub_fetch(&shared->inside, 1, __ATOMIC_SEQ_CST);
        lock_drop(&shared->lock);
    }
    return pv_shared->critical != 0;
}

static void test_exclusion(void)
{
    set_up();
    pid_t vms[4];
    for (uint32_t i = 0; i < 4; i++)
        vms[i] = fake_vm(2 + i, contend, NULL);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
    CHECK_EQ(shared->count, 80000);
    CHECK_EQ(shared->violations, 0);
}

static int take_and_die(void *arg)
{
    (void)arg;
    lock_take(&shared->lock);
    fake_die();
    return 0;
}

static void test_owner_died(void)
{
    set_up();
    CHECK_EQ(fake_join(fake_vm(2, take_and_die, NULL)), -10);
    fake_mourn(2);
    CHECK_EQ(lock_take(&shared->lock), -EOWNERDEAD);
    CHECK_EQ(pv_shared->critical, 1);
    lock_drop(&shared->lock);
    CHECK_EQ(lock_take(&shared->lock), 0);
    lock_drop(&shared->lock);
}

// The death has been dealt with, and then the slot has a new process: the lock is still its
// predecessor's.
static void test_owner_buried(void)
{
    set_up();
    CHECK_EQ(fake_join(fake_vm(2, take_and_die, NULL)), -10);
    fake_mourn(2);
    lock_owner_gone(2); // its undertaker, at the door
    window_door(2)->death = 0;
    CHECK_EQ(lock_take(&shared->lock), -EOWNERDEAD);
    lock_drop(&shared->lock);

    CHECK_EQ(fake_join(fake_vm(3, take_and_die, NULL)), -10);
    proc_at(3)->state = PROC_RUNNING;
    window_door(3)->gen++;
    CHECK_EQ(lock_take(&shared->lock), -EOWNERDEAD);
    lock_drop(&shared->lock);
}

static int take_over(void *arg)
{
    (void)arg;
    int r = lock_take(&shared->lock);
    if (r == -EOWNERDEAD)
        shared->count++;
    lock_drop(&shared->lock);
    return 0;
}

// Of several who wait for a dead one's lock, exactly one is told.
static void test_one_heir(void)
{
    set_up();
    CHECK_EQ(fake_join(fake_vm(2, take_and_die, NULL)), -10);
    pid_t vms[3];
    for (uint32_t i = 0; i < 3; i++)
        vms[i] = fake_vm(3 + i, take_over, NULL);
    fake_mourn(2);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
    CHECK_EQ(shared->count, 1);
}

// A waiter with an event pending sleeps all the same, longer and longer: waits that return are few.
static int take_with_event(void *arg)
{
    (void)arg;
    pv_shared->pending = PV_EVENT_KICK;
    fake_waits = 0;
    lock_take(&shared->lock);
    lock_drop(&shared->lock);
    __atomic_add_fetch(&shared->count, fake_waits, __ATOMIC_SEQ_CST);
    return pv_shared->pending == PV_EVENT_KICK ? 0 : 1; // it is there for the way out
}

static void test_naps(void)
{
    enum { HERD = 20 };
    pid_t vms[HERD];
    set_up();
    lock_take(&shared->lock);
    for (uint32_t i = 0; i < HERD; i++)
        vms[i] = fake_vm(2 + i, take_with_event, NULL);
    uint64_t end = fake_now() + 150000000;
    while (fake_now() < end)
        ;
    lock_drop(&shared->lock);
    for (int i = 0; i < HERD; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
    // 150 ms are some 50 naps of the longest kind; of 50 us each they were 2,000.
    CHECK(shared->count > HERD && shared->count < UINT64_C(100) * HERD);
}

int main(void)
{
    RUN(test_simple);
    RUN(test_exclusion);
    RUN(test_owner_died);
    RUN(test_owner_buried);
    RUN(test_one_heir);
    RUN(test_naps);
    return check_done("lock");
}
