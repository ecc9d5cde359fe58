// SPDX-License-Identifier: BSD-2-Clause
// The thread pointer: SET_TP, whether flags ask for it or not, and what it is at the beginning. The
// base of FS shows by what is read through it: not every host has an instruction that tells it.

#include "tests/pv/pv.h"

static uint64_t block[2][1];

static int64_t call_set_tp(uint64_t base)
{
    struct pv_set_tp t = {.call.nr = PV_CALL_SET_TP, .base = base};
    return call(&t);
}

int bases_are_zero(void)
{
    static void (*const through[])(uint64_t, uint8_t) = {probe_fs, probe_gs};
    const uint64_t near_null = 24;
    for (unsigned i = 0; i < 2; i++)
        if (probe_with(through[i], near_null) != X86_EXC_PF + 1 ||
            exception_seen.frame.address != near_null)
            return 0;
    return 1;
}

void thread_checks(void)
{
    test("boot bases of FS and GS");
    WANT(bases_are_zero());

    test("set-tp");
    for (unsigned i = 0; i < 2; i++)
        block[i][0] = (uintptr_t)block[i];
    WANT_EQ(call_set_tp((uintptr_t)block[0]), 0);
    WANT_EQ(load_fs(), (uintptr_t)block[0]);
    set_tp((uintptr_t)block[1]);
    WANT_EQ(load_fs(), (uintptr_t)block[1]);
    WANT_EQ(call_set_tp((uintptr_t)block[0]), 0);
    WANT_EQ(load_fs(), (uintptr_t)block[0]);
    WANT_EQ(call_set_tp(PV_WINDOW_VA), 0);
    WANT_EQ(load_fs(), *(volatile uint64_t *)PV_WINDOW_VA);

    test("set-tp errors");
    WANT_EQ(call_set_tp((uintptr_t)block[1]), 0);
    const uint64_t wrong[] = {UINT64_C(1) << 47, UINT64_C(1) << 63, UINT64_C(0xffff) << 48,
                              UINT64_MAX - 7};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        WANT_EQ(call_set_tp(wrong[i]), -EINVAL);
    WANT_EQ(load_fs(), (uintptr_t)block[1]);
    WANT_EQ(call_set_tp(0), 0);
    WANT(bases_are_zero());
}
