// SPDX-License-Identifier: BSD-2-Clause
// What a block device asks of its file: the system calls of blk.c, where there is a C library. A
// monitor's filter lets it make these on its disks and no others (host/kvm/confine.c).

#include <errno.h>
#include <unistd.h>

#include "host/virtio/disk.h"

int64_t disk_move(const struct disk *disk, int write, const struct iovec *iov, uint32_t n,
                  uint64_t off)
{
    ssize_t done = write ? pwritev(disk->fd, iov, (int)n, (off_t)off)
                         : preadv(disk->fd, iov, (int)n, (off_t)off);
    return done < 0 ? -errno : done;
}

int64_t disk_end(const struct disk *disk)
{
    off_t end = lseek(disk->fd, 0, SEEK_END);
    return end < 0 ? -errno : end;
}

// fdatasync(2): the file's length never changes here, so its data is all there is to keep.
int disk_flush(const struct disk *disk)
{
    return fdatasync(disk->fd) < 0 ? -EIO : 0;
}
