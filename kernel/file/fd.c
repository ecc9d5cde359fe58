// SPDX-License-Identifier: BSD-2-Clause
// Descriptors: the table in struct proc that refers to open file descriptions.
//
// Only its own process changes a table: a parent fills its child's before it runs, an undertaker
// empties a dead one's. A word is stored after its reference is taken and cleared before it is
// dropped, so that nothing is freed twice. A reference without its word would be an end of a pipe
// that nobody closes, so the two are one critical section: a kill waits. Only a VM whose monitor is
// killed from the host leaks one description there. fd_high keeps every loop as short as the
// descriptors in use.
// Neighbours: file.c (descriptions), calls.c (the system calls).

#include "kernel/file/fd.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/ipc/mq.h"
#include "kernel/lib.h"
#include "kernel/ipc/pipe.h"
#include "kernel/root.h"
#include "kernel/thread/thread.h"

// Flags that F_SETFL may change, and those that open() acts on but F_GETFL does not show.
#define SETTABLE  (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

static struct file *file_of(uint32_t word)
{
    struct wtable *files = &window_root()->files;
    uint32_t index = PROC_FD_INDEX(word);
    // The word is this process' own, but its entry lies in the window, where another could have
    // written nonsense.
    return word && index < files->count ? wtable_at(files, index) : NULL;
}

static uint32_t fd_word(const struct file *f, int cloexec)
{
    return (wtable_index(&window_root()->files, f) + 1) | (cloexec ? PROC_FD_CLOEXEC : 0);
}

static uint32_t fd_limit(const struct proc *p)
{
    return (uint32_t)min_u64(p->rlimits[RLIMIT_NOFILE].cur, PROC_MAX_FDS);
}

struct file *fd_borrow(int fd)
{
    if (fd < 0 || (uint32_t)fd >= proc_self->fd_high)
        return NULL;
    struct file *f = file_of(proc_self->fds[fd]);
    current->borrowed[current->borrows++ % THREAD_FILES] = f;
    return f;
}

// Drops the reference of a descriptor that is closed, but for one that another thread's call goes
// on with.
static void drop_file(struct file *f)
{
    if (!thread_hooks || !thread_hooks->keep_file(f))
        file_unref(f);
}

struct file *fd_get(int fd)
{
    struct file *f = fd_borrow(fd);
    if (f)
        file_ref(f);
    return f;
}

struct file *fd_for(int fd, uint32_t access)
{
    struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return NULL;
    uint32_t mode = f->flags & O_ACCMODE;
    return mode == access || mode == O_RDWR ? f : NULL;
}

int fd_at(int fd, uint32_t access, int64_t off, struct file **file)
{
    if (off < 0)
        return -EINVAL;
    const struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return -EBADF;
    if (!file_ops(f)->pread)
        return -ESPIPE;
    *file = fd_for(fd, access);
    return *file ? 0 : -EBADF;
}

static void set_word(struct proc *p, uint32_t fd, uint32_t word)
{
    // The mark first: a word above it would be missed by whoever closes them all.
    if (fd >= p->fd_high)
        p->fd_high = fd + 1;
    __atomic_store_n(&p->fds[fd], word, __ATOMIC_RELEASE);
}

// The process has one descriptor less on it.
static void let_go(const struct proc *p, struct file *f)
{
    flock_release(p, f->inode);
    if (f->kind == FILE_MQ)
        mq_closed(p, f);
    drop_file(f);
}

static void drop_fd(struct proc *p, uint32_t fd)
{
    struct file *f = file_of(p->fds[fd]);
    critical_begin();
    // Cleared before the reference goes: whoever buries us in between must not drop it again.
    p->fds[fd] = 0;
    while (p->fd_high && p->fds[p->fd_high - 1] == 0)
        p->fd_high--;
    if (f)
        let_go(p, f);
    critical_end();
}

static int lowest_free(const struct proc *p, uint32_t from)
{
    uint32_t end = fd_limit(p);
    // POSIX promises the lowest (XSH 2.14): programs count on it after closing 0, 1 or 2.
    for (uint32_t fd = from; fd < end; fd++)
        if (fd >= p->fd_high || p->fds[fd] == 0)
            return (int)fd;
    return -EMFILE;
}

int fd_install(struct file *f, int from, int cloexec)
{
    int fd = lowest_free(proc_self, (uint32_t)from);
    if (fd >= 0)
        set_word(proc_self, (uint32_t)fd, fd_word(f, cloexec));
    return fd;
}

int fd_room(void)
{
    return lowest_free(proc_self, 0) < 0 ? -EMFILE : 0;
}

