// SPDX-License-Identifier: BSD-2-Clause
// The table of record locks by itself: who waits for whom, what adjoins, which conflict is told.
#include "tests/unit/lib/fs_helpers.h"
#include "kernel/file/record_lock.h"

// Byte numbers stand for things to lock; each process of a layer holds one of its own.
#define LAYERS 8
#define WIDTH  6

static struct rlock entry(enum rlock_kind kind, uint32_t slot, uint64_t start, uint64_t end)
{
    return (struct rlock){.kind = kind,
                          .pid = (int32_t)slot + 1,
                          .slot = slot,
                          .inode = {1},
                          .type = F_WRLCK,
                          .start = start,
                          .end = end};
}

static void wish(uint32_t slot, uint64_t start, uint64_t end)
{
    struct rlock *w = wtable_claim(&window_root()->rlocks, RLOCK_WISH);
    CHECK(w != NULL);
    *w = entry(RLOCK_WISH, slot, start, end);
}

static int hold(uint32_t slot, uint64_t start, uint64_t end)
{
    struct rlock l = entry(RLOCK_RANGE, slot, start, end);
    return rlock_set(&l);
}

// Each process waits for all of the next layer: 6^8 ways lead through the layers.
static void test_layers(void)
{
    fake_boot(16u << 20);
    for (uint32_t layer = 0; layer < LAYERS; layer++)
        for (uint32_t i = 0; i < WIDTH; i++) {
            uint32_t me = layer * WIDTH + i, next = (layer + 1) * WIDTH;
            CHECK_EQ(hold(me + 2, me, me), 0);
            if (layer + 1 < LAYERS)
                wish(me + 2, next, next + WIDTH - 1);
        }
    struct rlock want = entry(RLOCK_RANGE, 1, 0, WIDTH - 1);
    uint64_t from = fake_now();
    CHECK_EQ(rlock_circle(&want), 0);
    CHECK(fake_now() - from < 200000000); // was 20 s
    // One of the last layer waits for us: a circle through all of them.
    CHECK_EQ(hold(1, 1000, 1000), 0);
    wish(LAYERS * WIDTH + 1, 1000, 1000);
    CHECK_EQ(rlock_circle(&want), 1);
}

// However long a circle is, it is seen.
static void test_long_circle(void)
{
    enum { N = 100 };
    fake_boot(16u << 20);
    for (uint32_t i = 0; i < N; i++) {
        CHECK_EQ(hold(i + 1, i, i), 0);
        if (i)
            wish(i + 1, (i + 1) % N, (i + 1) % N);
    }
    struct rlock want = entry(RLOCK_RANGE, 1, 1, 1);
    CHECK_EQ(rlock_circle(&want), 1);
    want = entry(RLOCK_RANGE, N + 1, 1, 1); // waits for the circle's end, but nobody for it
    CHECK_EQ(rlock_circle(&want), 0);
}

static void test_neighbours_join(void)
{
    fake_boot(16u << 20);
    CHECK_EQ(hold(2, 23, 32), 0);
    CHECK_EQ(hold(2, 33, 33), 0);
    CHECK_EQ(window_root()->rlocks.used, 1);
    CHECK_EQ(hold(2, 40, 49), 0);
    CHECK_EQ(hold(2, 34, 39), 0); // closes the gap
    CHECK_EQ(window_root()->rlocks.used, 1);
    struct rlock want = entry(RLOCK_RANGE, 1, 0, 100);
    const struct rlock *l = rlock_conflict(&want);
    CHECK(l && l->start == 23 && l->end == 49);
    // Another type beside it stays apart, and takes what it covers.
    struct rlock read = entry(RLOCK_RANGE, 2, 45, 59);
    read.type = F_RDLCK;
    CHECK_EQ(rlock_set(&read), 0);
    CHECK_EQ(window_root()->rlocks.used, 2);
}

static void test_first_conflict(void)
{
    fake_boot(16u << 20);
    CHECK_EQ(hold(3, 50, 50), 0);
    CHECK_EQ(hold(2, 10, 10), 0);
    CHECK_EQ(hold(3, 30, 30), 0);
    struct rlock want = entry(RLOCK_RANGE, 1, 0, 100);
    const struct rlock *l = rlock_conflict(&want);
    CHECK(l && l->slot == 3 && l->start == 30); // the owner who came first, its lowest
    rlock_drop_process(4, (struct wref){1});
    l = rlock_conflict(&want);
    CHECK(l && l->slot == 2);
}

// With the table full whole locks are given back all the same; only what makes two of one is
// refused.
static void test_full_table(void)
{
    fake_boot(16u << 20);
    uint32_t n = 0;
    while (hold(2, n * UINT64_C(100), n * UINT64_C(100) + 9) == 0)
        n++;
    const uint32_t used = window_root()->rlocks.used;
    CHECK_EQ(used, n);
    struct rlock unlock = entry(RLOCK_RANGE, 2, 3, 5);
    unlock.type = F_UNLCK;
    CHECK_EQ(rlock_set(&unlock), -ENOLCK);
    unlock.start = 0;
    CHECK_EQ(rlock_set(&unlock), 0); // its beginning
    unlock.end = 109;
    CHECK_EQ(rlock_set(&unlock), 0); // two of them
    CHECK_EQ(window_root()->rlocks.used, used - 2);
    CHECK_EQ(hold(2, 0, 9), 0);
    unlock.start = 3;
    unlock.end = 5;
    CHECK_EQ(rlock_set(&unlock), 0);
    CHECK_EQ(window_root()->rlocks.used, used);
}

int main(void)
{
    RUN(test_full_table);
    RUN(test_layers);
    RUN(test_long_circle);
    RUN(test_neighbours_join);
    RUN(test_first_conflict);
    return check_done("record_lock");
}
