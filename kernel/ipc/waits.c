// SPDX-License-Identifier: BSD-2-Clause
// Who waits for what, as far as programs may ask: GETNCNT, GETZCNT.
//
// A wait queue says who may be asleep, which is not the same: its bits stay behind. So a waiter has
// an entry of a table as well. Whoever waits is one process, so there are few; the table is
// searched from end to end. An entry is its waiter's own; what a killed one leaves, its undertaker
// drops. Neighbours: sysv.h, sem.c.

#include "kernel/ipc/sysv.h"
#include "kernel/proc/proc.h"

static struct wtable *waits(void)
{
    return &window_root()->ipc_waits;
}

struct ipc_wait *ipc_wait_begin(enum ipc_wait_kind what, uint32_t id, uint32_t num)
{
    struct wroot *root = window_root();
    struct ipc_wait *w = wtable_claim(waits(), 1);
    if (!w)
        return NULL;
    uint32_t above = wtable_index(waits(), w) + 1;
    uint32_t top = __atomic_load_n(&root->ipc_waits_top, __ATOMIC_RELAXED);
    // Only rises: a bound for whoever looks through the table.
    while (top < above && !__atomic_compare_exchange_n(&root->ipc_waits_top, &top, above, 0,
                                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    w->id = id;
    w->num = num;
    w->what = what;
    __atomic_store_n(&w->pid, proc_self->pid, __ATOMIC_RELEASE); // last: it counts from here on
    return w;
}

void ipc_wait_end(struct ipc_wait *w)
{
    if (w)
        wtable_free(waits(), w);
}

// Without a lock: an entry that comes or goes meanwhile is counted or not.
uint32_t ipc_wait_count(enum ipc_wait_kind what, uint32_t id, uint32_t num)
{
    uint32_t n = 0, top = __atomic_load_n(&window_root()->ipc_waits_top, __ATOMIC_RELAXED);
    if (__atomic_load_n(&waits()->used, __ATOMIC_RELAXED) == 0)
        return 0;
    for (uint32_t i = 0; i < top; i++) {
        const struct ipc_wait *w = wtable_at(waits(), i);
        n += w->used && w->pid && w->what == what && w->id == id && w->num == num;
    }
    return n;
}

// Nearly always there is nothing: one that ends by itself does not wait.
void ipc_wait_drop(const struct proc *p)
{
    uint32_t top = __atomic_load_n(&window_root()->ipc_waits_top, __ATOMIC_RELAXED);
    if (__atomic_load_n(&waits()->used, __ATOMIC_RELAXED) == 0)
        return;
    for (uint32_t i = 0; i < top; i++) {
        struct ipc_wait *w = wtable_at(waits(), i);
        if (w->used && w->pid == p->pid)
            wtable_free(waits(), w);
    }
}
