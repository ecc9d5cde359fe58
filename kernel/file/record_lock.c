// SPDX-License-Identifier: BSD-2-Clause
// Locks on files: the table of all of the family's, and its rules.
//
// POSIX fcntl(): a range belongs to a process, and the last word of one process about a byte
// counts. flock(2): a whole file, owned by an open file description; the two kinds do not see each
// other (Linux). There are few, and a range can conflict with any other of its file: one table,
// searched from end to end under one lock. An owner that dies inside leaves at worst a lock of its
// own, which its burial drops. No two locks of one owner overlap, and none of one type adjoin: what
// is asked for next to them becomes one with them, as F_GETLK on Linux shows.
// Neighbours: record_lock_calls.c (the system calls and their waits), fd.c and file.c (who lets
// go).

#include "kernel/file/record_lock.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/lib.h"
#include "kernel/root.h"

static struct rlock *lock_at(uint32_t i)
{
    return wtable_at(&window_root()->rlocks, i);
}

static uint32_t count(void)
{
    return window_root()->rlocks.count;
}

// Of a range the process, however many descriptions it has of the file; of a whole file the
// description, however many processes share it.
static int same_owner(const struct rlock *a, const struct rlock *b)
{
    return a->kind == RLOCK_WHOLE ? a->file.unit == b->file.unit : a->pid == b->pid;
}

// Both ends belong to the range.
static int ranges_meet(const struct rlock *a, const struct rlock *b)
{
    return a->inode.unit == b->inode.unit && a->start <= b->end && b->start <= a->end;
}

// Whether the lock `l` stands against a request (which may be a wish already in the table).
static int stands_against(const struct rlock *l, const struct rlock *want)
{
    uint32_t kind = want->kind == RLOCK_WISH ? RLOCK_RANGE : want->kind;
    return l->kind == kind && ranges_meet(l, want) && !same_owner(l, want) &&
           (l->type == F_WRLCK || want->type == F_WRLCK);
}

// Under the table's lock, as all below. The result is good as long as that is held.
struct rlock *rlock_conflict(const struct rlock *want)
{
    struct rlock *first = NULL;
    for (uint32_t i = 0; i < count(); i++) {
        struct rlock *l = lock_at(i);
        if (!stands_against(l, want))
            continue;
        // Of several the one that Linux would tell of: of the owner who came first, the lowest.
        if (!first || l->turn < first->turn || (l->turn == first->turn && l->start < first->start))
            first = l;
    }
    return first;
}

// --- circles of waiting processes ---

// Marks the slots of those whose locks stand against `want`; 1 if the slot `self` is one of them.
static int mark_holders(const struct rlock *want, uint64_t *slots, uint32_t self)
{
    for (uint32_t i = 0; i < count(); i++) {
        const struct rlock *l = lock_at(i);
        if (stands_against(l, want))
            slots[l->slot / 64] |= UINT64_C(1) << l->slot % 64;
    }
    return slots[self / 64] >> self % 64 & 1;
}

// A wish of a marked process that has not been looked at yet.
static struct rlock *next_wish(const uint64_t *slots)
{
    for (uint32_t i = 0; i < count(); i++) {
        struct rlock *l = lock_at(i);
        if (l->kind == RLOCK_WISH && !l->seen && (slots[l->slot / 64] >> l->slot % 64 & 1))
            return l;
    }
    return NULL;
}

// Each wish is followed once, however many ways lead to it: who waits for whom can be a graph with
// many layers, and the whole family waits for this lock.
int rlock_circle(const struct rlock *want)
{
    uint64_t slots[PV_MAX_SLOTS / 64 + 1] = {0};
    if (want->kind != RLOCK_RANGE)
        return 0;
    for (uint32_t i = 0; i < count(); i++)
        lock_at(i)->seen = 0;
    for (const struct rlock *w = want; w;) {
        if (mark_holders(w, slots, want->slot))
            return 1;
        struct rlock *next = next_wish(slots);
        if (next)
            next->seen = 1;
        w = next;
    }
    return 0;
}

// --- setting ---

