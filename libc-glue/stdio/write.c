// SPDX-License-Identifier: BSD-2-Clause
// Output into a stream's buffer: the one function behind fwrite(), fputs() and printf(), and the
// one behind putc() when its macro finds no room.
//
// The rule for errors: a call that fails has taken nothing that was not written. What it had put
// into the buffer is taken out again, so that fwrite()'s count is exact and nobody who tries again
// writes a byte twice; what earlier calls put there stays if the error is one that passes, and is
// dropped otherwise (flush.c). A full buffer is written when the next byte comes, not before.
// Neighbours: flush.c, newlib's fwrite.c, fputs.c, vfprintf.c.
#include <limits.h>

#include "libc-glue/stdio/stream.h"

// How many bytes of P, LEN long, end in the last newline there is; 0 when there is none.
static size_t whole_lines(const char *p, size_t len)
{
    while (len > 0 && p[len - 1] != '\n')
        len--;
    return len;
}

// Hands as much of P to the file, past an empty buffer, as is a multiple of the buffer's size.
static _ssize_t write_past(struct _reent *re, FILE *f, const char *p, size_t len)
{
    size_t size = (size_t)f->_bf._size;
    if (len > INT_MAX)
        len = INT_MAX;
    return f->_write(re, f->_cookie, p, (int)(len / size * size));
}

// Takes some of P, LEN bytes, of which LINES are whole lines that may not stay in the buffer (0 of
// a stream that is not line buffered). *MINE counts what the buffer holds of this call. Returns how
// many were taken, or -1.
static _ssize_t take(struct _reent *re, FILE *f, const char *p, size_t len, size_t lines,
                     size_t *mine)
{
    size_t size = (size_t)f->_bf._size;
    // Nothing waits before it and it would fill the buffer at once: straight to the file, without a
    // copy.
    if (used(f) == 0 && (len >= size || (f->_flags & __SNBF))) {
        _ssize_t n = write_past(re, f, p, len);
        return n > 0 ? n : -1;
    }
    if (used(f) >= size) {
        if (flush_or_keep(re, f))
            return -1;
        *mine = 0;
    }
    size_t n = size - used(f);
    if (n > len)
        n = len;
    // Not beyond the last newline: what comes after it may stay in the buffer.
    if (n > lines && lines > 0)
        n = lines;
    memcpy(f->_p, p, n);
    set_used(f, used(f) + n);
    *mine += n;
    if (n == lines) {
        if (flush_or_keep(re, f)) {
            *mine -= n; // not counted as taken by the caller yet
            size_t have = used(f);
            set_used(f, have - (n < have ? n : have));
            return -1;
        }
        *mine = 0;
    }
    return (_ssize_t)n;
}

// The error path: what is left of this call in the buffer goes out again.
static int failed(struct _reent *re, FILE *f, struct output *out, size_t mine)
{
    size_t have = used(f), back = mine < have ? mine : have;
    if (!(f->_flags & __SNBF))
        set_used(f, have - back);
    out->left += back;
    f->_flags |= __SERR;
    drop_unwritable(re, f);
    return EOF;
}

int __sfvwrite_r(struct _reent *re, FILE *f, struct output *out)
{
    size_t mine = 0;
    if (out->left == 0)
        return 0;
    if (ready_to_write(re, f))
        return EOF;
    for (struct piece *piece = out->piece; out->left > 0; piece++) {
        const char *p = piece->base;
        size_t len = piece->len, lines = f->_flags & __SLBF ? whole_lines(p, len) : 0;
        while (len > 0) {
            _ssize_t n = take(re, f, p, len, lines, &mine);
            // Bytes that were written or belong to earlier calls stay; `mine` is what this call had
            // put into the buffer.
            if (n < 0)
                return failed(re, f, out, mine);
            p += n;
            len -= (size_t)n;
            lines -= (size_t)n < lines ? (size_t)n : lines;
            out->left -= (size_t)n;
        }
    }
    return 0;
}

int __swbuf_r(struct _reent *re, int c, FILE *f)
{
    init_streams(re);
    f->_w = f->_lbfsize; // should we leave early, the macros come here again
    if (ready_to_write(re, f))
        return EOF;
    bytes_wanted(f);
    if (used(f) >= (size_t)f->_bf._size && flush_or_keep(re, f)) {
        drop_unwritable(re, f);
        return EOF;
    }
    c = (unsigned char)c;
    *f->_p = (unsigned char)c;
    set_used(f, used(f) + 1);
    if (!(f->_flags & __SNBF) && !(f->_flags & __SLBF && c == '\n'))
        return c;
    if (!flush_or_keep(re, f))
        return c;
    // The byte was not written: it goes out of the buffer again, as the caller is told that it
    // failed.
    if (used(f) > 0)
        set_used(f, used(f) - 1);
    drop_unwritable(re, f);
    return EOF;
}

int __swbuf(int c, FILE *f)
{
    return __swbuf_r(_REENT, c, f);
}
