// SPDX-License-Identifier: BSD-2-Clause
// A spare's life: it makes its VM, lets it touch what any clone touches, and waits for its owner to
// make it a clone or another program (takeover.c). See spare.h.
//
// Until then it has no slot: no event reaches it, and what it dies of is nobody's death.

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "host/virtio/devices.h"
#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "host/kvm/protect.h"
#include "host/kvm/spare/private.h"
#include "host/kvm/spare/warm.h"

#define KEEP_S     4       // it waits so long for its use
#define SETTLE_NS  1000000 // not used within: there is time for more warming up
#define SPIN_TURNS 20000u  // when it has been called, a few 100 us

// A spare that fails just ends: its owner finds none, and does without.
static void warm(struct monitor *m, const struct warm *w)
{
    if (warm_run(m, w) < 0)
        _exit(1);
}

// A VM of its own with the program that its owner spawned last, which is likely the next one too;
// `regs` are those it starts with.
static void load_last(struct monitor *m, struct kvm_regs *regs)
{
    const struct load_args none = {0};
    // Before anything else is mapped: it might be where RAM will be.
    if (load_reserve(&m->vm) < 0)
        _exit(1);
    vm_forget(&m->vm);
    m->member.program = m->spare.program;
    if (load_program(&m->vm, m->member.family, 0, m->member.program, &none, regs) < 0)
        _exit(1);
    devices_reset(m);
    monitor_share_text(m);
    monitor_create_vm(m);
}

// Nobody has wanted us for long: ends, unless somebody does just now.
static void give_up(const struct life *l)
{
    uint32_t ready = spare_word(l->seq, SPARE_READY);
    int32_t pid = l->pid;
    if (!atomic_compare_exchange_strong(l->word, &ready, spare_word(l->seq, SPARE_DROPPED)))
        return;
    atomic_compare_exchange_strong(&l->owner->spare, &pid, 0);
    _exit(0);
}

// Until the owner says what is to become of us. Returns when we are used.
static void wait_for_use(const struct monitor *m, const struct life *l)
{
    const struct timespec keep = {.tv_sec = KEEP_S};
    for (uint32_t word, turn = 0;; turn++) {
        word = atomic_load(l->word);
        if (word == spare_word(l->seq, SPARE_USED))
            return;
        // Dropped, or the slot's next owner has taken the word.
        if (word == spare_word(l->seq, SPARE_DROPPED))
            _exit(0);
        if (word >> 3 != l->seq) {
            if (family_slot_of(m->member.family, l->pid))
                return; // whatever the word says by now: we have been used
            _exit(0);
        }
        if (word == spare_word(l->seq, SPARE_CALLED) && turn < SPIN_TURNS)
            __builtin_ia32_pause();
        else if (spare_wait(l->word, word, &keep) == -ETIMEDOUT)
            give_up(l);
    }
}

// A VM is there that could run: the rest of a spare's life.
// Returns as a member of the family, after spare_take_over().
static void serve(struct monitor *m, struct life *l)
{
    const struct timespec settle = {.tv_nsec = SETTLE_NS};
    const uint32_t ready = spare_word(l->seq, SPARE_READY);
    uint32_t starting = spare_word(l->seq, SPARE_STARTING);
    warm(m, &l->first);
    if (atomic_compare_exchange_strong(l->word, &starting, ready))
        spare_wake(l->word); // the owner may be waiting for us
    if (l->second.nwrite && spare_wait(l->word, ready, &settle) == -ETIMEDOUT) {
        spare_copy(m, l->word, ready);
        warm(m, &l->second);
    }
    wait_for_use(m, l);
    spare_take_over(m, l);
}

// In the process that was forked for it. All of the owner's plans are read first: spare_forget()
// ends what is the owner's in this copy of its memory.
void spare_live(struct monitor *m, const struct kvm_regs *regs)
{
    struct family_slot *owner = &m->member.family->shared->slots[m->member.slot];
    struct life l = {
        .owner = owner,
        .word = spare_word_of(owner, m->spare.seq),
        .seq = m->spare.seq,
        .pid = atomic_load(&owner->spare),
        .origin = {.serial = m->member.serial,
                   .slot = m->member.slot,
                   .fd = m->spare.handover_fd[m->spare.blank]},
        .blank = m->spare.blank,
        .regs = *regs,
    };
    atomic_store(&owner->spare_begun, 1);
    m->member.slot = 0;
    member_adopt(m->member.family);
    if (l.blank) {
        load_last(m, &l.regs);
        spare_plan_start(m, &l.regs, &l.first);
    } else {
        spare_plan_first(m, l.regs.rsp, &l.first);
        spare_plan_second(m, &l.first, &l.second);
        spare_touch_recent(m);
        kvm_clone_body(m, m->spare.hot, m->spare.nhot);
    }
    const struct spare plan = m->spare;
    m->spare.handover[l.blank] = NULL; // the descriptor is ours
    spare_forget(m);
    m->spare.nunits = plan.nunits;
    memcpy(m->spare.unit, plan.unit, sizeof plan.unit);
    vm_start_at(&m->vm, &l.regs, PLATFORM_TABLES_VA(m->vm.tables));
    serve(m, &l);
}

// A member that has exited may become its parent's next blank spare instead of ending. The owner's
// word says whether one is wished for; whoever changes it first is the one.
int spare_offer(struct monitor *m)
{
    const struct family *f = m->member.family;
    const struct spare_origin *origin = &m->origin;
    if (!origin->serial || (f->opt->trace & TRACE_EXIT)) // which counts by VM
        return 0;
    struct family_slot *owner = &f->shared->slots[origin->slot];
    int32_t word = atomic_load(&owner->spare), pid = m->member.pid;
    if (word >= 0 || atomic_load(&owner->serial) != origin->serial)
        return 0;
    m->spare.program = (uint32_t)(-1 - word) >> SPARE_SEQ_BITS;
    m->spare.seq = (uint32_t)(-1 - word) & SPARE_SEQ_MASK;
    if (!image_program(f->image, m->spare.program) ||
        !atomic_compare_exchange_strong(&owner->spare, &word, pid))
        return 0;
    if (atomic_load(&owner->serial) == origin->serial)
        return 1;
    atomic_compare_exchange_strong(&owner->spare, &pid, 0); // the wish was another's
    return 0;
}

void spare_again(struct monitor *m)
{
    const struct load_args none = {0};
    const uint32_t program = m->spare.program;
    struct family_slot *owner = &m->member.family->shared->slots[m->origin.slot];
    struct life l = {
        .owner = owner,
        .word = spare_word_of(owner, m->spare.seq),
        .seq = m->spare.seq,
        .pid = m->member.pid,
        .origin = m->origin,
        .blank = 1,
    };
    event_shut();
    m->vm.run->immediate_exit = 0;
    atomic_store(&l.owner->spare_begun, 1);
    m->member.slot = 0;
    for (int i = 0; i < 2; i++)
        if (m->spare.handover[i])
            munmap(m->spare.handover[i], SPARE_HANDOVER_SIZE);
    m->origin.serial = 0; // the descriptor stays
    spare_forget(m);
    kvm_load(m, program, &none, &l.regs);
    spare_plan_start(m, &l.regs, &l.first);
    serve(m, &l);
}
