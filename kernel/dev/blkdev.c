// SPDX-License-Identifier: BSD-2-Clause
// Block special files: bytes at any offset, made of whole blocks.
//
// There is no page cache: each VM goes to its device, so a family sees one consistent disk. What a
// program writes in part of a block is read, changed and written back; all writes to a disk take
// turns, so that no process of the family writes back what another has just replaced.
// Results are those of Linux for a disk (docs/devices.md). Neighbours: blkdev.h (the driver's
// side), driver.h (how files get here), dev.c (numbers).

#include "kernel/dev/blkdev.h"
#include "abi/virtio.h"
#include "kernel/api/blk.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/arch.h"
#include "kernel/mem/copy.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/driver.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/window/lock.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/thread/thread.h"
#include "kernel/window/waitq.h"

#define OWNER_CHECK_NS UINT64_C(50000000) // between looks whether who has the turn lives

static struct blkdev *disks[PV_MAX_DEVICES] COLD("blkdev_disks"); // NULL: not used yet

void blkdev_add(uint32_t unit, struct blkdev *d)
{
    disks[unit] = d;
}

static uint32_t unit_of(const struct file *f)
{
    return f->minor / DEV_VD_MINORS % PV_MAX_DEVICES; // the window may hold nonsense
}

static struct blkdev *disk_ready(uint32_t unit)
{
    // A description opened by the program before exec: its device is new to this one.
    if (!disks[unit])
        driver_open(FILE_BLOCK, unit);
    return disks[unit];
}

static uint64_t size_of(const struct blkdev *d)
{
    return d->sectors * BLKDEV_SECTOR;
}

// --- moving bytes ---

// The blocks around bytes [off, off + len) of the disk, as many as the buffer takes.
struct span {
    uint64_t start;      // of the first block
    uint32_t bytes;      // of all blocks
    uint32_t skip, part; // the bytes meant: buffer[skip...], `part` of them
};

static struct span span_at(const struct blkdev *d, uint64_t off, uint64_t len)
{
    struct span s = {.start = off & ~(uint64_t)(d->block_size - 1)};
    s.skip = (uint32_t)(off - s.start);
    // The buffer is a whole number of blocks, so what fits after `skip` bytes ends inside it.
    s.part = (uint32_t)min_u64(len, d->buffer_size - s.skip);
    s.bytes = (s.skip + s.part + d->block_size - 1) & ~(d->block_size - 1);
    return s;
}

// Reads one block of the span to its place in the buffer.
static int read_disk_block(struct blkdev *d, const struct span *s, uint32_t at)
{
    return d->transfer(d, 0, (s->start + at) / BLKDEV_SECTOR, at, d->block_size);
}

// The first and the last block keep what is not written.
static int read_edges(struct blkdev *d, const struct span *s)
{
    uint32_t last = s->bytes - d->block_size;
    int r = 0;
    if (s->skip)
        r = read_disk_block(d, s, 0);
    if (r == 0 && s->skip + s->part < s->bytes && !(s->skip && last == 0))
        r = read_disk_block(d, s, last);
    return r;
}

// --- one writer at a time ---

