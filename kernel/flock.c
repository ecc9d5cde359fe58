// SPDX-License-Identifier: BSD-2-Clause
// Record locks: fcntl(F_SETLK) and its kin, by byte range, owned by a process (POSIX fcntl()).
//
// All of the family's are in one table under one lock, and all who wait stand in one queue: there
// are few, and a range can conflict with any other of its file. Deadlocks are not detected:
// F_SETLKW waits until a signal.
// Neighbours: fd.c (close drops a process's locks on a file), sys_file.c.

#include "kernel/flock.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/entry.h"
#include "kernel/fd.h"
#include "kernel/inode.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/root.h"

#define TO_END UINT64_MAX

static struct rlock *lock_at(uint32_t i)
{
    return wtable_at(&window_root()->rlocks, i);
}

static int overlaps(const struct rlock *a, const struct rlock *b)
{
    return a->used && a->inode.unit == b->inode.unit && a->start <= b->end && b->start <= a->end;
}

// The lock of another process that keeps `want` from being set, or NULL.
static struct rlock *conflict(const struct rlock *want)
{
    for (uint32_t i = 0; i < window_root()->rlocks.count; i++) {
        struct rlock *l = lock_at(i);
        if (overlaps(l, want) && l->pid != want->pid &&
            (l->type == F_WRLCK || want->type == F_WRLCK))
            return l;
    }
    return NULL;
}

// Takes the range of `cut` out of the owner's locks. One of them may fall into two: `spare` is the
// second.
static int cut_out(const struct rlock *cut, struct rlock *spare)
{
    int used_spare = 0;
    for (uint32_t i = 0; i < window_root()->rlocks.count; i++) {
        struct rlock *l = lock_at(i);
        if (l == spare || l->pid != cut->pid || !overlaps(l, cut))
            continue;
        if (l->start >= cut->start && l->end <= cut->end) {
            wtable_free(&window_root()->rlocks, l);
        } else if (l->start >= cut->start) {
            l->start = cut->end + 1;
        } else if (l->end <= cut->end) {
            l->end = cut->start - 1;
        } else { // only one can be split: no other of ours overlaps it
            *spare = *l;
            spare->start = cut->end + 1;
            l->end = cut->start - 1;
            used_spare = 1;
        }
    }
    return used_spare;
}

// Sets, changes or removes. 0, -EAGAIN (a conflict) or -ENOLCK (table full; nothing has changed).
static int set(const struct rlock *want)
{
    struct wtable *table = &window_root()->rlocks;
    if (want->type == F_UNLCK && table->used == 0)
        return 0;
    if (want->type != F_UNLCK && conflict(want))
        return -EAGAIN;
    struct rlock *spare = wtable_claim(table, 1);
    struct rlock *new = want->type == F_UNLCK ? NULL : wtable_claim(table, 1);
    if (!spare || (want->type != F_UNLCK && !new)) {
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

// All of one process's locks on a file.
static void drop_all(int32_t pid, struct wref inode)
{
    for (uint32_t i = 0; i < window_root()->rlocks.count; i++) {
        struct rlock *l = lock_at(i);
        if (l->used && l->pid == pid && l->inode.unit == inode.unit)
            wtable_free(&window_root()->rlocks, l);
    }
}

void flock_release(const struct proc *p, struct wref inode)
{
    struct wroot *root = window_root();
    // Nearly always nobody has a lock. Relaxed: our own ones we see.
    if (!inode.unit || __atomic_load_n(&root->rlocks.used, __ATOMIC_RELAXED) == 0)
        return;
    lock_take(&root->flock_lock);
    drop_all(p->pid, inode);
    lock_drop(&root->flock_lock);
    waitq_wake(&root->flock_q);
}

static int try_set(void *arg)
{
    // An owner that died inside leaves at worst a lock of its own, which its burial drops.
    lock_take(&window_root()->flock_lock);
    int r = set(arg);
    lock_drop(&window_root()->flock_lock);
    return r == -EAGAIN ? 0 : r < 0 ? r : 1;
}

// The program's struct flock as a range: POSIX lets it start anywhere and be of negative length.
static int range_of(const struct k_flock *fl, struct file *f, struct rlock *want)
{
    int64_t base = 0, start, end;
    if (fl->whence == SEEK_CUR)
        base = (int64_t)f->offset;
    else if (fl->whence == SEEK_END)
        base = (int64_t)inode_at(f->inode)->size;
    else if (fl->whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, fl->start, &start))
        return -EOVERFLOW;
    if (__builtin_add_overflow(start, fl->len, &end))
        return -EOVERFLOW;
    if (fl->len < 0) {
        int64_t swap = start;
        start = end;
        end = swap;
    }
    if (start < 0)
        return -EINVAL;
    want->start = (uint64_t)start;
    want->end = fl->len == 0 ? TO_END : (uint64_t)end - 1;
    return 0;
}

static void tell(struct k_flock *fl, const struct rlock *want)
{
    lock_take(&window_root()->flock_lock);
    const struct rlock *l = conflict(want);
    if (!l) {
        fl->type = F_UNLCK;
    } else {
        fl->type = (int16_t)l->type;
        fl->whence = SEEK_SET;
        fl->start = (int64_t)l->start;
        fl->len = l->end == TO_END ? 0 : (int64_t)(l->end - l->start + 1);
        fl->pid = l->pid;
    }
    lock_drop(&window_root()->flock_lock);
}

static int may_lock(const struct file *f, int type)
{
    uint32_t mode = f->flags & O_ACCMODE;
    if (type < F_RDLCK || type > F_UNLCK)
        return -EINVAL;
    if ((type == F_RDLCK && mode == O_WRONLY) || (type == F_WRLCK && mode == O_RDONLY))
        return -EBADF;
    return 0;
}

long flock_fcntl(struct file *f, int cmd, void *arg)
{
    struct k_flock *fl = arg;
    if (user_writable(fl, sizeof *fl) < 0)
        return -EFAULT;
    if (!f->inode.unit || f->kind != FILE_REGULAR)
        return -EINVAL;
    struct rlock want = {
        .used = 1, .pid = proc_self->pid, .inode = f->inode, .type = (uint32_t)fl->type};
    int r = cmd == F_GETLK && fl->type != F_UNLCK ? 0 : may_lock(f, fl->type);
    if (r == 0)
        r = range_of(fl, f, &want);
    if (r < 0)
        return r;
    if (cmd == F_GETLK) {
        tell(fl, &want);
        return 0;
    }
    r = try_set(&want);
    if (r == 0 && cmd == F_SETLKW) {
        struct waitq *q = &window_root()->flock_q;
        struct wait w = {
            .ready = try_set, .arg = &want, .queues = &q, .nqueues = 1, .deadline = PV_FOREVER};
        r = wait_for(&w);
    }
    if (r == 0)
        return -EAGAIN;
    if (r > 0) // an unlock or a weaker lock may let others go on
        waitq_wake(&window_root()->flock_q);
    return r < 0 ? r : 0;
}
