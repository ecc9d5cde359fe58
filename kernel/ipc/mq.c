// SPDX-License-Identifier: BSD-2-Clause
// POSIX message queues: their names, and the descriptors that are open on them.
//
// Names are in the table of queues itself: there are few, and nothing is looked up but by mq_open()
// and mq_unlink(). root.mq_lock protects names and reference counts; a queue's own lock is taken
// only by who has a reference, so it goes with the entry. A description is an ordinary file, so
// fork, exec, close and burial do with it what they do with others.
// Neighbours: mq.h, mq_message.c, mq_notify.c, kernel/file/fd.c.

#include "kernel/ipc/mq.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/mqueue.h"
#include "kernel/api/poll.h"
#include "kernel/api/resource.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/fs/inode.h"
#include "kernel/ipc/sysv.h"
#include "kernel/lib.h"
#include "kernel/sys.h"

// Linux's: what a queue has when nothing is asked for, and what is for the superuser only; and the
// most that anybody gets.
#define DEFAULT_MAXMSG  10
#define DEFAULT_MSGSIZE 8192
#define HARD_MAXMSG     65536
#define HARD_MSGSIZE    (16 << 20)
#define STATUS_SIZE     80 // st_size of a queue on Linux

static struct wtable *queues(void)
{
    return &window_root()->mqs;
}

void mq_lock(struct mq *q)
{
    if (lock_take(&q->lock) == -EOWNERDEAD)
        message_repair(&q->list);
}

void mq_unlock(struct mq *q)
{
    lock_drop(&q->lock);
}

struct mq *mq_of(int fd, uint32_t access, struct file **file)
{
    struct file *f = access == O_RDWR ? fd_borrow(fd) : fd_for(fd, access);
    if (!f || f->kind != FILE_MQ)
        return NULL;
    *file = f;
    return wref_ptr(f->object);
}

// --- names, under root.mq_lock ---

// From end to end: there are few queues, and they are opened once.
static struct mq *find_name(const char *name)
{
    for (uint32_t i = 0; i < queues()->count; i++) {
        struct mq *q = wtable_at(queues(), i);
        if (q->used && q->named && strcmp(q->name, name) == 0)
            return q;
    }
    return NULL;
}

// The last reference, be it the name's or a description's, takes what was not received with it.
static void drop_queue(struct mq *q)
{
    if (--q->refs)
        return;
    message_free_all(&q->list);
    wtable_free(queues(), q);
}

