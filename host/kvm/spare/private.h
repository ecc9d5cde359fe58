// SPDX-License-Identifier: BSD-2-Clause
// What the parts of spares have in common: spare.c and use.c, the owner's side; lifecycle.c, plan.c
// and takeover.c, the spare's; handover.c and copy.c, what passes from one to the other; aid.c,
// where all of it is called from.
#ifndef HOST_SPARE_PRIVATE_H
#define HOST_SPARE_PRIVATE_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/kvm.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/kvm/monitor.h"
#include "host/kvm/spare/warm.h"

// What is going on with a spare: a word of its owner's slot, by turns one of two, as the next may
// be wished for when the last one still reads its handover. The word has the spare's number, too:
// one that meets another's knows that its owner has gone on without it.
enum spare_state {
    SPARE_STARTING, // the spare is at work
    SPARE_READY,    // the spare: its VM could run
    SPARE_CALLED,   // the owner: get up; from here on it may not end by itself
    SPARE_USED,     // the owner: the handover is complete
    SPARE_DONE,     // the spare: has read it
    SPARE_DROPPED   // nobody will use it: its owner, the supervisor or itself
};
#define SPARE_SEQ_BITS 15
#define SPARE_SEQ_MASK ((1u << SPARE_SEQ_BITS) - 1)

static inline uint32_t spare_word(uint32_t seq, enum spare_state state)
{
    return seq << 3 | (uint32_t)state;
}

static inline _Atomic uint32_t *spare_word_of(struct family_slot *owner, uint32_t seq)
{
    return &owner->spare_state[seq & 1];
}

// Of a VM that owns one: its slot, and what is going on with its spare.
static inline struct family_slot *spare_own_slot(const struct monitor *m)
{
    return &m->member.family->shared->slots[m->member.slot];
}

static inline _Atomic uint32_t *spare_own_word(const struct monitor *m)
{
    return spare_word_of(spare_own_slot(m), m->spare.seq);
}

// Whether the last spare that was used has yet to see that it is.
static inline int spare_is_unread(const struct monitor *m)
{
    const struct spare *s = &m->spare;
    return s->used_pid &&
           atomic_load(spare_word_of(spare_own_slot(m), s->used_seq)) ==
               spare_word(s->used_seq, SPARE_USED) &&
           family_pid(m->member.family, s->used_slot) == s->used_pid;
}

// family_slot.spare while any child that ends may become spare number `seq`, with that program.
static inline int32_t spare_wish(uint32_t program, uint32_t seq)
{
    return -1 - (int32_t)(program << SPARE_SEQ_BITS | seq);
}
_Static_assert(IMAGE_MAX_PROGRAMS <= 1u << 16, "a wish is negative");

// What a spare is given: the start of a memfd, which the owner has mapped and the spare reads, so
// that nothing of its owner is left in its address space.
struct spare_handover {
    uint64_t start;   // when the call was made, for the trace
    uint32_t slot;    // whose monitor it is from now on
    uint32_t program; // it starts this program (+ 1); 0: it is a clone of its owner
    // A program's arguments; its strings are at SPARE_CONTENT.
    uint32_t argc, envc;
    uint64_t len;
    // A clone's registers and devices, and the pages that changed. Their contents are at
    // SPARE_CONTENT.
    struct kvm_regs regs;
    struct virtio_mmio devices[DISKS_MAX];
    uint32_t npages;
    uint64_t page[SPARE_PAGES];
};
#define SPARE_CONTENT       ((sizeof(struct spare_handover) + X86_PAGE - 1) & ~(X86_PAGE - 1))
#define SPARE_HANDOVER_SIZE (SPARE_CONTENT + SPARE_PAGES * X86_PAGE)
_Static_assert(SPARE_PAGES *X86_PAGE >= PV_ARG_MAX, "arguments fit");
_Static_assert(SPARE_HANDOVER_SIZE <= FAMILY_MEMORY_MAX, "the supervisor gives so much");

#define SPARE_LATELY_NS UINT64_C(2000000000) // between two starts: there may be a third

// Whether a fork(2) of a process with so much memory is over well before a sleep is, and short
// enough not to be missed if the sleep ends early. It takes some 10 us for each MB that is there,
// while nobody answers for the program.
#define SPARE_SLEEP_NS   UINT64_C(500000) // a shorter sleep is no time to make one
#define SPARE_FORK_NS_MB UINT64_C(10000)
#define SPARE_RESIDENT   UINT64_C(256) // MB
static inline int spare_affordable(uint64_t resident_kb, const struct timespec *sleep)
{
    const uint64_t mb = resident_kb / 1024, need = SPARE_SLEEP_NS + 2 * mb * SPARE_FORK_NS_MB;
    return mb <= SPARE_RESIDENT && (sleep->tv_sec || (uint64_t)sleep->tv_nsec >= need);
}

