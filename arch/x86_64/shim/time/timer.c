// SPDX-License-Identifier: BSD-2-Clause
// The local APIC's one-shot timer serves two: the program's timer and the sleep of a WAIT. It is
// set to the sooner, and when it comes too early (apic.h), set again.

#include "arch/x86_64/shim/time/timer.h"

#include "abi/pv.h"
#include "arch/x86_64/shim/time/apic.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/trap.h"

static uint64_t program_deadline; // 0: off

// Ring 3's own page: it reads its time by the same numbers, and cannot change them.
static const struct pv_boot_info *boot(void)
{
    return (const struct pv_boot_info *)PV_BOOT_INFO_VA;
}

uint64_t timer_now(void)
{
    unsigned __int128 ns = (unsigned __int128)(rdtsc() - boot()->tsc_base) * boot()->tsc_mult;
    return (uint64_t)(ns >> 32) + boot()->mono_base_ns;
}

// A deadline in the past asks for an interrupt at once, so that both callers have only one way on.
static void arm(uint64_t until)
{
    uint64_t now = timer_now();
    apic_timer(until > now ? until - now : 0, boot()->tsc_mult);
}

// When it is turned off the APIC may still fire once: timer_interrupt() finds nothing to do.
void timer_set(uint64_t deadline)
{
    program_deadline = deadline;
    if (deadline)
        arm(deadline);
}

// Also for a sleep's end, which needs nothing but the interrupt.
void timer_interrupt(void)
{
    if (!program_deadline)
        return;
    if (timer_now() >= program_deadline) {
        program_deadline = 0;
        trap_post(PV_EVENT_TIMER);
    } else {
        arm(program_deadline);
    }
}

void timer_sleep(uint64_t until)
{
    if (program_deadline && program_deadline < until)
        until = program_deadline;
    if (until != PV_FOREVER)
        arm(until);
    // The caller checks what it waits for with interrupts off; idle() turns them on together with
    // the HLT, so an interrupt that comes in between ends the sleep.
    idle();
    // The sleep may have used up the one shot that the program's timer was waiting for.
    if (program_deadline)
        arm(program_deadline);
}