// Not a lock: its owner may sleep, and may be killed then. A turn of the dead is taken over;
// nothing is to be repaired, because blocks are whole, old or new.
static int take_turn(void *arg)
{
    struct disk_turn *turn = arg;
    uint32_t owner = __atomic_load_n((uint32_t *)&turn->owner, __ATOMIC_RELAXED), me = lock_self();
    // Our own: of a process that was killed while it borrowed this VM (vfork.h).
    if (owner && owner != me && !lock_owner_dead(owner))
        return 0;
    return __atomic_compare_exchange_n((uint32_t *)&turn->owner, &owner, me, 0, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static int begin_turn(struct disk_turn *turn)
{
    struct waitq *queue = &turn->waiters;
    struct wait w = {.ready = take_turn,
                     .arg = turn,
                     .queues = &queue,
                     .nqueues = 1,
                     .interrupted = wait_hooks.killed};
    int r;
    // Only SIGKILL interrupts: a write to a disk is not given up half-way for a handler.
    do { // nobody rings for an owner that ended
        w.deadline = pv_mono_ns() + OWNER_CHECK_NS;
        r = wait_for(&w);
    } while (r == 0);
    return r;
}

static void end_turn(struct disk_turn *turn)
{
    __atomic_store_n((uint32_t *)&turn->owner, 0, __ATOMIC_RELEASE);
    waitq_wake(&turn->waiters);
}

static int write_span(struct blkdev *d, uint32_t unit, const struct span *s, const uint8_t *from)
{
    struct disk_turn *turn = &window_root()->disk_turn[unit];
    int r = begin_turn(turn);
    if (r < 0)
        return r;
    // Inside the turn: a block that is read before it and written after it would undo somebody's
    // write in between.
    r = read_edges(d, s);
    if (r == 0 && user_readable(from, s->part) < 0) // checked before the waits, not since
        r = -EFAULT;
    if (r == 0) {
        copy_bytes(d->buffer + s->skip, from, s->part);
        r = d->transfer(d, 1, s->start / BLKDEV_SECTOR, 0, s->bytes);
    }
    end_turn(turn);
    return r;
}

static long pread_alone(struct file *f, void *buf, size_t len, int64_t off)
{
    struct blkdev *d = disk_ready(unit_of(f));
    uint64_t at = (uint64_t)off, done = 0;
    if (!d)
        return -EIO;
    if (at >= size_of(d))
        return 0;
    // A read of a disk ends at its end, like one of a file; a write behind it is -ENOSPC, as on
    // Linux.
    len = min_u64(len, size_of(d) - at);
    while (done < len) {
        struct span s = span_at(d, at + done, len - done);
        int r = d->transfer(d, 0, s.start / BLKDEV_SECTOR, 0, s.bytes);
        if (r == 0 && user_writable((uint8_t *)buf + done, s.part) < 0)
            r = -EFAULT; // checked before the wait, not since
        if (r < 0)
            return done ? (long)done : r;
        copy_bytes((uint8_t *)buf + done, d->buffer + s.skip, s.part);
        done += s.part;
    }
    return (long)done;
}

static long pwrite_alone(struct file *f, const void *buf, size_t len, int64_t off)
{
    uint32_t unit = unit_of(f);
    struct blkdev *d = disk_ready(unit);
    uint64_t at = (uint64_t)off, done = 0;
    if (!d)
        return -EIO;
    if (d->read_only)
        return -EPERM; // Linux opens it for writing and refuses here
    if (len == 0)
        return 0;
    if (at >= size_of(d))
        return -ENOSPC;
    len = min_u64(len, size_of(d) - at);
    while (done < len) {
        struct span s = span_at(d, at + done, len - done);
        int r = write_span(d, unit, &s, (const uint8_t *)buf + done);
        if (r < 0)
            return done ? (long)done : r;
        done += s.part;
    }
    return (long)done;
}

// A disk has one buffer in each member: while it works for one thread, the others stand still.
static long disk_pread(struct file *f, void *buf, size_t len, int64_t off)
{
    thread_alone_begin();
    long n = pread_alone(f, buf, len, off);
    thread_alone_end();
    return n;
}

static long disk_pwrite(struct file *f, const void *buf, size_t len, int64_t off)
{
    thread_alone_begin();
    long n = pwrite_alone(f, buf, len, off);
    thread_alone_end();
    return n;
}

static int flush_alone(struct blkdev *d)
{
    thread_alone_begin();
    int r = d->flush(d);
    thread_alone_end();
    return r;
}

// --- the offset ---

// The lock is not held while the device works: a range is taken first, and what was not moved of it
// given back, so that processes that share a description do not move the same bytes.
static uint64_t take_range(struct file *f, size_t len)
{
    lock_take(&f->lock);
    uint64_t off = f->offset;
    f->offset = off + len;
    lock_drop(&f->lock);
    return off;
}

static void give_back(struct file *f, uint64_t off, size_t len, long moved)
{
    uint64_t end = off + (uint64_t)(moved > 0 ? moved : 0);
    if (moved == (long)len)
        return;
    lock_take(&f->lock);
    if (f->offset == off + len) // else somebody has gone on behind us
        f->offset = end;
    lock_drop(&f->lock);
}

static long disk_read(struct file *f, void *buf, size_t len)
{
    uint64_t off = take_range(f, len);
    long n = disk_pread(f, buf, len, (int64_t)off);
    give_back(f, off, len, n);
    return n;
}

static long disk_write(struct file *f, const void *buf, size_t len)
{
    uint64_t off = take_range(f, len);
    long n = disk_pwrite(f, buf, len, (int64_t)off);
    give_back(f, off, len, n);
    return n;
}

static long disk_lseek(struct file *f, int64_t off, int whence)
{
    const struct blkdev *d = disk_ready(unit_of(f));
    int64_t base, to;
    long r = -EINVAL;
    if (!d)
        return -EIO;
    lock_take(&f->lock);
    base = whence == SEEK_CUR ? (int64_t)f->offset : whence == SEEK_END ? (int64_t)size_of(d) : 0;
    // Linux: not beyond the end of a disk.
    if (whence >= SEEK_SET && whence <= SEEK_END && !__builtin_add_overflow(base, off, &to) &&
        to >= 0 && (uint64_t)to <= size_of(d)) {
        f->offset = (uint64_t)to;
        r = to;
    }
    lock_drop(&f->lock);
    return r;
}

// --- the rest ---

static int answer(void *arg, const void *value, size_t size)
{
    if (user_writable(arg, size) < 0)
        return -EFAULT;
    memcpy(arg, value, size);
    return 0;
}

static long disk_ioctl(struct file *f, unsigned long request, void *arg)
{
    struct blkdev *d = disk_ready(unit_of(f));
    if (!d)
        return -EIO;
    uint64_t bytes = size_of(d);
    int32_t page = BLKDEV_BLOCK_MAX, block = (int32_t)d->block_size, ro = d->read_only != 0;
    switch (request) {
    case BLKGETSIZE64:
        return answer(arg, &bytes, sizeof bytes);
    case BLKGETSIZE:
        return answer(arg, &d->sectors, sizeof d->sectors);
    case BLKSSZGET:
    case BLKPBSZGET:
        return answer(arg, &block, sizeof block);
    case BLKBSZGET:
        return answer(arg, &page, sizeof page);
    case BLKROGET:
        return answer(arg, &ro, sizeof ro);
    case BLKFLSBUF:
        return flush_alone(d);
    default:
        return -ENOTTY;
    }
}

static long disk_sync(struct file *f)
{
    struct blkdev *d = disk_ready(unit_of(f));
    return d ? flush_alone(d) : -EIO;
}

int blkdev_sync_all(void)
{
    int r = 0;
    for (uint32_t unit = 0; device_find(VIRTIO_ID_BLOCK, unit); unit++) {
        struct blkdev *d = disk_ready(unit);
        int one = d ? flush_alone(d) : -EIO;
        r = one < 0 ? one : r;
    }
    return r;
}

const struct file_ops blkdev_ops = {
    .read = disk_read,
    .write = disk_write,
    .pread = disk_pread,
    .pwrite = disk_pwrite,
    .lseek = disk_lseek,
    .ioctl = disk_ioctl,
    .sync = disk_sync,
};
