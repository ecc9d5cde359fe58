// SPDX-License-Identifier: BSD-2-Clause
// Character special files of drivers: /dev/hvc0 and /dev/hwrng. Reading and writing that wait, made
// of attempts that do not.
//
// A stream of bytes as the device has it: no line discipline (the family's terminal, tty.c, is
// another thing). Neighbours: chardev.h (the driver's side), driver.h (how files get here).

#include "kernel/dev/chardev.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/poll.h"
#include "kernel/arch.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/driver.h"
#include "kernel/entry.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/window/waitq.h"

static const struct chardev *devices[FILE_KINDS] COLD("chardev_devices"); // NULL: not used yet

// By the driver, when its device works. D stays: it is the driver's own constant.
void chardev_add(enum file_kind kind, const struct chardev *d)
{
    devices[kind] = d;
}

static const struct chardev *chardev_ready(const struct file *f)
{
    // A description opened by the program before exec: its device is new to this one.
    if (!devices[f->kind])
        driver_open(f->kind, 0);
    return devices[f->kind];
}

// What is left of one read() or write(), for the attempts of a wait.
struct transfer {
    const struct chardev *d;
    int write;
    uint8_t *buf;
    size_t len;
    long result;
};

// A wait's `ready` function.
static int attempt(void *arg)
{
    struct transfer *t = arg;
    // Each time: what was checked before a wait is not trusted after it.
    if ((t->write ? user_readable(t->buf, t->len) : user_writable(t->buf, t->len)) < 0) {
        t->result = -EFAULT;
        return 1;
    }
    t->result = t->write ? t->d->put(t->buf, t->len) : t->d->get(t->buf, t->len);
    return t->result != -EAGAIN;
}

// Moves some bytes. -EAGAIN with O_NONBLOCK, -ERESTART, -EIO.
static long move(const struct file *f, struct transfer *t)
{
    struct wait w = {.ready = attempt, .arg = t, .deadline = PV_FOREVER};
    if (attempt(t) || (f->flags & O_NONBLOCK))
        return t->result;
    // Sleeps until a device's event; attempt() leaves its result in *t.
    int r = wait_for(&w);
    return r < 0 ? r : t->result;
}

// What is there, without waiting for all of it; a driver without `get` is one that is only written.
static long char_read(struct file *f, void *buf, size_t len)
{
    struct transfer t = {.d = chardev_ready(f), .buf = buf, .len = len};
    if (!t.d)
        return -EIO;
    if (!t.d->get)
        return -EINVAL;
    return len ? move(f, &t) : 0;
}

static long char_write(struct file *f, const void *buf, size_t len)
{
    struct transfer t = {.d = chardev_ready(f), .write = 1, .buf = (uint8_t *)(uintptr_t)buf};
    size_t done = 0;
    if (!t.d)
        return -EIO;
    if (!t.d->put)
        return -EINVAL;
    // A blocking write returns when all is written (POSIX), or a signal came after a part.
    while (done < len) {
        t.len = len - done;
        long n = move(f, &t);
        if (n <= 0)
            return done ? (long)done : n;
        done += (size_t)n;
        t.buf += n;
    }
    return (long)done;
}

static uint32_t char_poll(struct file *f, struct waitq **queues, uint32_t *n, uint32_t *console)
{
    // No queue: a wait ends with every event, and this device announces itself by one.
    (void)queues, (void)n, (void)console;
    const struct chardev *d = chardev_ready(f);
    if (!d)
        return POLLERR;
    return d->poll ? d->poll() : POLLIN | POLLRDNORM;
}

static long char_stat(struct file *f, struct k_stat *st)
{
    if (f->inode.unit) {
        inode_stat(inode_at(f->inode), st);
        return 0;
    }
    // Standard input and output without a name (stdio.c).
    memset(st, 0, sizeof *st);
    st->mode = S_IFCHR | 0600;
    st->rdev = f->kind == FILE_HVC ? DEV_HVC : DEV_HWRNG;
    st->nlink = 1;
    st->blksize = 4096;
    return 0;
}

const struct file_ops chardev_ops = {
    .read = char_read,
    .write = char_write,
    .poll = char_poll,
    .stat = char_stat,
};
