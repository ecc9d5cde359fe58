// SPDX-License-Identifier: BSD-2-Clause
// Opening a disk: what is fit to be one, and clear words about what is not.
// Neighbours: main.c (caller), blk.c (the device it becomes).

#include "host/virtio/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/virtio.h"

static const char read_only_suffix[] = ":ro";

static int disk_fail(char *err, size_t errlen, const char *path, const char *why, int r)
{
    snprintf(err, errlen, "--disk %.160s: %s", path, why);
    return r;
}

// Whether what is open is a disk; its size. 0, or -errno with a line in err.
static int examine(struct disk *disk, const char *path, char *err, size_t errlen)
{
    struct stat st;
    if (fstat(disk->fd, &st) < 0)
        return disk_fail(err, errlen, path, strerror(errno), -errno);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return disk_fail(err, errlen, path,
                         S_ISDIR(st.st_mode) ? "is a directory"
                                             : "is neither a regular file nor a block device",
                         -EINVAL);
    off_t size = lseek(disk->fd, 0, SEEK_END); // of a block device, stat() does not tell
    if (size < 0)
        return disk_fail(err, errlen, path, strerror(errno), -errno);
    if (size == 0 || size % VIRTIO_BLK_SECTOR)
        return disk_fail(err, errlen, path, "its size is not a multiple of 512 bytes above 0",
                         -EINVAL);
    disk->sectors = (uint64_t)size / VIRTIO_BLK_SECTOR;
    return 0;
}

int disk_open(struct disk *disk, const char *arg, char *err, size_t errlen)
{
    char path[4096];
    size_t len = strlen(arg), suffix = strlen(read_only_suffix);
    disk->read_only = len > suffix && !strcmp(arg + len - suffix, read_only_suffix);
    len -= disk->read_only ? suffix : 0;
    if (len >= sizeof path)
        return disk_fail(err, errlen, arg, strerror(ENAMETOOLONG), -ENAMETOOLONG);
    memcpy(path, arg, len);
    path[len] = 0;
    // O_NONBLOCK: a FIFO must not keep us waiting for its other end; disks do not mind.
    int how = (disk->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    disk->fd = open(path, how);
    if (disk->fd < 0)
        return disk_fail(err, errlen, path, errno == EISDIR ? "is a directory" : strerror(errno),
                         -errno);
    int r = examine(disk, path, err, errlen);
    if (r < 0)
        close(disk->fd);
    return r;
}
