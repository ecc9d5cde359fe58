// SPDX-License-Identifier: BSD-2-Clause
// Locks on files: fcntl(F_GETLK, F_SETLK, F_SETLKW) and flock(2), and who gives them back.
//
// Whoever waits stands in one queue for the whole family, and looks again at every change.
// Neighbours: record_lock.c (the table), fd.c and file.c (the callers), calls.c.

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/file/record_lock.h"
#include "kernel/fs/inode.h"
#include "kernel/pv.h"
#include "kernel/root.h"

#define TO_END ((uint64_t)INT64_MAX) // the last byte a file can have

// Nearly always nobody has a lock. Relaxed: our own ones we see.
static int no_locks(void)
{
    return __atomic_load_n(&window_root()->rlocks.used, __ATOMIC_RELAXED) == 0;
}

void flock_release(const struct proc *p, struct wref inode)
{
    struct wroot *root = window_root();
    if (!inode.unit || no_locks())
        return;
    lock_take(&root->flock_lock);
    rlock_drop_process(p->pid, inode);
    lock_drop(&root->flock_lock);
    waitq_wake(&root->flock_q);
}

void flock_file_gone(struct file *f)
{
    struct wroot *root = window_root();
    if (!f->inode.unit || no_locks())
        return;
    lock_take(&root->flock_lock);
    rlock_drop_file(wref_of(f));
    lock_drop(&root->flock_lock);
    waitq_wake(&root->flock_q);
}

// --- setting, and waiting for it ---

// 1 when it is set, 0 on a conflict, or -errno.
static int try_lock(void *arg)
{
    lock_take(&window_root()->flock_lock);
    int r = rlock_set(arg);
    lock_drop(&window_root()->flock_lock);
    return r == -EAGAIN ? 0 : r < 0 ? r : 1;
}

// Enters the wish in the table, for others to see. -EDEADLK: they wait for us already.
static int enter_wish(const struct rlock *want, struct rlock **wish)
{
    lock_take(&window_root()->flock_lock);
    int r = rlock_circle(want) ? -EDEADLK : 0;
    *wish = r < 0 ? NULL : wtable_claim(&window_root()->rlocks, RLOCK_WISH);
    if (*wish) { // else the table is full, and a circle through us is not seen
        **wish = *want;
        (*wish)->kind = RLOCK_WISH;
    }
    lock_drop(&window_root()->flock_lock);
    return r;
}

static void drop_wish(struct rlock *wish)
{
    if (!wish)
        return;
    lock_take(&window_root()->flock_lock);
    wtable_free(&window_root()->rlocks, wish);
    lock_drop(&window_root()->flock_lock);
}

static int wait_and_set(struct rlock *want)
{
    struct waitq *q = &window_root()->flock_q;
    struct wait w = {
        .ready = try_lock, .arg = want, .queues = &q, .nqueues = 1, .deadline = PV_FOREVER};
    struct rlock *wish = NULL;
    int r = want->kind == RLOCK_RANGE ? enter_wish(want, &wish) : 0;
    if (r == 0)
        r = wait_for(&w);
    // Also after a signal: a wish that nobody waits for would make others see circles that are
    // none.
    drop_wish(wish);
    return r;
}

static long set_lock(struct rlock *want, int wait)
{
    int r = try_lock(want);
    if (r == 0 && want->kind == RLOCK_WHOLE)
        waitq_wake(&window_root()->flock_q); // the lock that was to be converted is gone
    if (r == 0 && !wait)
        return -EAGAIN;
    if (r == 0)
        r = wait_and_set(want);
    if (r > 0) // an unlock or a weaker lock may let others go on
        waitq_wake(&window_root()->flock_q);
    return r < 0 ? r : 0;
}

// --- fcntl ---

// The program's struct flock as a range: POSIX lets it start anywhere and be of negative length.
static int range_of(const struct k_flock *fl, struct file *f, struct rlock *want)
{
    int64_t base = 0, start, last;
    if (fl->whence == SEEK_CUR)
        base = (int64_t)f->offset;
    else if (fl->whence == SEEK_END)
        base = (int64_t)inode_at(f->inode)->size;
    else if (fl->whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, fl->start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    if (fl->len > 0) { // the last byte, not the one behind it: that may be beyond any file
        if (__builtin_add_overflow(start, fl->len - 1, &last))
            return -EOVERFLOW;
    } else if (fl->len < 0) {
        last = start - 1;
        start += fl->len;
        if (start < 0)
            return -EINVAL;
    } else {
        last = (int64_t)TO_END;
    }
    want->start = (uint64_t)start;
    want->end = (uint64_t)last;
    return 0;
}

static void tell(struct k_flock *fl, const struct rlock *want)
{
    lock_take(&window_root()->flock_lock);
    const struct rlock *l = rlock_conflict(want);
    if (!l) {
        fl->type = F_UNLCK;
    } else {
        fl->type = (int16_t)l->type;
        fl->whence = SEEK_SET;
        fl->start = (int64_t)l->start;
        fl->len = l->end == TO_END ? 0 : (int64_t)(l->end - l->start + 1);
        // Of a process; F_GETLK knows nothing of flock()'s locks.
        fl->pid = l->pid;
    }
    lock_drop(&window_root()->flock_lock);
}

static int may_lock(const struct file *f, int cmd, int type)
{
    uint32_t mode = f->flags & O_ACCMODE;
    if (type < F_RDLCK || type > F_UNLCK)
        return -EINVAL;
    if (cmd == F_GETLK)
        return 0;
    if ((type == F_RDLCK && mode == O_WRONLY) || (type == F_WRLCK && mode == O_RDONLY))
        return -EBADF;
    return 0;
}

long flock_fcntl(struct file *f, int cmd, void *arg)
{
    struct k_flock *fl = arg;
    // Only F_GETLK writes: a lock may be described by a constant.
    if ((cmd == F_GETLK ? user_writable(fl, sizeof *fl) : user_readable(fl, sizeof *fl)) < 0)
        return -EFAULT;
    if (!f->inode.unit || f->kind != FILE_REGULAR || (cmd == F_GETLK && fl->type == F_UNLCK))
        return -EINVAL;
    struct rlock want = {.kind = RLOCK_RANGE,
                         .pid = proc_self->pid,
                         .slot = proc_self->slot,
                         .inode = f->inode,
                         .type = (uint32_t)fl->type};
    int r = range_of(fl, f, &want);
    if (r == 0)
        r = may_lock(f, cmd, fl->type);
    if (r < 0)
        return r;
    if (cmd == F_GETLK) {
        tell(fl, &want);
        return 0;
    }
    return set_lock(&want, cmd == F_SETLKW);
}

// --- flock ---

long flock_whole(struct file *f, int op)
{
    static const uint32_t types[] = {[LOCK_SH] = F_RDLCK, [LOCK_EX] = F_WRLCK, [LOCK_UN] = F_UNLCK};
    int what = op & ~LOCK_NB;
    if (what != LOCK_SH && what != LOCK_EX && what != LOCK_UN)
        return -EINVAL;
    if (!f->inode.unit)
        return -EINVAL;
    struct rlock want = {.kind = RLOCK_WHOLE,
                         .inode = f->inode,
                         .type = types[what],
                         .end = TO_END,
                         .file = wref_of(f)};
    return set_lock(&want, !(op & LOCK_NB));
}
