// SPDX-License-Identifier: BSD-2-Clause
// Locks on files: the table of all of the family's, and its rules.
//
// POSIX fcntl(): a range belongs to a process, and the last word of one process about a byte
// counts. flock(2): a whole file, owned by an open file description; the two kinds do not see each
// other (Linux). There are few, and a range can conflict with any other of its file: one table,
// searched from end to end under one lock. An owner that dies inside leaves at worst a lock of its
// own, which its burial drops.
// Neighbours: record_lock_calls.c (the system calls and their waits), fd.c and file.c (who lets
// go).

#include "kernel/file/record_lock.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/lib.h"
#include "kernel/window/root.h"

#define CIRCLE_MAX 8 // processes in a circle that is looked for; longer ones wait for a signal

static struct rlock *lock_at(uint32_t i)
{
    return wtable_at(&window_root()->rlocks, i);
}

static uint32_t count(void)
{
    return window_root()->rlocks.count;
}

static int same_owner(const struct rlock *a, const struct rlock *b)
{
    return a->kind == RLOCK_WHOLE ? a->file.unit == b->file.unit : a->pid == b->pid;
}

static int overlaps(const struct rlock *a, const struct rlock *b)
{
    return a->inode.unit == b->inode.unit && a->start <= b->end && b->start <= a->end;
}

// Whether the lock `l` stands against a request (which may be a wish already in the table).
static int stands_against(const struct rlock *l, const struct rlock *want)
{
    uint32_t kind = want->kind == RLOCK_WISH ? RLOCK_RANGE : want->kind;
    return l->kind == kind && overlaps(l, want) && !same_owner(l, want) &&
           (l->type == F_WRLCK || want->type == F_WRLCK);
}

struct rlock *rlock_conflict(const struct rlock *want)
{
    for (uint32_t i = 0; i < count(); i++)
        if (stands_against(lock_at(i), want))
            return lock_at(i);
    return NULL;
}

static const struct rlock *wish_of(int32_t pid)
{
    for (uint32_t i = 0; i < count(); i++)
        if (lock_at(i)->kind == RLOCK_WISH && lock_at(i)->pid == pid)
            return lock_at(i);
    return NULL;
}

// Whether `pid` is among those that `want` waits for, directly or through their own wishes.
static int waits_for(const struct rlock *want, int32_t pid, int depth)
{
    for (uint32_t i = 0; depth < CIRCLE_MAX && i < count(); i++) {
        const struct rlock *l = lock_at(i);
        if (!stands_against(l, want))
            continue;
        if (l->pid == pid)
            return 1;
        const struct rlock *wish = wish_of(l->pid);
        if (wish && waits_for(wish, pid, depth + 1))
            return 1;
    }
    return 0;
}

int rlock_circle(const struct rlock *want)
{
    return want->kind == RLOCK_RANGE && waits_for(want, want->pid, 0);
}

// Takes the range of `cut` out of its owner's locks. One of them may fall into two: `spare` is the
// second. Whether it was needed.
static int cut_out(const struct rlock *cut, struct rlock *spare)
{
    int used_spare = 0;
    for (uint32_t i = 0; i < count(); i++) {
        struct rlock *l = lock_at(i);
        if (l == spare || l->kind != cut->kind || !same_owner(l, cut) || !overlaps(l, cut))
            continue;
        if (l->start >= cut->start && l->end <= cut->end) {
            wtable_free(&window_root()->rlocks, l);
        } else if (l->start >= cut->start) {
            l->start = cut->end + 1;
        } else if (l->end <= cut->end) {
            l->end = cut->start - 1;
        } else { // only one can be split: no other of the owner's overlaps it
            *spare = *l;
            spare->start = cut->end + 1;
            l->end = cut->start - 1;
            used_spare = 1;
        }
    }
    return used_spare;
}

int rlock_set(const struct rlock *want)
{
    struct wtable *table = &window_root()->rlocks;
    int unlock = want->type == F_UNLCK;
    if (unlock && table->used == 0)
        return 0;
    if (!unlock && rlock_conflict(want))
        return -EAGAIN;
    // Both are claimed first, so that nothing can fail half-way. A claimed one has no inode yet and
    // matches nothing.
    struct rlock *spare = wtable_claim(table, want->kind);
    struct rlock *new = unlock ? NULL : wtable_claim(table, want->kind);
    if (!spare || (!unlock && !new)) {
        if (spare)
            wtable_free(table, spare);
        return -ENOLCK;
    }
    if (!cut_out(want, spare))
        wtable_free(table, spare);
    if (new)
        *new = *want;
    return 0;
}

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
