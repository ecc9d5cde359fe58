// SPDX-License-Identifier: BSD-2-Clause
// Spares, the owner's side: when one is made, and how it is put to use. See spare.h.

#include "host/kvm/spare/spare.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "host/kvm/kvm.h"
#include "host/kvm/spare/private.h"

#define AFTER_STARTS 2u                   // lately: one more is likely
#define LATELY_NS    UINT64_C(2000000000) // between two starts
#define LATE_NS      300000               // waited so long for one: a new VM had been as fast
#define READY_NS     5000000              // and no longer than that
#define READ_NS      300000               // for a spare to read its handover
#define BUSY_NS      3000000 // with shorter pauses, children end while we wait for them
#define LATE_MAX     4u      // doublings of the next
#define SKIP_STARTS  16u     // without one, after one that was no gain
#define CLONES_LATE  4u      // starts after which a program counts as one that spawns

static struct family_slot *own_slot(const struct monitor *m)
{
    return &m->member.family->shared->slots[m->member.slot];
}

// What is going on with the spare.
static _Atomic uint32_t *word_of(const struct monitor *m)
{
    return spare_word_of(own_slot(m), m->spare.seq);
}

static int is(const struct monitor *m, enum spare_state state)
{
    return atomic_load(word_of(m)) == spare_word(m->spare.seq, state);
}

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
    if (atomic_exchange(&own_slot(m)->spare, 0) <= 0)
        return; // it has ended, or nobody has taken the wish
    atomic_store(word_of(m), spare_word(s->seq, SPARE_DROPPED));
    spare_wake(word_of(m));
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

