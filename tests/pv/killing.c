// SPDX-License-Identifier: BSD-2-Clause
// KILL, critical sections, and deaths the family hears of.

#include "tests/pv/pv.h"

#define LATE  (5000 * MS)
#define CHILD 2u
#define GRACE PV_KILL_GRACE_NS

static int64_t kill_slot(uint32_t slot)
{
    struct pv_kill k = {.call.nr = PV_CALL_KILL, .slot = slot};
    return call(&k);
}

static void listener(void)
{
    test("kill is an event first");
    notes()->flag[4] = 0;
    int64_t r = fork_into(CHILD);
    if (r == 1) {
        upcall_events = 0;
        notes()->flag[4] = 1;
        await(PV_EVENT_KILL, LATE);
        leave(5);
    }
    if (!alone(r)) {
        WANT(wait_word(&notes()->flag[4], 1, LATE));
        uint32_t deaths = window->deaths;
        WANT_EQ(kill_slot(CHILD), 0);
        WANT(wait_word(&notes()->done, 5, LATE));
        spin(GRACE + 50 * MS);
        WANT_EQ(window->deaths, deaths); // it has left by itself
    }

    test("kill of nobody");
    const uint32_t nobody[] = {0, 3, window->max_slots + 1, UINT32_MAX};
    for (unsigned i = 0; i < 4; i++)
        WANT_EQ(kill_slot(nobody[i]), have_companion() ? -ESRCH : -ENOSYS);
}

// Waits for the death of the VM in CHILD, which must be by this signal and be told by an event.
static void dies(uint32_t deaths, uint32_t status)
{
    WANT(wait_word((volatile uint32_t *)&door(CHILD)->death, WINDOW_DEAD | status, LATE));
    for (uint64_t end = now() + LATE; now() < end && !(collect() & PV_EVENT_DEATH);)
        wait_for(door(1)->bell, now() + 10 * MS, 0);
    WANT_EQ(upcall_events & PV_EVENT_DEATH, PV_EVENT_DEATH);
    WANT_EQ(window->deaths, deaths + 1);
    door(CHILD)->death = 0;
    upcall_events = 0;
}

static void deaf(void)
{
    test("kill ends a VM that does not listen");
    notes()->flag[4] = 0;
    upcall_events = 0;
    int64_t r = fork_into(CHILD);
    if (r == 1) {
        shared->masked = 1;
        notes()->flag[4] = 1;
        for (;;)
            ;
    }
    if (alone(r))
        return;
    WANT(wait_word(&notes()->flag[4], 1, LATE));
    uint32_t deaths = window->deaths;
    uint64_t begin = now();
    WANT_EQ(kill_slot(CHILD), 0);
    dies(deaths, 9);
    WANT(now() - begin >= GRACE);
}

// flag[4]: 1 in the section, 2 out of it. flag[5] counts, so that life shows.
static void critical(void)
{
    test("kill waits for the end of a critical section");
    notes()->flag[4] = notes()->flag[5] = 0;
    upcall_events = 0;
    int64_t r = fork_into(CHILD);
    if (r == 1) {
        shared->masked = 1;
        shared->critical = 1;
        notes()->flag[4] = 1;
        while (notes()->flag[6] == 0)
            notes()->flag[5]++;
        notes()->flag[4] = 2;
        shared->critical = 0;
        for (;;)
            notes()->flag[7]++;
    }
    if (alone(r))
        return;
    WANT(wait_word(&notes()->flag[4], 1, LATE));
    uint32_t deaths = window->deaths;
    WANT_EQ(kill_slot(CHILD), 0);
    spin(GRACE + PV_KILL_CRITICAL_NS / 2);
    uint32_t count = notes()->flag[5];
    // Asleep, not to keep the processor from it.
    for (uint64_t end = now() + PV_KILL_CRITICAL_NS / 4; now() < end && notes()->flag[5] == count;)
        wait_for(door(1)->bell, now() + MS, 0);
    WANT(notes()->flag[5] != count);
    WANT_EQ(window->deaths, deaths);
    notes()->flag[6] = 1;
    dies(deaths, 9);
    WANT_EQ(notes()->flag[4], 2);
}

static void stubborn(void)
{
    test("kill does not wait for ever");
    notes()->flag[4] = 0;
    int64_t r = fork_into(CHILD);
    if (r == 1) {
        shared->masked = shared->critical = 1;
        notes()->flag[4] = 1;
        for (;;)
            ;
    }
    if (alone(r))
        return;
    WANT(wait_word(&notes()->flag[4], 1, LATE));
    uint32_t deaths = window->deaths;
    WANT_EQ(kill_slot(CHILD), 0);
    dies(deaths, 9);
}

static void exception(void)
{
    test("death by an exception");
    notes()->flag[4] = 0;
    upcall_events = 0;
    uint32_t deaths = window->deaths;
    int64_t r = fork_into(CHILD);
    if (r == 1) {
        shared->upcall_entry = 0;
        __asm__ volatile("movb $1, 8" : : : "memory");
    }
    if (alone(r))
        return;
    dies(deaths, 11);

    // The slot can be used again, and nothing of its last VM is left in it.
    int64_t again = fork_into(CHILD);
    if (again == 1)
        leave(6);
    WANT_EQ(again, 0);
    WANT(wait_word(&notes()->done, 6, LATE));
    WANT_EQ(door(CHILD)->death, 0);
}

void killing_checks(void)
{
    listener();
    deaf();
    critical();
    stubborn();
    exception();
}