// Copies the program's name. As on Linux: no name is ENOENT, one with a slash EACCES.
static int take_name(const char *from, char name[MQ_NAME_MAX + 1])
{
    long n = user_strlen(from, MQ_NAME_MAX + 1);
    if (n < 0)
        return (int)n;
    memcpy(name, from, (size_t)n);
    if (n == 1)
        return -ENOENT;
    if (memchr(name, '/', (size_t)n) || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -EACCES;
    return 0;
}

// --- opening ---

// Of a new queue only: one that is there keeps its sizes, whatever is asked for.
static int check_attr(const struct k_mq_attr *attr)
{
    int64_t maxmsg = attr->maxmsg, msgsize = attr->msgsize;
    int super = proc_self->euid == 0;
    if (maxmsg <= 0 || msgsize <= 0 || maxmsg > (super ? HARD_MAXMSG : DEFAULT_MAXMSG) ||
        msgsize > (super ? HARD_MSGSIZE : DEFAULT_MSGSIZE))
        return -EINVAL;
    // Linux counts a user's queues together.
    return (uint64_t)(maxmsg * msgsize) > proc_self->rlimits[RLIMIT_MSGQUEUE].cur ? -EMFILE : 0;
}

// No memory is set aside for its messages: a full window is ENOMEM when one is sent.
static int make_queue_named(const char *name, unsigned mode, const struct k_mq_attr *attr,
                            struct mq **out)
{
    int r = check_attr(attr);
    if (r < 0)
        return r;
    struct mq *q = wtable_claim(queues(), 1);
    if (!q)
        return -ENOSPC;
    q->maxmsg = (uint32_t)attr->maxmsg;
    q->msgsize = (uint32_t)attr->msgsize;
    q->mode = mode & 0777 & ~proc_self->umask;
    q->uid = proc_self->euid;
    q->gid = proc_self->egid;
    q->ctime = q->mtime = ipc_now();
    memcpy(q->name, name, strlen(name) + 1);
    q->refs = 1;
    q->named = 1; // last: complete
    *out = q;
    return 0;
}

// The rights of a file: the owner's, else the group's, else all others'.
static int may_open(const struct mq *q, int flags)
{
    uint32_t want = (flags & O_ACCMODE) == O_RDONLY   ? R_OK
                    : (flags & O_ACCMODE) == O_WRONLY ? W_OK
                                                      : R_OK | W_OK;
    uint32_t granted = q->mode;
    if (proc_self->euid == 0)
        return 0;
    if (proc_self->euid == q->uid)
        granted >>= 6;
    else if (inode_in_group(q->gid, 0))
        granted >>= 3;
    return want & ~granted & 7 ? -EACCES : 0;
}

static int open_queue(const char *name, int flags, unsigned mode, const struct k_mq_attr *attr,
                      struct mq **out)
{
    *out = find_name(name);
    if (!*out)
        return flags & O_CREAT ? make_queue_named(name, mode, attr, out) : -ENOENT;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    return may_open(*out, flags);
}

// With a reference, which becomes the description's; always closed by exec (Linux).
static long describe_queue(struct mq *q, int flags)
{
    struct file *f = file_new(FILE_MQ, (uint32_t)flags & (O_ACCMODE | O_NONBLOCK));
    if (!f) {
        lock_take(&window_root()->mq_lock);
        drop_queue(q);
        lock_drop(&window_root()->mq_lock);
        return -ENFILE;
    }
    f->object = wref_of(q);
    int fd = fd_install(f, 0, 1);
    if (fd < 0)
        file_unref(f);
    return fd;
}

static long open_named(const char *name, int flags, unsigned mode, const struct k_mq_attr *attr)
{
    struct mq *q;
    if ((flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;
    critical_begin(); // a reference that is no description's yet
    lock_take(&window_root()->mq_lock);
    long r = open_queue(name, flags, mode, attr, &q);
    if (r == 0)
        q->refs++;
    lock_drop(&window_root()->mq_lock);
    if (r == 0)
        r = describe_queue(q, flags);
    critical_end();
    return r;
}

// What O_CREAT does not ask for is not looked at: mode and attributes of a queue that is there.
static long do_mq_open(const char *path, int flags, unsigned mode, const struct k_mq_attr *attr)
{
    struct k_mq_attr wanted = {.maxmsg = DEFAULT_MAXMSG, .msgsize = DEFAULT_MSGSIZE};
    char name[MQ_NAME_MAX + 1];
    int r = take_name(path, name);
    if (r < 0)
        return r;
    if (attr && (flags & O_CREAT)) {
        if (user_readable(attr, sizeof *attr) < 0)
            return -EFAULT;
        wanted = *attr;
    }
    return open_named(name, flags, mode, &wanted);
}

long sys_mq_open(const char *name, int flags, unsigned mode, const struct k_mq_attr *attr)
{
    sys_enter();
    return sys_done(do_mq_open(name, flags, mode, attr));
}

// The owner's business, as in a sticky directory, which Linux keeps queues in.
static long do_mq_unlink(const char *path)
{
    char name[MQ_NAME_MAX + 1];
    long r = take_name(path, name);
    if (r < 0)
        return r;
    critical_begin();
    lock_take(&window_root()->mq_lock);
    struct mq *q = find_name(name);
    if (!q)
        r = -ENOENT;
    else if (proc_self->euid != 0 && proc_self->euid != q->uid)
        r = -EACCES;
    if (r == 0) {
        q->named = 0;
        drop_queue(q);
    }
    lock_drop(&window_root()->mq_lock);
    critical_end();
    return r;
}

long sys_mq_unlink(const char *name)
{
    sys_enter();
    return sys_done(do_mq_unlink(name));
}

// --- descriptors ---

// Only O_NONBLOCK can be set, and it is the description's: those who share it see the change.
static long do_getsetattr(int fd, const struct k_mq_attr *new, struct k_mq_attr *old)
{
    struct file *f;
    struct mq *q = mq_of(fd, O_RDWR, &f);
    if (new &&user_readable(new, sizeof *new) < 0)
        return -EFAULT;
    if (new && (new->flags & ~(int64_t)O_NONBLOCK))
        return -EINVAL;
    if (!q)
        return -EBADF;
    const int64_t wanted = new ? new->flags : 0; // `old` may be the same
    if (old && user_writable(old, sizeof *old) < 0)
        return -EFAULT;
    if (old)
        *old = (struct k_mq_attr){.flags = f->flags & O_NONBLOCK,
                                  .maxmsg = q->maxmsg,
                                  .msgsize = q->msgsize,
                                  .curmsgs = q->list.count};
    return new ? fd_fcntl(fd, F_SETFL, (long)((f->flags & ~(uint32_t)O_NONBLOCK) | wanted)) : 0;
}

// Either may be NULL.
long sys_mq_getsetattr(int fd, const struct k_mq_attr *new, struct k_mq_attr *old)
{
    sys_enter();
    return sys_done(do_getsetattr(fd, new, old));
}

// The description's reference; the name may still hold the queue.
static void mq_release(struct file *f)
{
    lock_take(&window_root()->mq_lock);
    drop_queue(wref_ptr(f->object));
    lock_drop(&window_root()->mq_lock);
}

// Two queues: a change of the count matters to one side or the other.
static uint32_t mq_poll(struct file *f, struct waitq **waits, uint32_t *n, uint32_t *console)
{
    struct mq *q = wref_ptr(f->object);
    uint32_t count = __atomic_load_n(&q->list.count, __ATOMIC_ACQUIRE);
    (void)console;
    waits[(*n)++] = &q->readers;
    waits[(*n)++] = &q->writers;
    return (count ? POLLIN | POLLRDNORM : 0) | (count < q->maxmsg ? POLLOUT | POLLWRNORM : 0);
}

// As much as a program may ask for: who made the queue, when, and when it last changed.
static long mq_stat(struct file *f, struct k_stat *st)
{
    const struct mq *q = wref_ptr(f->object);
    *st = (struct k_stat){.dev = FS_DEV,
                          .ino = f->object.unit,
                          .nlink = q->named,
                          .mode = S_IFREG | q->mode,
                          .uid = q->uid,
                          .gid = q->gid,
                          .size = STATUS_SIZE,
                          .blksize = WPAGE};
    st->ctim.sec = st->atim.sec = q->ctime;
    st->mtim.sec = q->mtime;
    return 0;
}

// Bytes are not read and written here, as they are on Linux, where a queue's file tells its state.
const struct file_ops mq_ops = {.poll = mq_poll, .stat = mq_stat, .release = mq_release};
