// SPDX-License-Identifier: BSD-2-Clause
// Bytes from one descriptor to another, room for bytes to come, and descriptors closed in one go.
// Neighbours: kernel/file/transfer.c, kernel/file/memfd.c.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// A NULL offset means the file's own, which moves then; an offset that is given is moved instead
// and the file's own stays.
_Static_assert(sizeof(off_t) == sizeof(int64_t), "offsets are handed through");

// Linux's: to first, then from. The offset is the source's alone.
ssize_t sendfile(int to, int from, off_t *off, size_t len)
{
    return glue_ret(sys_sendfile(to, from, (int64_t *)off, len));
}

// Flags are for later, says Linux: 0.
ssize_t copy_file_range(int from, off_t *from_off, int to, off_t *to_off, size_t len,
                        unsigned flags)
{
    return glue_ret(
        sys_copy_file_range(from, (int64_t *)from_off, to, (int64_t *)to_off, len, flags));
}

// One of the two is a pipe; an offset is only for the other.
ssize_t splice(int from, off_t *from_off, int to, off_t *to_off, size_t len, unsigned flags)
{
    return glue_ret(sys_splice(from, (int64_t *)from_off, to, (int64_t *)to_off, len, flags));
}

// Modes: FALLOC_FL_KEEP_SIZE, and with it FALLOC_FL_PUNCH_HOLE.
int fallocate(int fd, int mode, off_t off, off_t len)
{
    return (int)glue_ret(sys_fallocate(fd, mode, off, len));
}

// Returns the error and leaves errno alone (XSH posix_fallocate()).
int posix_fallocate(int fd, off_t off, off_t len)
{
    return (int)-sys_fallocate(fd, 0, off, len);
}

// CLOSE_RANGE_CLOEXEC marks the descriptors instead of closing them.
int close_range(unsigned first, unsigned last, int flags)
{
    return (int)glue_ret(sys_close_range(first, last, (unsigned)flags));
}

// Cannot fail, as the BSDs have it.
void closefrom(int first)
{
    (void)sys_close_range(first < 0 ? 0 : (unsigned)first, ~0u, 0);
}
