// SPDX-License-Identifier: BSD-2-Clause
// The window allocator: layout, pages, runs, tables; alone and with several VMs at once.
#include "tests/unit/lib/check.h"
#include "kernel/root.h"
#include "kernel/window/window.h"
#include "tests/unit/lib/fake_kernel.h"

static void test_format(void)
{
    fake_boot(8u << 20);
    CHECK_EQ(window_attach(), 0);
    CHECK(window_pages_total() > 512);
    CHECK_EQ(window_pages_used(), 0);
    // The pool ends inside the window and starts on a 64 KB boundary.
    uint8_t *pool = wref_ptr(window_root()->core.pool);
    CHECK_EQ((uintptr_t)(pool - window_base) % 65536, 0);
    CHECK(pool + (uint64_t)window_pages_total() * WPAGE <= window_base + window_header()->size);
}

static void test_format_small(void)
{
    fake_boot(8u << 20);
    window_header()->size = 1u << 20;
    CHECK(window_format() < 0);
}

static void test_attach_refuses(void)
{
    fake_boot(8u << 20);
    window_root()->core.layout++;
    CHECK(window_attach() < 0);
}

static void test_pages(void)
{
    fake_boot(8u << 20);
    uint8_t *a = window_pages_alloc(1), *b = window_pages_alloc(1);
    CHECK(a && b && a != b);
    CHECK_EQ(window_pages_used(), 2);
    memset(a, 0xff, WPAGE);
    window_pages_free(a, 1);
    uint8_t *c = window_pages_alloc(1);
    int zero = 1;
    for (uint32_t i = 0; i < WPAGE; i++)
        zero &= c[i] == 0;
    CHECK(zero);
    CHECK_EQ((intptr_t)(c - a), 0); // lowest free page first: few pages are ever touched
    window_pages_free(b, 1);
    window_pages_free(c, 1);
    CHECK_EQ(window_pages_used(), 0);
    CHECK(window_pages_alloc(2) == NULL);
}

static void test_runs(void)
{
    fake_boot(8u << 20);
    uint8_t *one = window_pages_alloc(1);
    uint8_t *run = window_pages_alloc(16);
    CHECK(run != NULL);
    CHECK_EQ((uintptr_t)(run - (uint8_t *)wref_ptr(window_root()->core.pool)) % (16 * WPAGE), 0);
    CHECK(one < run || one >= run + 16 * WPAGE);
    CHECK_EQ(window_pages_used(), 17);
    window_pages_free(run, 16);
    window_pages_free(one, 1);
    CHECK_EQ(window_pages_used(), 0);
}

static void test_exhaust(void)
{
    fake_boot(8u << 20);
    uint32_t n = 0;
    static void *pages[4096];
    while ((pages[n] = window_pages_alloc_raw(1)))
        n++;
    CHECK_EQ(n, window_pages_total());
    CHECK(window_pages_alloc_raw(16) == NULL);
    // One page in each group free: plenty of room, but no run.
    for (uint32_t i = 0; i < n; i += 16)
        window_pages_free(pages[i], 1);
    CHECK(window_pages_alloc_raw(16) == NULL);
    CHECK(window_pages_alloc_raw(1) != NULL);
}

static void test_table(void)
{
    fake_boot(8u << 20);
    struct wtable *t = &window_root()->files;
    uint32_t *first = wtable_claim(t, 7);
    CHECK(first && *first == 7);
    first[3] = 99;
    uint32_t *second = wtable_claim(t, 1);
    CHECK_EQ(wtable_index(t, second), wtable_index(t, first) + 1);
    wtable_free(t, first);
    CHECK_EQ(*first, 0);
    uint32_t *again = wtable_claim(t, 1);
    CHECK(again == first && again[3] == 0);
    uint32_t n = 2;
    while (wtable_claim(t, 1))
        n++;
    CHECK_EQ(n, t->count);
    CHECK_EQ(t->used, t->count);
    wtable_free(t, wtable_at(t, 5));
    CHECK(wtable_claim(t, 1) == wtable_at(t, 5));
}

