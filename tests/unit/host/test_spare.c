// SPDX-License-Identifier: BSD-2-Clause
// test_spare.c: when the fork(2) that makes a spare may be made: host/kvm/spare/private.h.
#include "host/kvm/spare/private.h"
#include "tests/unit/lib/check.h"

#define MB UINT64_C(1024) // in KB
#define MS 1000000L
#define US 1000L

static int affords(uint64_t kb, time_t s, long ns)
{
    return spare_affordable(kb, &(struct timespec){.tv_sec = s, .tv_nsec = ns});
}

static void test_short_sleep(void)
{
    CHECK(!affords(0, 0, 499 * US));
    CHECK(affords(0, 0, 500 * US));
    CHECK(affords(8 * MB, 0, 1 * MS));
}

// Half a millisecond is no time to fork a large process in, and nothing is for a huge one: the
// program's sleep may end at any moment.
static void test_large(void)
{
    CHECK(!affords(128 * MB, 0, 500 * US));
    CHECK(!affords(128 * MB, 0, 2 * MS));
    CHECK(affords(128 * MB, 0, 4 * MS));
    CHECK(affords(256 * MB, 1, 0));
    CHECK(!affords(257 * MB, 1000, 0));
    CHECK(!affords(UINT64_MAX, 1000, 0));
}

int main(void)
{
    RUN(test_short_sleep);
    RUN(test_large);
    return check_done("spare");
}
