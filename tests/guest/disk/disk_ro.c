// SPDX-License-Identifier: BSD-2-Clause
//
// disk: 64K:ro
//
// A disk that may only be read: Linux opens it for writing all the same, and refuses to write.
#include "tests/guest/check.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static void try(const char *path, int flags)
{
    char c[6] = "";
    int fd = open(path, flags);

    CHECK("opened", fd >= 0);
    TRY(pread(fd, c, 5, 5));
    say("[%s]", c);
    TRY(write(fd, "x", 1));
    TRY(write(fd, "x", 0));
    TRY(pwrite(fd, "x", 1, 1 << 20));
    TRY(fsync(fd));
    int ro = -1;
    TRY(ioctl(fd, BLKROGET, &ro));
    say("read-only %d", ro);
    close(fd);
}

int main(void)
{
    const char *path = getenv("DISK");

    NEED(path);
    try(path, O_RDONLY);
    try(path, O_RDWR);
    try(path, O_WRONLY | O_TRUNC);
    return 0;
}
