// SPDX-License-Identifier: BSD-2-Clause
// Descriptors 0, 1 and 2 of the family's first program, from what the host has there.
//
// Those that are the terminal share one description, as after a login; each other one has its own.
// What is closed on the host stays closed here; when all are, a virtio console takes their place.

#include "abi/virtio.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/dev/driver.h"
#include "kernel/file/file.h"
#include "kernel/pv.h"

// A reference for descriptor fd. NULL: no room.
static struct file *open_host(uint32_t fd, struct file **terminal)
{
    if (boot_info->stdio[fd] == PV_STDIO_TTY) {
        if (*terminal)
            file_ref(*terminal);
        else
            *terminal = file_new(FILE_TTY, O_RDWR);
        return *terminal;
    }
    struct file *f = file_new(FILE_STREAM, fd == 0 ? O_RDONLY : O_WRONLY);
    if (f)
        f->minor = fd;
    return f;
}

// A machine without a host that has any of the three, but with a console of its own.
static int open_console(void)
{
    if (!device_find(VIRTIO_ID_CONSOLE, 0) || !driver_of(FILE_HVC))
        return 0;
    struct file *f = file_new(FILE_HVC, O_RDWR);
    if (!f)
        return -ENFILE;
    for (int fd = 0, r; fd < 3; fd++) {
        if (fd)
            file_ref(f);
        if ((r = fd_install(f, fd, 0)) < 0)
            return r;
    }
    return 0;
}

// At boot of the first program, with no descriptors yet: fd_install() from FD on gives just that
// number. Others inherit theirs.
int stdio_open(void)
{
    struct file *terminal = NULL;
    const uint32_t *kinds = boot_info->stdio;
    if (kinds[0] == PV_STDIO_NONE && kinds[1] == PV_STDIO_NONE && kinds[2] == PV_STDIO_NONE)
        return open_console();
    for (uint32_t fd = 0; fd < 3; fd++) {
        if (boot_info->stdio[fd] == PV_STDIO_NONE)
            continue;
        struct file *f = open_host(fd, &terminal);
        if (!f)
            return -ENFILE;
        int r = fd_install(f, (int)fd, 0);
        if (r < 0)
            return r;
    }
    return 0;
}