int fds_put(struct proc *p, struct file *f, int at, int cloexec)
{
    if (at < 0)
        at = lowest_free(p, 0);
    else if ((uint32_t)at >= fd_limit(p))
        return -EBADF;
    if (at < 0)
        return at;
    // One store replaces the old word: at no moment is the number free for another open().
    struct file *old = file_of(p->fds[at]);
    critical_begin();
    set_word(p, (uint32_t)at, fd_word(f, cloexec));
    if (old)
        let_go(p, old);
    critical_end();
    return at;
}

long fd_close(int fd)
{
    if (!fd_borrow(fd))
        return -EBADF;
    drop_fd(proc_self, (uint32_t)fd);
    return 0;
}

long fd_dup_to(int fd, int to, int cloexec)
{
    struct file *f = fd_borrow(fd);
    if (!f)
        return -EBADF;
    critical_begin();
    // The reference first: closing what `to` was must not free the description we copy, if it is
    // the same one.
    file_ref(f);
    int r = fds_put(proc_self, f, to < 0 ? (int)fd_limit(proc_self) : to, cloexec);
    if (r < 0)
        file_unref(f);
    critical_end();
    return r;
}

// The lowest free number from FROM on; FROM itself must be below the limit (XSH fcntl(): EINVAL).
static long dup_from(struct file *f, long from, int cloexec)
{
    if (from < 0 || (uint64_t)from >= fd_limit(proc_self))
        return -EINVAL;
    critical_begin();
    file_ref(f);
    int fd = fd_install(f, (int)from, cloexec);
    if (fd < 0)
        file_unref(f);
    critical_end();
    return fd;
}

static long set_cloexec(int fd, long arg)
{
    uint32_t word = proc_self->fds[fd] & ~PROC_FD_CLOEXEC;
    proc_self->fds[fd] = word | ((arg & FD_CLOEXEC) ? PROC_FD_CLOEXEC : 0);
    return 0;
}

static long set_flags(struct file *f, long arg)
{
    // Two processes may set flags of one description at once: each change is whole.
    uint32_t old = f->flags;
    while (!__atomic_compare_exchange_n((uint32_t *)&f->flags, &old,
                                        (old & ~(uint32_t)SETTABLE) | ((uint32_t)arg & SETTABLE), 0,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    return 0;
}

static long pipe_size(const struct file *f, int cmd, long arg)
{
    struct pipe *p = wref_ptr(f->object);
    if (f->kind != FILE_PIPE || !p)
        return -EBADF;
    return cmd == F_GETPIPE_SZ ? pipe_get_size(p) : pipe_set_size(p, arg);
}

// Also of a description opened with O_PATH, which has flags and locks nothing: flock_fcntl()
// refuses it.
long fd_fcntl(int fd, int cmd, long arg)
{
    struct file *f = fd_borrow(fd);
    if (!f)
        return -EBADF;
    switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return dup_from(f, arg, cmd == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return proc_self->fds[fd] & PROC_FD_CLOEXEC ? FD_CLOEXEC : 0;
    case F_SETFD:
        return set_cloexec(fd, arg);
    case F_GETFL:
        return (long)(f->flags & ~(uint32_t)OPEN_ONLY);
    case F_SETFL:
        return set_flags(f, arg);
    case F_SETOWN:
        return arg < INT32_MIN || arg > INT32_MAX ? -EINVAL : file_set_owner(f, (int32_t)arg);
    case F_GETOWN:
        return f->owner;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return flock_fcntl(f, cmd, (void *)arg);
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
        return pipe_size(f, cmd, arg);
    case F_ADD_SEALS:
    case F_GET_SEALS:
        return fd_seals(f, cmd, arg);
    default:
        return -EINVAL;
    }
}

// --- for fork, exec and burial ---

// Each reference with its word: a death in between leaves an embryo that can be taken apart.
void fds_inherit(struct proc *child, const struct proc *parent)
{
    for (uint32_t fd = 0; fd < parent->fd_high; fd++) {
        struct file *f = file_of(parent->fds[fd]);
        if (!f)
            continue;
        critical_begin();
        file_ref(f);
        set_word(child, fd, parent->fds[fd]);
        critical_end();
    }
}

void fds_close_all(struct proc *p)
{
    while (p->fd_high)
        drop_fd(p, p->fd_high - 1);
}

void fds_close_on_exec(struct proc *p)
{
    for (uint32_t fd = 0; fd < p->fd_high; fd++)
        if (p->fds[fd] & PROC_FD_CLOEXEC)
            drop_fd(p, fd);
}