// Whether a lock of its owner's falls into two when this range is taken out of it. One at most: an
// owner's locks do not overlap.
static int splits(const struct rlock *cut)
{
    for (uint32_t i = 0; i < count(); i++) {
        const struct rlock *l = lock_at(i);
        if (l->kind == cut->kind && same_owner(l, cut) && ranges_meet(l, cut) &&
            l->start < cut->start && l->end > cut->end)
            return 1;
    }
    return 0;
}

// Takes the range of `cut` out of its owner's locks. `spare` is the second half of the one that
// falls into two, if splits() says so.
static void cut_out(const struct rlock *cut, struct rlock *spare)
{
    for (uint32_t i = 0; i < count(); i++) {
        struct rlock *l = lock_at(i);
        if (l == spare || l->kind != cut->kind || !same_owner(l, cut) || !ranges_meet(l, cut))
            continue;
        if (l->start >= cut->start && l->end <= cut->end) {
            wtable_free(&window_root()->rlocks, l);
        } else if (l->start >= cut->start) {
            l->start = cut->end + 1;
        } else if (l->end <= cut->end) {
            l->end = cut->start - 1;
        } else if (spare) {
            *spare = *l;
            spare->start = cut->end + 1;
            l->end = cut->start - 1;
        }
    }
}

// Widens `new` over the owner's locks of the same type that it touches, and gives it its owner's
// turn: that of the owner's other locks on the file, or behind all owners there are.
static void join_neighbours(struct rlock *new)
{
    const struct rlock want = *new;
    uint32_t last = 0;
    int mine = 0;
    for (uint32_t i = 0; i < count(); i++) {
        const struct rlock *l = lock_at(i);
        if (l->kind != want.kind || l->inode.unit != want.inode.unit)
            continue;
        if (!same_owner(l, &want)) {
            last = l->turn > last ? l->turn : last;
            continue;
        }
        mine = 1;
        new->turn = l->turn;
        if (l->type != want.type || l->start > want.end + 1 || want.start > l->end + 1)
            continue;
        new->start = min_u64(new->start, l->start);
        new->end = max_u64(new->end, l->end);
    }
    if (!mine)
        new->turn = last + 1;
}

// 0, -EAGAIN for a conflict (which costs a description the lock that it had), -ENOLCK when the
// table is full: also an unlock may need an entry, where it takes the middle out of a lock.
int rlock_set(const struct rlock *want)
{
    struct wtable *table = &window_root()->rlocks;
    int unlock = want->type == F_UNLCK;
    if (unlock && table->used == 0)
        return 0;
    if (!unlock && rlock_conflict(want)) {
        // flock(2): a conversion is not atomic. The lock that was to be converted is gone whether
        // or not the new one can be had, so two who both want theirs exclusive do not wait for each
        // other.
        if (want->kind == RLOCK_WHOLE)
            rlock_drop_file(want->file);
        return -EAGAIN;
    }
    // Both are claimed first, so that nothing can fail half-way. A claimed one has no inode yet and
    // matches nothing.
    struct rlock whole = *want;
    if (!unlock)
        join_neighbours(&whole);
    const int split = splits(&whole);
    struct rlock *spare = split ? wtable_claim(table, want->kind) : NULL;
    struct rlock *new = unlock ? NULL : wtable_claim(table, want->kind);
    if ((split && !spare) || (!unlock && !new)) {
        if (spare)
            wtable_free(table, spare);
        if (new)
            wtable_free(table, new);
        return -ENOLCK;
    }
    cut_out(&whole, spare);
    if (new)
        *new = whole;
    return 0;
}

// POSIX: closing any descriptor of a file drops all of the process' locks on it. The wish goes,
// too: it waits no more.
void rlock_drop_process(int32_t pid, struct wref inode)
{
    for (uint32_t i = 0; i < count(); i++) {
        struct rlock *l = lock_at(i);
        if ((l->kind == RLOCK_RANGE || l->kind == RLOCK_WISH) && l->pid == pid &&
            l->inode.unit == inode.unit)
            wtable_free(&window_root()->rlocks, l);
    }
}

void rlock_drop_file(struct wref file)
{
    for (uint32_t i = 0; i < count(); i++)
        if (lock_at(i)->kind == RLOCK_WHOLE && lock_at(i)->file.unit == file.unit)
            wtable_free(&window_root()->rlocks, lock_at(i));
}
