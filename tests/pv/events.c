// SPDX-License-Identifier: BSD-2-Clause
// Events: the timer, the mask, WAIT, KICK of oneself.

#include "tests/pv/pv.h"

#define LATE (2000 * MS) // a busy host may take its time

static uint32_t bell(void)
{
    return door(boot->slot)->bell;
}

static void timer(void)
{
    test("timer upcall");
    upcall_events = 0;
    event_seen.count = 0;
    uint64_t deadline = now() + 3 * MS;
    WANT_EQ(set_timer(deadline), 0);
    WANT(await(PV_EVENT_TIMER, LATE));
    WANT(now() >= deadline);
    WANT_EQ(upcall_events, PV_EVENT_TIMER);
    WANT_EQ(event_seen.count, 1);
    WANT_EQ(event_seen.frame.type, PV_UPCALL_EVENT);
    WANT_EQ(event_seen.masked, 1);
    WANT_EQ(event_seen.rdi, event_seen.at);
    WANT_EQ(event_seen.at % 16, 0);
    WANT_EQ(shared->masked, 0);

    test("timer comes once");
    upcall_events = 0;
    spin(10 * MS);
    WANT_EQ(collect(), 0);

    test("timer in the past");
    WANT_EQ(set_timer(1), 0);
    WANT(await(PV_EVENT_TIMER, LATE));

    // Where the second call came too late the first timer was right to go off.
    test("timer off");
    upcall_events = 0;
    deadline = now() + 20 * MS;
    WANT_EQ(set_timer(deadline), 0);
    WANT_EQ(set_timer(0), 0);
    int in_time = now() < deadline;
    spin(50 * MS);
    WANT(!in_time || collect() == 0);

    test("timer set anew");
    upcall_events = 0;
    deadline = now() + 20 * MS;
    WANT_EQ(set_timer(deadline), 0);
    WANT_EQ(set_timer(deadline + 20 * MS), 0);
    in_time = now() < deadline;
    WANT(await(PV_EVENT_TIMER, LATE));
    WANT(!in_time || now() >= deadline + 20 * MS);
    WANT_EQ(set_timer(0), 0);
}

static void await_pending(void)
{
    for (uint64_t end = now() + LATE; now() < end && !shared->pending;)
        ;
}

static void mask(void)
{
    test("mask holds upcalls back");
    upcall_events = 0;
    event_seen.count = 0;
    shared->masked = 1;
    WANT_EQ(set_timer(now() + 2 * MS), 0);
    await_pending();
    spin(10 * MS);
    WANT_EQ(event_seen.count, 0);
    WANT_EQ(shared->masked, 1);
    WANT_EQ(shared->pending, PV_EVENT_TIMER);
    // An exception is no event: it comes, and is over, without a look at `pending`.
    WANT(faults(READ, 0));
    WANT_EQ(event_seen.count, 0);
    shared->masked = 1;
    WANT_EQ(collect(), PV_EVENT_TIMER);
    WANT_EQ(shared->pending, 0);
    shared->masked = 0;
    spin(5 * MS);
    WANT_EQ(event_seen.count, 0);
}

extern uint8_t regs_over_event_loop[], regs_over_event_end[];
extern uint8_t red_zone_event_loop[], red_zone_event_end[];

// Runs f(), which waits for an event between two labels, until one came just there: on a slow
// machine the timer may be first.
static int run_over_event(int (*f)(void), const uint8_t *from, const uint8_t *to)
{
    for (uint64_t delay = 2 * MS;; delay *= 2) {
        upcall_events = 0;
        set_timer(now() + delay);
        int r = f();
        if (event_seen.frame.rip >= (uintptr_t)from && event_seen.frame.rip <= (uintptr_t)to)
            return r;
        WANT(delay < LATE);
        if (delay >= LATE)
            return 0;
    }
}

static int registers_once(void)
{
    for (unsigned i = 0; i < sizeof regs_in; i++)
        ((uint8_t *)&regs_in)[i] = (uint8_t)(i * 11 + 5);
    regs_over_event();
    return 1;
}

static void registers(void)
{
    test("event preserves all registers");
    run_over_event(registers_once, regs_over_event_loop, regs_over_event_end);
    WANT(!memcmp(&regs_in, &regs_out, sizeof regs_in));
    WANT_EQ(regs_rsp, 0);
    WANT(!memcmp(&event_seen.frame, &regs_in, sizeof regs_in.gpr));

    test("event leaves the red zone alone");
    WANT(run_over_event(red_zone_event, red_zone_event_loop, red_zone_event_end));
    WANT(event_seen.at + sizeof event_seen.frame <= event_seen.frame.rsp - 128);

    test("event preserves the thread pointer");
    uint64_t tls = (uintptr_t)&tls;
    set_tp((uintptr_t)&tls);
    upcall_events = 0;
    WANT_EQ(set_timer(now() + MS), 0);
    WANT(await(PV_EVENT_TIMER, LATE));
    WANT_EQ(load_fs(), (uintptr_t)&tls);
    set_tp(0);
}

