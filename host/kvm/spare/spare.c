// SPDX-License-Identifier: BSD-2-Clause
// Spares, the owner's side: when one is made, and when there is none any more. See spare.h.
// Neighbours: use.c (how it is put to use), lifecycle.c (the spare itself).

#include "host/kvm/spare/spare.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "host/kvm/kvm.h"
#include "host/kvm/spare/private.h"

#define AFTER_STARTS 2u      // lately: one more is likely
#define BUSY_NS      3000000 // with shorter pauses, children end while we wait for them

void spare_forget(struct monitor *m)
{
    struct spare *s = &m->spare;
    if (s->pagemap >= 0)
        close(s->pagemap);
    for (int i = 0; i < 2; i++)
        if (s->handover[i])
            close(s->handover_fd[i]); // its mapping is not inherited
    spare_let_go(m);
    if (m->origin.serial)
        close(m->origin.fd);
    *s = (struct spare){.pagemap = s->pagemap == NO_ANSWER ? NO_ANSWER : -1};
    m->origin = (struct spare_origin){0};
    m->parent = (struct spare_parent){0};
}

void spare_begin(struct monitor *m)
{
    const uint32_t parent = family_claimer(m->member.family, m->member.slot);
    const struct spare_origin origin = {.serial = m->spare.handover[1] ? m->member.serial : 0,
                                        .slot = parent,
                                        .fd = m->spare.handover_fd[1]};
    m->spare.handover[1] = NULL; // the descriptor is ours
    spare_forget(m);
    m->origin = origin;
}

void spare_drop(struct monitor *m)
{
    struct spare *s = &m->spare;
    if (!s->made)
        return;
    s->made = 0;
    s->starts = 0;
    if (atomic_exchange(&spare_own_slot(m)->spare, 0) <= 0)
        return; // it has ended, or nobody has taken the wish
    atomic_store(spare_own_word(m), spare_word(s->seq, SPARE_DROPPED));
    spare_wake(spare_own_word(m));
}

void spare_bury(struct family_slot *slot)
{
    for (unsigned i = 0; i < 2; i++) {
        uint32_t word = atomic_load(&slot->spare_state[i]);
        const uint32_t dropped = spare_word(word >> 3, SPARE_DROPPED);
        if ((word & 7) <= SPARE_CALLED &&
            atomic_compare_exchange_strong(&slot->spare_state[i], &word, dropped))
            spare_wake(&slot->spare_state[i]);
    }
}

void spare_touch_recent(const struct monitor *m)
{
    const struct spare *s = &m->spare;
    for (uint32_t i = 0, n; i < s->nrecent; i += n) {
        for (n = 1; i + n < s->nrecent && s->recent[i + n] == s->recent[i] + n * X86_PAGE;)
            n++;
        madvise(m->vm.mem.ram + s->recent[i], n * X86_PAGE, MADV_POPULATE_WRITE);
    }
}

// ---- making one ----

// What came of the last one, or of the wish for one. Whether there may be another.
static int may_make(struct monitor *m)
{
    struct spare *s = &m->spare;
    int32_t word = s->made ? atomic_load(&spare_own_slot(m)->spare) : 0;
    if (s->made && word == 0) {
        s->made = 0; // it was not needed
        s->starts = 0;
    }
    // A wish that no child may come to fulfil is taken back.
    if (word < 0 && (s->clones || s->pause >= BUSY_NS) &&
        atomic_compare_exchange_strong(&spare_own_slot(m)->spare, &word, 0))
        s->made = 0;
    return !s->made;
}

static int may_have(const struct monitor *m)
{
    return m->member.family->cpus > 1 && !m->spare.skip && m->spare.starts >= AFTER_STARTS;
}

// Of all memory of this process, at most: what it has been.
static uint64_t resident_kb(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) < 0 ? 0 : (uint64_t)usage.ru_maxrss;
}

static int wanted(struct monitor *m, const struct timespec *sleep)
{
    // A blank one is forked without our RAM.
    const uint64_t kb = m->spare.clones ? resident_kb() : 0;
    return may_have(m) && spare_affordable(kb, sleep) && may_make(m) && m->spare.starts &&
           family_now(m->member.family) - m->spare.last_ns < SPARE_LATELY_NS;
}

// There is no spare, and now one may come: 1. 0 if its word is in use.
static int next(struct monitor *m)
{
    struct spare *s = &m->spare;
    struct family_slot *slot = spare_own_slot(m);
    const uint32_t seq = (atomic_load(&slot->spare_seq) + 1) & SPARE_SEQ_MASK;
    if (spare_is_unread(m) && (seq & 1) == (s->used_seq & 1))
        return 0;
    s->made = 1;
    s->blank = !s->clones;
    s->seq = seq;
    atomic_store(&slot->spare_seq, seq);
    atomic_store(spare_own_word(m), spare_word(seq, SPARE_STARTING));
    atomic_store(&slot->spare_begun, 0);
    return 1;
}

void spare_wish_for(struct monitor *m)
{
    struct spare *s = &m->spare;
    if (s->clones || s->pause >= BUSY_NS || !may_have(m) || !may_make(m) ||
        spare_make_handover(m, 1) < 0 || !next(m))
        return;
    atomic_store(&spare_own_slot(m)->spare, spare_wish(s->program, s->seq));
}

// Whether there is what tells which pages a clone must be given.
static int has_pagemap(struct monitor *m)
{
    struct spare *s = &m->spare;
    if (s->pagemap == -1)
        s->pagemap = family_ask(m->member.family, FAMILY_PAGEMAP, m->member.slot, m->member.pid, 0);
    return s->pagemap >= 0;
}

int spare_prepare(struct monitor *m, const struct timespec *sleep)
{
    struct spare *s = &m->spare;
    spare_let_go(m);
    if (!wanted(m, sleep) || spare_make_handover(m, !s->clones) < 0 ||
        (s->clones && !has_pagemap(m)) || !next(m))
        return 0;
    // kvm_run is shared memory, in which our next exit soon replaces them.
    const struct kvm_regs regs = *vm_regs(&m->vm);
    if (s->blank)
        kvm_inherit_ram(m, 0);
    else
        spare_plan_copy(m);
    pid_t pid = family_fork(m->member.family, &spare_own_slot(m)->spare, CLONE_PARENT, 0);
    if (pid == 0) {
        spare_live(m, &regs);
        return 1;
    }
    s->made &= pid > 0;
    if (s->blank) {
        kvm_inherit_ram(m, 1);
    } else if (s->made) {
        kvm_touch(m, s->hot, s->nhot);
        spare_touch_recent(m);
    }
    return 0;
}
