// SPDX-License-Identifier: BSD-2-Clause
// Sockets: their life, and what a description of one can do.
//
// A socket is referenced by its description, by its peer, by a queue of connections that wait to be
// accepted, and by calls that look at it for a moment; it is freed with the last of them, as its
// peer may look at its ring long after it was closed. A call in progress keeps no reference: its
// process cannot close the descriptor before it is over, and a VM that is killed in it leaves none.
// Neighbours: calls.c (system calls), message.c (what is sent), unix.c (the one family so far),
// collect.c (sockets that only messages refer to).

#include "kernel/net/socket.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/signal.h"
#include "kernel/api/termios.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/net/rights.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/time/clock.h"

// By number, as inodes have their file systems: code is private to each program.
static const struct socket_family *const families[] = {[AF_UNIX] = &unix_family};

const struct socket_family *socket_family(int family)
{
    return family >= 0 && (size_t)family < ARRAY_LEN(families) ? families[family] : NULL;
}

// Another program could have written nonsense there: one family is always there.
static const struct socket_family *family_of(const struct socket *s)
{
    const struct socket_family *family = socket_family(s->family);
    return family ? family : &unix_family;
}

// --- life ---

struct socket *socket_new(int family, int type)
{
    struct socket *s = wslab_claim(&window_root()->sockets, 1);
    if (!s)
        return NULL;
    s->family = (uint8_t)family;
    s->type = (uint8_t)type;
    s->sndbuf = SOCKET_SNDBUF;
    s->rcvbuf = SOCKET_RCVBUF;
    s->rcvlowat = 1;
    s->mode = S_IFSOCK | 0777;
    s->uid = proc_self->euid;
    s->gid = proc_self->egid;
    // Nobody yet: what SO_PEERCRED says of a socket that was never connected.
    s->peercred = (struct k_ucred){0, UINT32_MAX, UINT32_MAX};
    return s;
}

void socket_ref(struct socket *s)
{
    // Relaxed: the caller holds a reference, or a lock under which there is one.
    __atomic_add_fetch((uint32_t *)&s->refs, 1, __ATOMIC_RELAXED);
}

// The ring was emptied when the socket was released; refs itself is what marks the object free, so
// it stays 1 until then.
void socket_unref(struct socket *s)
{
    uint32_t old = s->refs;
    do {
        if (old == 1) {
            wslab_free(&window_root()->sockets, s);
            return;
        }
    } while (!__atomic_compare_exchange_n((uint32_t *)&s->refs, &old, old - 1, 0, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
}

struct file *socket_file(struct socket *s, uint32_t flags)
{
    struct file *f = file_new(FILE_SOCKET, O_RDWR | (flags & O_NONBLOCK));
    if (!f)
        return NULL;
    f->object = wref_of(s);
    s->file = wref_of(f);
    return f;
}

int socket_at(int fd, struct socket **s)
{
    struct file *f = fd_borrow(fd);
    if (!f || (f->flags & O_PATH))
        return -EBADF;
    if (f->kind != FILE_SOCKET)
        return -ENOTSOCK;
    *s = socket_of(f);
    return 0;
}

// --- waiting and telling ---

uint64_t socket_deadline(const struct socket *s, uint64_t timeout, int dont)
{
    const struct file *f = socket_description(s);
    if (dont || (f && (f->flags & O_NONBLOCK)))
        return 0;
    return timeout ? clock_deadline(timeout) : PV_FOREVER;
}

int socket_wait(struct waitq *q, int (*ready)(void *arg), void *arg, uint64_t deadline)
{
    struct wait w = {.ready = ready, .arg = arg, .queues = &q, .nqueues = 1, .deadline = deadline};
    if (deadline == 0)
        return -EAGAIN;
    int r = wait_for(&w);
    if (r == -ERESTART && deadline != PV_FOREVER)
        return -EINTR;
    return r > 0 ? 0 : r == 0 ? -EAGAIN : r;
}

// By whoever asks first, if several share the socket.
int socket_take_error(struct socket *s)
{
    if (s->error == 0)
        return 0;
    return -(int)__atomic_exchange_n((uint32_t *)&s->error, 0, __ATOMIC_SEQ_CST);
}

// fcntl(F_SETOWN): a process, or the group -owner.
static void tell_owner(int32_t owner)
{
    if (owner < 0) {
        proc_signal_group(-owner, SIGIO, SI_KERNEL);
        return;
    }
    proc_lock();
    struct proc *p = proc_find(owner);
    proc_unlock();
    if (p)
        proc_signal(p, SIGIO, SI_KERNEL, 0);
}

// The description may go while we look at it, and its place be another's: then somebody gets a
// signal for nothing, who asked for signals.
void socket_wake(struct socket *s)
{
    waitq_wake(&s->read_q);
    const struct file *f = socket_description(s);
    if (f && (f->flags & O_ASYNC) && f->kind == FILE_SOCKET && f->owner)
        tell_owner(f->owner);
}

// --- what a description can do ---

static uint32_t socket_poll(struct file *f, struct waitq **queues, uint32_t *n, uint32_t *console)
{
    struct socket *s = socket_of(f);
    (void)console;
    return family_of(s)->poll(s, queues, n);
}

// The number is the one that /proc/PID/fd shows.
static long socket_stat(struct file *f, struct k_stat *st)
{
    const struct socket *s = socket_of(f);
    *st = (struct k_stat){.dev = FS_DEV + 2,
                          .ino = f->object.unit,
                          .nlink = 1,
                          .mode = s->mode,
                          .uid = s->uid,
                          .gid = s->gid,
                          .blksize = WPAGE};
    return 0;
}

static long put_int(void *arg, long value)
{
    int32_t n = (int32_t)value;
    if (value < 0)
        return value;
    if (user_writable(arg, sizeof n) < 0)
        return -EFAULT;
    memcpy(arg, &n, sizeof n);
    return 0;
}

static long set_owner(struct file *f, const void *arg)
{
    int32_t owner;
    if (user_readable(arg, sizeof owner) < 0)
        return -EFAULT;
    memcpy(&owner, arg, sizeof owner);
    return file_set_owner(f, owner);
}

static long get_owner(const struct file *f, void *arg)
{
    if (user_writable(arg, sizeof f->owner) < 0)
        return -EFAULT;
    memcpy(arg, &f->owner, sizeof f->owner);
    return 0;
}

// FIONBIO and FIOASYNC are the descriptor's (kernel/file/calls.c).
static long socket_ioctl(struct file *f, unsigned long request, void *arg)
{
    struct socket *s = socket_of(f);
    switch (request) {
    case FIONREAD:
        return put_int(arg, family_of(s)->unread(s));
    case TIOCOUTQ:
        return put_int(arg, family_of(s)->unsent(s));
    case FIOSETOWN:
    case SIOCSPGRP:
        return set_owner(f, arg);
    case FIOGETOWN:
    case SIOCGPGRP:
        return get_owner(f, arg);
    default:
        return -ENOTTY;
    }
}

// The family ends it while it still has its description: whom it wakes may look at it.
static void socket_release(struct file *f)
{
    struct socket *s = socket_of(f);
    family_of(s)->release(s);
    s->file = (struct wref){0};
    socket_unref(s);
}

const struct file_ops socket_ops = {
    .read = socket_read,
    .write = socket_write,
    .vector = socket_vector,
    .ioctl = socket_ioctl,
    .stat = socket_stat,
    .poll = socket_poll,
    .release = socket_release,
};