static void test_slab(void)
{
    fake_boot(8u << 20);
    struct wslab *slab = &window_root()->inodes;
    uint32_t *first = wslab_claim(slab, 7), *last = first;
    CHECK(first && *first == 7);
    CHECK_EQ(window_pages_used(), 1);
    CHECK_EQ(wslab_number(slab, first), 0);
    for (int i = 1; i < 31; i++)
        last = wslab_claim(slab, 1);
    CHECK_EQ(window_pages_used(), 1); // 31 to a page
    uint32_t *next = wslab_claim(slab, 1);
    CHECK_EQ(window_pages_used(), 2);
    CHECK(wslab_at(slab, 30) == last && wslab_at(slab, 31) == next);
    CHECK(wslab_at(slab, 64) == NULL);
    next[5] = 99;
    wslab_free(slab, next);
    CHECK_EQ(window_pages_used(), 1); // an empty page goes back
    last[5] = 99;
    wslab_free(slab, last);
    CHECK(wslab_claim(slab, 1) == last && last[5] == 0);
    uint64_t room = wslab_room(slab), n = 0;
    while (wslab_claim(slab, 1))
        n++;
    CHECK_EQ(n, room);
    CHECK_EQ(window_pages_used(), window_pages_total());
    for (uint32_t i = 0; i < 31; i++)
        wslab_free(slab, wslab_at(slab, 62 + i));
    CHECK_EQ(window_pages_used(), window_pages_total() - 1);
    CHECK_EQ(wslab_room(slab), 31);
    CHECK_EQ(wslab_number(slab, wslab_claim(slab, 1)), 62);
}

// Claims and frees objects, a page's worth more or less, and looks for others' marks.
static int churn_slab(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg, seed = me * 7919;
    struct wslab *slab = &window_root()->inodes;
    uint32_t *held[40] = {0};
    for (int i = 0; i < 40000; i++) {
        seed = seed * 1103515245 + 12345;
        uint32_t k = (seed >> 16) % 40;
        if (held[k]) {
            if (held[k][0] != me + k || held[k][31] != me + k)
                return 1;
            wslab_free(slab, held[k]);
            held[k] = NULL;
        } else if ((held[k] = wslab_claim(slab, me + k))) {
            if (held[k][31])
                return 2;
            held[k][31] = me + k;
        }
    }
    for (int k = 0; k < 40; k++)
        if (held[k])
            wslab_free(slab, held[k]);
    return 0;
}

// Takes and gives back pages and objects, marking each as its own and looking for others' marks.
static int churn(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg, seed = me * 7919;
    uint32_t *held[32] = {0}, size[32] = {0};
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        uint32_t k = seed >> 16 & 31;
        if (held[k]) {
            if (*held[k] != me + k)
                return 1;
            window_pages_free(held[k], size[k]);
            held[k] = NULL;
            continue;
        }
        size[k] = seed >> 21 & 3 ? 1 : 16;
        held[k] = window_pages_alloc_raw(size[k]);
        if (held[k])
            *held[k] = me + k;
    }
    for (int k = 0; k < 32; k++)
        if (held[k])
            window_pages_free(held[k], size[k]);
    return 0;
}

static void run_four(int (*fn)(void *))
{
    fake_boot(8u << 20);
    pid_t vms[4];
    for (uint32_t i = 0; i < 4; i++)
        vms[i] = fake_vm(2 + i, fn, (void *)(uintptr_t)((i + 1) * 1000));
    for (int i = 0; i < 4; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
    CHECK_EQ(window_pages_used(), 0);
}

static void test_concurrent(void)
{
    run_four(churn);
}

static void test_slab_concurrent(void)
{
    run_four(churn_slab);
    CHECK_EQ(window_root()->inodes.used, 0);
    CHECK_EQ(window_root()->inodes.pages, 0);
}

int main(void)
{
    RUN(test_format);
    RUN(test_format_small);
    RUN(test_attach_refuses);
    RUN(test_pages);
    RUN(test_runs);
    RUN(test_exhaust);
    RUN(test_table);
    RUN(test_slab);
    RUN(test_concurrent);
    RUN(test_slab_concurrent);
    return check_done("window");
}