// Waits while the word is `state`. 0 or -errno: -ETIMEDOUT, or -EAGAIN when it is another.
static inline long spare_wait(_Atomic uint32_t *word, uint32_t state, const struct timespec *most)
{
    long r = syscall(SYS_futex, word, FUTEX_WAIT, state, most, NULL, 0);
    return r < 0 ? -errno : 0;
}

static inline void spare_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

// --- handover.c ---
// Makes sure of a handover, for blank spares or for clones. 0 or -errno.
int spare_make_handover(struct monitor *m, int blank);
// Puts the pages that have changed since the spare was made into the handover. How many, or -errno.
int spare_fill_pages(struct monitor *m);

// --- spare.c ---
// A monitor that has none, and knows of no other process' either: at the family's start, and in
// every child of fork(2).
void spare_forget(struct monitor *m);
// In the child of the fork(2) of a spawn: like spare_forget(), but the parent may have us back.
void spare_begin(struct monitor *m);
// The VM is about to sleep, at most this long: makes a spare if one will be wanted. Returns 1 in
// the process of a VM that was one and is now about to run, else 0.
int spare_prepare(struct monitor *m, const struct timespec *sleep);
// A spawn is over: a child that ends soon can be the next spare of a program that only spawns, if
// another may be wanted.
void spare_wish_for(struct monitor *m);
// There is none any more.
void spare_drop(struct monitor *m);
// Breaks the sharing of the pages the program has written lately.
void spare_touch_recent(const struct monitor *m);

// --- use.c ---
// PV_CALL_FORK: makes the spare the clone that `c` asks for, whose VM goes on from `regs`. 1, or 0
// when there is none that can be used; a fork(2) that copies RAM may follow, as there is none with
// memory of ours any more.
int spare_clone(struct monitor *m, const struct clone *c, const struct kvm_regs *regs);
// PV_CALL_SPAWN, made at `start`. 1 or 0.
int spare_spawn(struct monitor *m, const struct pv_exec *c, const struct load_args *args,
                uint64_t start);

// --- copy.c ---
// A clone begins; and ends: its parent, if it is still there, is told how many faults it had.
void spare_watch(struct monitor *m);
void spare_tell(struct monitor *m);
// In the owner, before the fork(2): which parts of memory the spare shall copy.
void spare_plan_copy(struct monitor *m);
// In the spare: copies them, as long as *word is `ready`.
void spare_copy(struct monitor *m, const _Atomic uint32_t *word, uint32_t ready);
// Nothing of what was copied from is needed: the spare has been used, or its memory is replaced.
void spare_let_go(struct monitor *m);

// --- plan.c: what a spare touches before it is used, by what is known of its owner ---
// What any clone touches, from whose stack pointer `rsp` is; then what this program writes besides.
void spare_plan_first(const struct monitor *m, uint64_t rsp, struct warm *w);
void spare_plan_second(const struct monitor *m, const struct warm *first, struct warm *w);
// What any program touches before its main().
void spare_plan_start(const struct monitor *m, const struct kvm_regs *regs, struct warm *w);

// What a spare has until it is used.
struct life {
    struct family_slot *owner;
    _Atomic uint32_t *word; // what is going on with it
    uint32_t seq;           // its number
    int32_t pid;            // its own
    struct spare_origin origin;
    int blank;
    struct kvm_regs regs; // blank: its program starts with
    struct warm first, second;
};

// --- takeover.c ---
// In a spare that has been used: reads its handover and returns as the monitor of a VM that is
// about to run; or ends the process.
void spare_take_over(struct monitor *m, struct life *l);

// --- lifecycle.c ---
// In the child of fork(2), which has RAM or (blank) none; `regs` are its owner's. Gets ready,
// waits, and returns as the monitor of a VM that is about to run; or ends the process.
void spare_live(struct monitor *m, const struct kvm_regs *regs);
// PV_CALL_EXIT, before anybody is told: whether this monitor shall be its parent's next spare, and
// is promised to it. Then spare_again() must follow once its slot is released. That returns in the
// process of a new VM that is about to run, or not at all.
int spare_offer(struct monitor *m);
void spare_again(struct monitor *m);

#endif
