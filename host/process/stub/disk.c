// SPDX-License-Identifier: BSD-2-Clause
// The system calls of a disk (host/virtio/disk.h). What the filter bounds by registers
// (host/process/confine.c) is not behind a pointer: one piece of memory at a time.

#include <unistd.h>

#include "host/process/stub/stub.h"

int64_t disk_move(const struct disk *disk, int write, const struct iovec *iov, uint32_t n,
                  uint64_t off)
{
    const uint64_t len = iov->iov_len < STUB_DISK_PIECE ? iov->iov_len : STUB_DISK_PIECE;
    (void)n;
    return sys4(write ? SYS_pwrite64 : SYS_pread64, (uint32_t)disk->fd, (uintptr_t)iov->iov_base,
                len, off);
}

int64_t disk_end(const struct disk *disk)
{
    return sys3(SYS_lseek, (uint32_t)disk->fd, 0, SEEK_END);
}

int disk_flush(const struct disk *disk)
{
    return sys2(SYS_fdatasync, (uint32_t)disk->fd, 0) < 0 ? -EIO : 0;
}
