// SPDX-License-Identifier: BSD-2-Clause
// On which processor a new member begins: on its parent's, where that is about to sleep.
//
// Left alone, the scheduler starts a child on an idle processor, which has to be woken first, and
// wakes the parent on the one that it left, which is idle by then: 50 to 500 us each in a guest of
// a hypervisor, and both change page tables meanwhile, which there is done one after the other. A
// parent that waits for its child has no use for the second processor. Whether it will is foretold
// by what it did after its last forks: a wrong guess costs the child a turn of the scheduler.

#include "host/process/stub/stub.h"

#define SOON_NS   UINT64_C(1000000)  // after a fork: a sleep is for its sake
#define RECENT_NS UINT64_C(10000000) // and so are more, while it is that recent
// A fork with a sleep soon after it outweighs two without: so all forks of a pipeline count.
#define SLEPT     2u
#define ENOUGH    2u
#define SCORE_MAX 4u

static int one_processor(const uint64_t *set)
{
    unsigned n = 0;
    for (unsigned i = 0; i < STUB_CPU_WORDS && n < 2; i++)
        if (set[i])
            n += set[i] & (set[i] - 1) ? 2 : 1;
    return n < 2;
}

// Keeps the caller, and what it clones, to this processor. Its number + 1, or 0: it may run where
// it did.
static uint32_t stay(void)
{
    uint64_t here[STUB_CPU_WORDS] = {0};
    unsigned cpu = 0;
    memset(STATE->cpus, 0, sizeof STATE->cpus);
    if (sys3(SYS_sched_getaffinity, 0, sizeof STATE->cpus, (uintptr_t)STATE->cpus) < 0 ||
        one_processor(STATE->cpus) || sys3(SYS_getcpu, (uintptr_t)&cpu, 0, 0) < 0 ||
        cpu >= 64 * STUB_CPU_WORDS)
        return 0;
    here[cpu / 64] = UINT64_C(1) << cpu % 64;
    return sys3(SYS_sched_setaffinity, 0, sizeof here, (uintptr_t)here) == 0 ? cpu + 1 : 0;
}

static void go_anywhere(void)
{
    sys3(SYS_sched_setaffinity, 0, sizeof STATE->cpus, (uintptr_t)STATE->cpus);
}

void place_fork(void)
{
    STATE->stays = STATE->sleeps >= ENOUGH ? stay() : 0;
}

void place_forked(int child)
{
    if (STATE->stays)
        go_anywhere();
    if (!child && STATE->forked_at && !STATE->slept && STATE->sleeps)
        STATE->sleeps--;
    STATE->slept = (uint32_t)child; // it has foretold nothing
    STATE->forked_at = now_ns();
}

uint32_t place_sleep(void)
{
    if (!STATE->forked_at)
        return 0;
    const uint64_t since = now_ns() - STATE->forked_at;
    const uint32_t score = STATE->sleeps + SLEPT;
    if (!STATE->slept)
        STATE->sleeps = since >= SOON_NS ? 0 : score < SCORE_MAX ? score : SCORE_MAX;
    STATE->slept = 1;
    if (since >= RECENT_NS)
        STATE->forked_at = 0;
    return since < RECENT_NS && STATE->sleeps >= ENOUGH ? stay() : 0;
}

// A sleep may have been long, and somebody may have said meanwhile where this process is to run.
void place_woken(uint32_t stayed)
{
    uint64_t now[STUB_CPU_WORDS] = {0};
    if (!stayed || sys3(SYS_sched_getaffinity, 0, sizeof now, (uintptr_t)now) < 0)
        return;
    if (one_processor(now) && now[(stayed - 1) / 64] == UINT64_C(1) << (stayed - 1) % 64)
        go_anywhere();
}
