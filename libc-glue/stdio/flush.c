// SPDX-License-Identifier: BSD-2-Clause
// fflush(), in place of newlib's, which forgets the buffer when it cannot be written: of what a
// pipe that is full for the moment did not take, half is lost.
//
// What becomes of the bytes that could not be written depends on why. "Not now" (EAGAIN, EINTR):
// they stay; while that lasts a full buffer takes no more, so calls go on failing, and when writing
// works again nothing is lost and nothing is out of order. Anything else (a full disk, a pipe
// nobody reads) is likely to be so at the next byte too: they are dropped, as glibc drops them, so
// that a program which looks at no result pays one failing write() for each buffer, not one for
// each byte. Neighbours: write.c, which fills buffers.
#include "libc-glue/stdio/stream.h"

// Writes the buffer out. It is marked empty before: a signal handler that uses the stream or leaves
// by longjmp() finds it usable.
static int flush_output(struct _reent *re, FILE *f)
{
    unsigned char *base = f->_bf._base;
    if (!base)
        return 0;
    size_t len = used(f), done = 0;
    set_used(f, 0);
    while (done < len) {
        _ssize_t n = f->_write(re, f->_cookie, (char *)base + done, (int)(len - done));
        if (n <= 0) {
            f->_flags |= __SERR;
            // A stream without buffer keeps nothing, nor one whose write function changed it.
            if (!(f->_flags & __SNBF) && f->_bf._base == base) {
                memmove(base, base + done, len - done);
                set_used(f, len - done);
            }
            return EOF;
        }
        done += (size_t)n;
    }
    return 0;
}

static inline int ignorable(int error)
{
    return error == 0 || error == ESPIPE || error == EINVAL;
}

// Moves the file's offset back to what the program has read so far, and forgets what was read
// ahead. A file that cannot seek keeps it.
static int flush_input(struct _reent *re, FILE *f)
{
    f->_flags |= __SNPT; // the next fseek() asks the file
    int pushed = f->_ub._base != NULL;
    if ((f->_r <= 0 && !(pushed && f->_ur > 0)) || !f->_seek)
        return 0;
    int before = re->_errno;
    re->_errno = 0;
    _fpos_t at = f->_flags & __SOFF ? f->_offset : f->_seek(re, f->_cookie, 0, SEEK_CUR);
    if (at != -1 || re->_errno == 0) {
        if (f->_flags & __SRD)
            at -= f->_r + (pushed ? f->_ur : 0);
        at = f->_seek(re, f->_cookie, at, SEEK_SET);
        if (at != -1 || ignorable(re->_errno)) {
            f->_flags &= ~__SNPT;
            f->_r = 0;
            f->_p = f->_bf._base;
            if ((f->_flags & __SOFF) && (at != -1 || re->_errno == 0))
                f->_offset = at;
            if (pushed && f->_ub._base != f->_ubuf)
                free(f->_ub._base);
            f->_ub._base = NULL;
        }
    }
    if (at == -1 && !ignorable(re->_errno)) {
        f->_flags |= __SERR;
        return EOF;
    }
    re->_errno = before;
    return 0;
}

// Without the lock: for newlib's callers that hold it.
int __sflush_r(struct _reent *re, FILE *f)
{
    return f->_flags & __SWR ? flush_output(re, f) : flush_input(re, f);
}

void drop_unwritable(struct _reent *re, FILE *f)
{
    if (re->_errno != EAGAIN && re->_errno != EINTR && (f->_flags & __SWR))
        set_used(f, 0);
}

int flush_or_keep(struct _reent *re, FILE *f)
{
    init_streams(re);
    if (!f->_flags) // closed
        return 0;
    lock_stream(f);
    int r = __sflush_r(re, f);
    unlock_stream(f);
    return r;
}

int _fflush_r(struct _reent *re, FILE *f)
{
    int r = flush_or_keep(re, f);
    if (r)
        drop_unwritable(re, f);
    return r;
}

int fflush(FILE *f)
{
    return f ? _fflush_r(_REENT, f) : _fwalk_reent(_GLOBAL_REENT, _fflush_r);
}
