// SPDX-License-Identifier: BSD-2-Clause
// fopen() and what its modes mean. newlib's leaves out "e", and puts a stream that may also read
// ("a+") at the end of the file, where nothing is to be read.
#include <fcntl.h>

#include "libc-glue/stdio/stream.h"

// The stream's flags for MODE, or 0 with errno; *OPEN_FLAGS for open().
int __sflags(struct _reent *re, const char *mode, int *open_flags)
{
    int flags, how;
    switch (*mode) {
    case 'r':
        flags = __SRD, how = O_RDONLY;
        break;
    case 'w':
        flags = __SWR, how = O_WRONLY | O_CREAT | O_TRUNC;
        break;
    case 'a':
        flags = __SWR | __SAPP, how = O_WRONLY | O_CREAT | O_APPEND;
        break;
    default:
        re->_errno = EINVAL;
        return 0;
    }
    while (*++mode && *mode != ',')
        switch (*mode) {
        case '+':
            flags = (flags & ~(__SRD | __SWR)) | __SRW;
            how = (how & ~O_ACCMODE) | O_RDWR;
            break;
        case 'x':
            how |= O_EXCL;
            break;
        case 'e':
            how |= O_CLOEXEC;
            break;
        default: // "b" and what others know
            break;
        }
    *open_flags = how;
    return flags;
}

// The stream is taken before the file is opened, so that O_TRUNC does not empty a file for a call
// that then fails for want of memory. A file number is kept in 16 bits, which the limit on
// descriptors stays far below.
FILE *_fopen_r(struct _reent *re, const char *restrict path, const char *restrict mode)
{
    int how, flags = __sflags(re, mode, &how);
    FILE *f = flags ? __sfp(re) : NULL;
    if (!f)
        return NULL;
    int fd = open(path, how, 0666);
    if (fd < 0) {
        f->_flags = 0; // free again
        return NULL;
    }
    f->_file = (short)fd;
    f->_flags = (short)flags;
    f->_cookie = f;
    f->_read = __sread;
    f->_write = __swrite;
    f->_seek = __sseek;
    f->_close = __sclose;
    // So that ftell() right after fopen(..., "a") tells the file's size, which scripts rely on.
    // O_APPEND alone moves the offset only when something is written.
    if ((flags & (__SAPP | __SRW)) == __SAPP)
        fseek(f, 0, SEEK_END);
    return f;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    return _fopen_r(_REENT, path, mode);
}
