// SPDX-License-Identifier: BSD-2-Clause
// printf to streams. What one call prints goes into the stream in pieces of at most a buffer's
// size, mostly one: standard error, which has no buffer, then gets it in one write.
//
// newlib's printf(), fprintf() and vprintf() come here by vfprintf's inner name. See printf.h.
#include <errno.h>

#include "libc-glue/stdio/printf.h"
#include "libc-glue/stdio/stream.h"

int _vfprintf_r(struct _reent *re, FILE *f, const char *format, va_list ap);
int _vfiprintf_r(struct _reent *re, FILE *f, const char *format, va_list ap);

// Collects, so that a stream without a buffer is not written to in pieces.
struct stream_sink {
    struct sink sink;
    struct _reent *re;
    FILE *f;
    size_t used;
    char text[512];
};

// An error of the stream is the sink's from then on: the rest is not even tried.
static void send_bytes(struct stream_sink *s, const char *p, size_t n)
{
    struct piece piece = {p, n};
    struct output out = {&piece, 1, n};
    if (n > 0 && !s->sink.error && __sfvwrite_r(s->re, s->f, &out))
        sink_fail(&s->sink, errno);
}

// What is longer than the buffer goes past it, without a copy.
static void put_to_stream(struct sink *sink, const char *p, size_t n)
{
    struct stream_sink *s = (struct stream_sink *)sink;
    if (n > sizeof s->text - s->used) {
        send_bytes(s, s->text, s->used);
        s->used = 0;
    }
    if (n >= sizeof s->text)
        return send_bytes(s, p, n);
    memcpy(s->text + s->used, p, n);
    s->used += n;
}

// The stream is locked.
static int print_locked(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    struct stream_sink s;
    if ((f->_flags & __SORD) && (f->_flags2 & __SWID))
        return EOF; // wide characters were written or read already
    bytes_wanted(f);
    if (ready_to_write(re, f))
        return EOF;
    s.sink = (struct sink){.put = put_to_stream};
    s.re = re;
    s.f = f;
    s.used = 0;
    int n = __printf_to(&s.sink, (struct text){.bytes = format}, ap);
    send_bytes(&s, s.text, s.used);
    if (!s.sink.error)
        return n;
    errno = s.sink.error;
    return EOF;
}

// Locked as a whole: the pieces of two threads do not mix (XSH 2.5.1).
int _vfprintf_r(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    init_streams(re);
    lock_stream(f);
    int n = print_locked(re, f, format, ap);
    unlock_stream(f);
    return n;
}

int vfprintf(FILE *restrict f, const char *restrict format, va_list ap)
{
    return _vfprintf_r(_REENT, f, format, ap);
}

// newlib's name for a printf without floating-point numbers, which its own functions use.
int _vfiprintf_r(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    return _vfprintf_r(re, f, format, ap);
}

int vfiprintf(FILE *f, const char *format, va_list ap)
{
    return _vfprintf_r(_REENT, f, format, ap);
}
