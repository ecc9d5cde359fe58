// SPDX-License-Identifier: BSD-2-Clause
// Spares, the owner's side: how one is put to use. It is called while there is still work to do for
// it, its handover is filled, and the slot is its own. See spare.h.
// Neighbours: spare.c (when one is made), lifecycle.c and takeover.c (the spare's side of this).

#include <string.h>

#include "host/kvm/kvm.h"
#include "host/kvm/spare/private.h"

#define LATE_NS     300000  // waited so long for one: a new VM had been as fast
#define READY_NS    5000000 // and no longer than that
#define READ_NS     300000  // for a spare to read its handover
#define LATE_MAX    4u      // doublings of the next
#define SKIP_STARTS 16u     // without one, after one that was no gain
#define CLONES_LATE 4u      // starts after which a program counts as one that spawns

// By the sequence number, too: the word of a spare that is gone says nothing of ours.
static int is(const struct monitor *m, enum spare_state state)
{
    return atomic_load(spare_own_word(m)) == spare_word(m->spare.seq, state);
}

// The program starts a process: it may do so again.
static void note_start(struct spare *s, uint64_t now)
{
    s->pause = now - s->last_ns;
    s->starts = s->pause < SPARE_LATELY_NS ? s->starts + 1 : 1;
    s->last_ns = now;
    s->skip -= s->skip > 0;
}

// Whether the handover may be filled: waits a little for who reads it.
static int handover_free(const struct monitor *m)
{
    const struct timespec most = {.tv_nsec = READ_NS};
    const uint32_t seq = m->spare.used_seq;
    while (spare_is_unread(m))
        if (spare_wait(spare_word_of(spare_own_slot(m), seq), spare_word(seq, SPARE_USED), &most) ==
            -ETIMEDOUT)
            return 0;
    return 1;
}

// It gets up while we look for what it needs.
static void call(struct monitor *m, int32_t pid)
{
    uint32_t ready = spare_word(m->spare.seq, SPARE_READY);
    if (!atomic_compare_exchange_strong(spare_own_word(m), &ready,
                                        spare_word(m->spare.seq, SPARE_CALLED)))
        return;
    // Linux likes to wake a process on its waker's processor, which is in use.
    family_move(m->member.family, FAMILY_PUSH, pid);
    spare_wake(spare_own_word(m));
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
    if (!atomic_load(&spare_own_slot(m)->spare_begun))
        family_move(m->member.family, FAMILY_PULL, pid);
    while (is(m, SPARE_STARTING))
        if (spare_wait(spare_own_word(m), spare_word(m->spare.seq, SPARE_STARTING), &most) ==
            -ETIMEDOUT)
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
    if (!atomic_compare_exchange_strong(&spare_own_slot(m)->spare, &pid, 0)) {
        atomic_store(&child->pid, 0);
        s->used_pid = 0;
        return 0;
    }
    atomic_store(spare_own_word(m), spare_word(s->seq, SPARE_USED));
    spare_wake(spare_own_word(m));
    return 1;
}

// The pid of a spare that may be alive, or 0.
static int32_t find(const struct monitor *m)
{
    int32_t pid = m->spare.made ? atomic_load(&spare_own_slot(m)->spare) : 0;
    return pid > 0 ? pid : 0;
}

// It was no gain: there is none any more, and for some time.
static int give_up_use(struct monitor *m)
{
    spare_drop(m);
    m->spare.skip = SKIP_STARTS;
    return 0;
}

// 1 if a spare took the clone over; 0: the caller makes a VM as if there were no spares.
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
        return give_up_use(m);
    s->handover[0]->start = c->start;
    s->handover[0]->slot = c->slot;
    s->handover[0]->program = 0;
    s->handover[0]->regs = *regs;
    memcpy(s->handover[0]->devices, m->devices, sizeof m->devices);
    return hand_over(m, c->slot, pid);
}

// A blank spare has no memory of ours to be brought up to date: it loads the program by itself.
static int spawn(struct monitor *m, const struct pv_exec *c, const struct load_args *args,
                 uint64_t start)
{
    struct spare_handover *handover = m->spare.handover[m->spare.blank];
    const int32_t pid = find(m);
    if (!pid)
        return 0;
    call(m, pid);
    if (!handover_free(m) || !wait_until_ready(m, pid))
        return give_up_use(m);
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
    spare_wish_for(m);
    return done;
}