// With RSP where no frame can be put the event stays pending; it is not lost, and nothing is hurt.
static void no_stack(void)
{
    const uint64_t page = boot->heap_start + 32 * X86_PAGE;
    const uint64_t places[] = {64, page + X86_PAGE + 128, boot->stack_bottom + 160,
                               PV_IMAGE_VA + X86_PAGE, UINT64_C(1) << 46};
    test("event waits for a stack");
    WANT_EQ(protect(page, X86_PAGE, PV_RIGHT_READ), 0);
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        upcall_events = 0;
        event_seen.count = 0;
        WANT_EQ(set_timer(now() + MS), 0);
        spin_on_stack(places[i], __builtin_ia32_rdtsc() + (((20 * MS) << 32) / boot->tsc_mult));
        for (uint64_t end = now() + LATE; now() < end && !(collect() & PV_EVENT_TIMER);)
            ;
        WANT(upcall_events & PV_EVENT_TIMER);
        // What was put on our own stack afterwards is fine, anywhere else is not.
        WANT(event_seen.count == 0 || event_seen.frame.rsp > boot->stack_bottom + 65536);
    }
    WANT(all_bytes((void *)page, 0, X86_PAGE));
    WANT_EQ(protect(page, X86_PAGE, PV_RIGHT_READ | PV_RIGHT_WRITE), 0);
}

// Calls WAIT until `end`, or until `events` have come.
static unsigned wait_loop(uint64_t end, uint64_t deadline, uint32_t events)
{
    unsigned calls = 0;
    while (now() < end && !(collect() & events)) {
        int64_t r = wait_for(bell(), deadline, 0);
        WANT_EQ(r, 0);
        calls++;
    }
    return calls;
}

static void waits(void)
{
    test("wait polls");
    uint64_t begin = now();
    WANT_EQ(wait_for(bell(), 0, 0), 0);
    WANT_EQ(wait_for(bell(), 1, 0), 0);
    WANT(now() - begin < LATE);

    test("wait until a deadline");
    begin = now();
    unsigned calls = wait_loop(begin + 20 * MS, begin + 20 * MS, 0);
    WANT(now() - begin < LATE);
    WANT(calls >= 1 && calls < 200); // it blocks: returning early is allowed, spinning is not

    test("wait sees a bell that rang");
    begin = now();
    WANT_EQ(wait_for(bell() - 1, PV_FOREVER, 0), 0);
    WANT(now() - begin < LATE);

    test("wait ends by the timer");
    for (uint32_t masked = 0; masked <= 1; masked++) {
        upcall_events = 0;
        shared->masked = masked;
        begin = now();
        WANT_EQ(set_timer(begin + 10 * MS), 0);
        calls = wait_loop(begin + LATE, PV_FOREVER, PV_EVENT_TIMER);
        WANT(now() >= begin + 10 * MS && now() - begin < LATE && calls < 200);
        shared->masked = 0;
    }

    test("wait does not begin with an event pending");
    upcall_events = 0;
    shared->masked = 1;
    WANT_EQ(set_timer(now() + MS), 0);
    await_pending();
    WANT_EQ(shared->pending, PV_EVENT_TIMER);
    begin = now();
    WANT_EQ(wait_for(bell(), PV_FOREVER, 0), 0);
    WANT(now() - begin < LATE);
    collect();
    shared->masked = 0;

    test("wait for the console");
    begin = now();
    if (boot->stdio[1] != PV_STDIO_NONE) {
        int64_t ready = 0;
        while (!ready && now() - begin < LATE) {
            ready = wait_for(bell(), begin + LATE, PV_WAIT_OUT);
            WANT_EQ(ready & ~(int64_t)PV_WAIT_OUT, 0);
        }
        WANT_EQ(ready, PV_WAIT_OUT);
    }
}

static void kicks(void)
{
    test("kick of oneself");
    upcall_events = 0;
    WANT_EQ(kick(boot->slot, PV_KICK_INTERRUPT), 0);
    WANT(await(PV_EVENT_KICK, LATE));
    upcall_events = 0;
    event_seen.count = 0;
    shared->masked = 1;
    WANT_EQ(kick(boot->slot, PV_KICK_INTERRUPT), 0);
    await_pending();
    WANT_EQ(event_seen.count, 0);
    WANT_EQ(collect(), PV_EVENT_KICK);
    shared->masked = 0;
}

void event_checks(void)
{
    timer();
    mask();
    registers();
    no_stack();
    waits();
    kicks();
}
