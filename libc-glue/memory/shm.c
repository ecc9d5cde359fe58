// SPDX-License-Identifier: BSD-2-Clause
// shm_open(): names for shared memory, which are files of /dev/shm (as on Linux).
// Mapping them with MAP_SHARED is the kernel's work (kernel/fs/ram/map.c). Neighbour: mman.c.
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// One name, with or without a slash before it. 0 or -errno.
static int shm_path(const char *name, char path[PATH_MAX])
{
    while (*name == '/')
        name++;
    if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -EINVAL;
    if (strlen(name) > NAME_MAX)
        return -ENAMETOOLONG;
    snprintf(path, PATH_MAX, "/dev/shm/%s", name);
    return 0;
}

int shm_open(const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];
    int r = shm_path(name, path);
    if (r < 0)
        return (int)glue_ret(r);
    // O_NOFOLLOW and O_NONBLOCK: a name in /dev/shm may be anybody's link or FIFO.
    return open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode);
}

// The memory stays until the last mapping and descriptor are gone, as with any unlinked file, and a
// new shm_open() of the name makes a new object (XSH shm_unlink()).
int shm_unlink(const char *name)
{
    char path[PATH_MAX];
    int r = shm_path(name, path);
    if (r < 0)
        return (int)glue_ret(r);
    return unlink(path);
}
