// SPDX-License-Identifier: BSD-2-Clause
// /dev/null, zero, full, random, urandom; and which devices are terminals or behind a driver.
//
// Neighbours: fs/ram/populate.c makes the names, fs/open.c opens them, tty.c is behind /dev/tty and
// /dev/console, driver.c behind disks, hvc0 and hwrng.

#include "kernel/dev/dev.h"
#include "kernel/api/errno.h"
#include "kernel/dev/driver.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/random.h"
#include "kernel/root.h"

// Numbers are Linux's, so that nodes in an image mean what they say. FILE_NONE can be made by
// mknod() and looked at, but not opened.
enum file_kind dev_kind(uint32_t mode, uint32_t rdev)
{
    if ((mode & S_IFMT) == S_IFBLK)
        return rdev >> 8 == DEV_VD(0) >> 8 && rdev % DEV_VD_MINORS == 0 ? FILE_BLOCK : FILE_NONE;
    switch (rdev) {
    case DEV_NULL:
    case DEV_ZERO:
    case DEV_FULL:
    case DEV_RANDOM:
    case DEV_URANDOM:
        return FILE_DEVICE;
    case DEV_TTY:
    case DEV_CONSOLE:
        return FILE_TTY;
    case DEV_HVC:
        return FILE_HVC;
    case DEV_HWRNG:
        return FILE_HWRNG;
    default:
        return FILE_NONE;
    }
}

static int have_terminal(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (boot_info->stdio[fd] == PV_STDIO_TTY)
            return 1;
    return 0;
}

// At open(): /dev/tty is only there for whose session has the terminal (XBD 10.1). Disks and the
// like are started when they are opened first.
int dev_check(uint32_t mode, uint32_t rdev)
{
    enum file_kind kind = dev_kind(mode, rdev);
    switch (kind) {
    case FILE_NONE:
        return -ENXIO;
    case FILE_TTY:
        if (!have_terminal())
            return -ENXIO;
        return rdev == DEV_TTY && window_root()->tty.sid != proc_self->sid ? -ENXIO : 0;
    case FILE_BLOCK:
        return driver_open(kind, (rdev & 0xff) / DEV_VD_MINORS);
    case FILE_HVC:
    case FILE_HWRNG:
        return driver_open(kind, 0);
    default:
        return 0;
    }
}

static int is(const struct file *f, uint32_t rdev)
{
    return f->minor == (rdev & 0xff);
}

// Always all of it, without waiting.
static long device_read(struct file *f, void *buf, size_t len)
{
    if (is(f, DEV_NULL))
        return 0;
    if (is(f, DEV_ZERO) || is(f, DEV_FULL))
        memset(buf, 0, len);
    else
        random_bytes(buf, len);
    return (long)len;
}

static long device_write(struct file *f, const void *buf, size_t len)
{
    (void)buf;
    return is(f, DEV_FULL) ? -ENOSPC : (long)len;
}

static long device_pread(struct file *f, void *buf, size_t len, int64_t off)
{
    (void)off;
    return device_read(f, buf, len);
}

static long device_pwrite(struct file *f, const void *buf, size_t len, int64_t off)
{
    (void)off;
    return device_write(f, buf, len);
}

// There is no position; Linux says 0 whatever is asked.
static long device_lseek(struct file *f, int64_t off, int whence)
{
    (void)f;
    (void)off;
    (void)whence;
    return 0;
}

const struct file_ops device_ops = {
    .read = device_read,
    .write = device_write,
    .pread = device_pread,
    .pwrite = device_pwrite,
    .lseek = device_lseek,
};
