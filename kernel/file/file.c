// SPDX-License-Identifier: BSD-2-Clause
// Open file descriptions: reference counts, and the table from kind to operations.
//
// The table is code, private to each program of the family; a description holds only its index.
// Neighbours: fd.c (who refers to descriptions), the files named at enum file_kind (the
// operations).

#include "kernel/file/file.h"
#include "kernel/api/errno.h"
#include "kernel/api/termios.h"
#include "kernel/dev/driver.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/lib.h"
#include "kernel/net/rights.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"

#define DYING 0x80000000u // in refs while the last user cleans up: neither free nor usable

// A description without operations: O_PATH, and whatever a damaged kind would lead to.
static const struct file_ops none_ops = {0};

static const struct file_ops *const kinds[FILE_SOCKET + 1] = {
    [FILE_NONE] = &none_ops,     [FILE_REGULAR] = &regular_ops, [FILE_DIR] = &dir_ops,
    [FILE_PIPE] = &pipe_ops,     [FILE_TTY] = &tty_ops,         [FILE_STREAM] = &stream_ops,
    [FILE_DEVICE] = &device_ops, [FILE_SOCKET] = &socket_ops,
};

// The rest come from drivers.
_Static_assert(FILE_BLOCK == FILE_SOCKET + 1, "kinds[] holds those up to FILE_SOCKET");

const struct file_ops *file_ops(const struct file *f)
{
    // Another VM could have written nonsense there.
    if (f->kind < ARRAY_LEN(kinds))
        return kinds[f->kind];
    if (f->kind == FILE_MQ)
        return &mq_ops;
    return driver_file_ops(f->kind);
}

// The one request that makes sense of any file with bytes in it; all else is for terminals.
long file_ioctl_unread(unsigned long request, void *arg, int64_t unread)
{
    int32_t n = (int32_t)(unread < 0 ? 0 : min_u64((uint64_t)unread, INT32_MAX));
    if (request != FIONREAD)
        return -ENOTTY;
    if (user_writable(arg, sizeof n) < 0)
        return -EFAULT;
    memcpy(arg, &n, sizeof n);
    return 0;
}

// One reference, which is the caller's, and no inode yet. The claim zeroes the entry, so offset and
// lock begin as they should.
struct file *file_new(enum file_kind kind, uint32_t flags)
{
    struct file *f = wtable_claim(&window_root()->files, 1);
    if (!f)
        return NULL;
    f->kind = kind;
    f->flags = flags;
    return f;
}

void file_ref(struct file *f)
{
    // Relaxed: the caller has a reference already.
    __atomic_add_fetch((uint32_t *)&f->refs, 1, __ATOMIC_RELAXED);
}

// The operations first: they may still need the inode. The entry last: from then on it is
// another's.
static void clean_up(struct file *f)
{
    const struct file_ops *ops = file_ops(f);
    if (ops->release)
        ops->release(f);
    flock_file_gone(f);
    inode_unref(f->inode);
    wtable_free(&window_root()->files, f);
}

void file_unref(struct file *f)
{
    uint32_t old = f->refs, new;
    const int is_socket = f->kind == FILE_SOCKET;
    critical_begin(); // whoever finds it dying waits for nobody: it must be cleaned up
    do {
        new = old == 1 ? DYING : old - 1;
        // Acquire-release: the one who cleans up sees what the others did before.
    } while (!__atomic_compare_exchange_n((uint32_t *)&f->refs, &old, new, 0, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    if (new == DYING)
        clean_up(f);
    if (is_socket)
        rights_collect(); // what refers to it now may be nothing but messages
    critical_end();
}

// Any process or group may be named: it is the signal that needs permission, and SIGIO comes from
// the kernel.
long file_set_owner(struct file *f, int32_t owner)
{
    int known = owner == 0;
    if (owner == INT32_MIN)
        return -EINVAL;
    proc_lock();
    for (struct proc *p = proc_next(NULL); p && !known; p = proc_next(p))
        known = owner > 0 ? p->pid == owner : p->pgid == -owner;
    proc_unlock();
    if (!known)
        return -ESRCH;
    f->owner = owner;
    return 0;
}