void spare_memory_changed(struct monitor *m)
{
    if (!m->spare.blank)
        spare_drop(m);
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

// The program starts a process: it may do so again.
static void note_start(struct spare *s, uint64_t now)
{
    s->pause = now - s->last_ns;
    s->starts = s->pause < LATELY_NS ? s->starts + 1 : 1;
    s->last_ns = now;
    s->skip -= s->skip > 0;
}

// What came of the last one, or of the wish for one. Whether there may be another.
static int may_make(struct monitor *m)
{
    struct spare *s = &m->spare;
    int32_t word = s->made ? atomic_load(&own_slot(m)->spare) : 0;
    if (s->made && word == 0) {
        s->made = 0; // it was not needed
        s->starts = 0;
    }
    // A wish that no child may come to fulfil is taken back.
    if (word < 0 && (s->clones || s->pause >= BUSY_NS) &&
        atomic_compare_exchange_strong(&own_slot(m)->spare, &word, 0))
        s->made = 0;
    return !s->made;
}

static int may_have(const struct monitor *m)
{
    const struct options *opt = m->member.family->opt;
    return opt->pool && !opt->gdb_port && !opt->until && m->member.family->cpus > 1 &&
           !m->spare.skip && m->spare.starts >= AFTER_STARTS;
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
           family_now(m->member.family) - m->spare.last_ns < LATELY_NS;
}

// Whether the last spare that was used has yet to see that it is.
static int is_unread(const struct monitor *m)
{
    const struct spare *s = &m->spare;
    return s->used_pid &&
           atomic_load(spare_word_of(own_slot(m), s->used_seq)) ==
               spare_word(s->used_seq, SPARE_USED) &&
           family_pid(m->member.family, s->used_slot) == s->used_pid;
}

// Whether the handover may be filled: waits a little for who reads it.
static int handover_free(const struct monitor *m)
{
    const struct timespec most = {.tv_nsec = READ_NS};
    const uint32_t seq = m->spare.used_seq;
    while (is_unread(m))
        if (spare_wait(spare_word_of(own_slot(m), seq), spare_word(seq, SPARE_USED), &most) ==
            -ETIMEDOUT)
            return 0;
    return 1;
}

// There is no spare, and now one may come: 1. 0 if its word is in use.
static int next(struct monitor *m)
{
    struct spare *s = &m->spare;
    struct family_slot *slot = own_slot(m);
    const uint32_t seq = (atomic_load(&slot->spare_seq) + 1) & SPARE_SEQ_MASK;
    if (is_unread(m) && (seq & 1) == (s->used_seq & 1))
        return 0;
    s->made = 1;
    s->blank = !s->clones;
    s->seq = seq;
    atomic_store(&slot->spare_seq, seq);
    atomic_store(word_of(m), spare_word(seq, SPARE_STARTING));
    atomic_store(&slot->spare_begun, 0);
    return 1;
}

// A child that ends soon can be the next spare of a program that only spawns.
static void wish(struct monitor *m)
{
    struct spare *s = &m->spare;
    if (s->clones || s->pause >= BUSY_NS || !may_have(m) || !may_make(m) ||
        spare_make_handover(m, 1) < 0 || !next(m))
        return;
    atomic_store(&own_slot(m)->spare, spare_wish(s->program, s->seq));
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
    pid_t pid = family_fork(m->member.family, &own_slot(m)->spare, CLONE_PARENT, 0);
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

// ---- using it ----

// It gets up while we look for what it needs.
static void call(struct monitor *m, int32_t pid)
{
    uint32_t ready = spare_word(m->spare.seq, SPARE_READY);
    if (!atomic_compare_exchange_strong(word_of(m), &ready, spare_word(m->spare.seq, SPARE_CALLED)))
        return;
    // Linux likes to wake a process on its waker's processor, which is in use.
    family_move(m->member.family, FAMILY_PUSH, pid);
    spare_wake(word_of(m));
}

// A program that forks without a pause has no use for spares: it is asked more and more rarely.
static void note_late(struct spare *s, int late)
{
    s->late = late ? s->late + (s->late < LATE_MAX) : 0;
    s->skip = late ? SKIP_STARTS << s->late : 0;
}

// Until the spare is ready and called: it has less left to do than a new VM.
static int wait_until_ready(struct monitor *m, int32_t pid)
{
    const struct timespec most = {.tv_nsec = READY_NS};
    const uint64_t from = family_now(m->member.family);
    if (!atomic_load(&own_slot(m)->spare_begun))
        family_move(m->member.family, FAMILY_PULL, pid);
    while (is(m, SPARE_STARTING))
        if (spare_wait(word_of(m), spare_word(m->spare.seq, SPARE_STARTING), &most) == -ETIMEDOUT)
            return 0;
    if (!m->spare.blank)
        note_late(&m->spare, family_now(m->member.family) - from > LATE_NS);
    call(m, pid);
    return is(m, SPARE_CALLED);
}

// The handover is filled: the spare becomes the monitor of `slot`. 1, or 0 when it is dead.
static int hand_over(struct monitor *m, uint32_t slot, int32_t pid)
{
    struct spare *s = &m->spare;
    struct family_slot *child = &m->member.family->shared->slots[slot];
    s->made = 0;
    s->used_seq = s->seq;
    s->used_slot = slot;
    s->used_pid = pid;
    // It has been called, so it does not end by itself. The supervisor looks for a dead one in its
    // owner's word first: if it finds it there, we do not.
    atomic_store(&child->pid, pid);
    if (!atomic_compare_exchange_strong(&own_slot(m)->spare, &pid, 0)) {
        atomic_store(&child->pid, 0);
        s->used_pid = 0;
        return 0;
    }
    atomic_store(word_of(m), spare_word(s->seq, SPARE_USED));
    spare_wake(word_of(m));
    return 1;
}

// The pid of a spare that may be alive, or 0.
static int32_t find(const struct monitor *m)
{
    int32_t pid = m->spare.made ? atomic_load(&own_slot(m)->spare) : 0;
    return pid > 0 ? pid : 0;
}

// It was no gain: there is none any more, and for some time.
static int give_up(struct monitor *m)
{
    spare_drop(m);
    m->spare.skip = SKIP_STARTS;
    return 0;
}

int spare_clone(struct monitor *m, const struct clone *c, const struct kvm_regs *regs)
{
    struct spare *s = &m->spare;
    note_start(s, c->start);
    s->clones = CLONES_LATE;
    s->nhot = c->nhot;
    memcpy(s->hot, c->hot, c->nhot * sizeof c->hot[0]);

    const int32_t pid = s->blank ? 0 : find(m);
    if (!pid)
        return 0;
    call(m, pid);
    if (!handover_free(m) || spare_fill_pages(m) < 0 || !wait_until_ready(m, pid))
        return give_up(m);
    s->handover[0]->start = c->start;
    s->handover[0]->slot = c->slot;
    s->handover[0]->program = 0;
    s->handover[0]->regs = *regs;
    memcpy(s->handover[0]->devices, m->devices, sizeof m->devices);
    return hand_over(m, c->slot, pid);
}

static int spawn(struct monitor *m, const struct pv_exec *c, const struct load_args *args,
                 uint64_t start)
{
    struct spare_handover *handover = m->spare.handover[m->spare.blank];
    const int32_t pid = find(m);
    if (!pid)
        return 0;
    call(m, pid);
    if (!handover_free(m) || !wait_until_ready(m, pid))
        return give_up(m);
    handover->start = start;
    handover->slot = c->slot;
    handover->program = c->program + 1;
    handover->argc = args->argc;
    handover->envc = args->envc;
    handover->len = args->len;
    memcpy((uint8_t *)handover + SPARE_CONTENT, args->strings, args->len);
    return hand_over(m, c->slot, pid);
}

int spare_spawn(struct monitor *m, const struct pv_exec *c, const struct load_args *args,
                uint64_t start)
{
    struct spare *s = &m->spare;
    // A handover names a program by its number. What is started from a file is seldom started
    // often.
    if (c->program == PV_PROGRAM_FILE)
        return 0;
    note_start(s, start);
    s->clones -= s->clones > 0;
    s->program = c->program;
    int done = spawn(m, c, args, start);
    wish(m);
    return done;
}
