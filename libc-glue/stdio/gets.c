// SPDX-License-Identifier: BSD-2-Clause
// fgets(), in place of newlib's, which calls a buffer of one byte an error and hides a read error
// behind the bytes that came before it.
#include "libc-glue/stdio/stream.h"

// A line is taken from the stream's buffer piece by piece, not byte by byte. SIZE counts the NUL;
// with 1 there is nothing to read, and the empty string is the answer.
char *_fgets_r(struct _reent *re, char *restrict buf, int size, FILE *restrict f)
{
    size_t room = (size_t)size - 1, have = 0;
    int whole = 0;
    if (size <= 0)
        return NULL;
    init_streams(re);
    lock_stream(f);
    bytes_wanted(f);
    while (have < room && !whole) {
        if (f->_r <= 0 && __srefill_r(re, f)) {
            // The end of the file after some bytes ends a line, an error does not.
            whole = have > 0 && (f->_flags & __SEOF);
            break;
        }
        size_t n = (size_t)f->_r < room - have ? (size_t)f->_r : room - have;
        unsigned char *newline = memchr(f->_p, '\n', n);
        if (newline)
            n = (size_t)(newline + 1 - f->_p);
        memcpy(buf + have, f->_p, n);
        f->_p += n;
        f->_r -= (int)n;
        have += n;
        whole = newline != NULL;
    }
    unlock_stream(f);
    if (have > 0 || room == 0) // C11 7.21.7.2: unchanged at the end of the file
        buf[have] = '\0';
    return whole || have == room ? buf : NULL;
}

char *fgets(char *restrict buf, int size, FILE *restrict f)
{
    return _fgets_r(_REENT, buf, size, f);
}
