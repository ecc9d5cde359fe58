// SPDX-License-Identifier: BSD-2-Clause
// printf of wide characters: fwprintf(), swprintf() and their relatives. What the engine puts in
// ASCII is made wide here. See printf.h.
#include <errno.h>
#include <wchar.h>

#include "libc-glue/stdio/printf.h"
#include "libc-glue/stdio/stream.h"

// A stream is of bytes or of wide characters from its first use on (XSH 2.5.2); the other kind
// fails.
int _vfwprintf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap);
int _vfiwprintf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap);
int _svfwprintf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap);
int _svfiwprintf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap);
wint_t _fputwc_unlocked_r(struct _reent *re, wchar_t c, FILE *f);

// A string, or a stream when F is set.
struct wide_sink {
    struct sink sink;
    wchar_t *at;
    size_t room;
    struct _reent *re;
    FILE *f;
};

// One at a time: a stream encodes each by itself.
static void put_wide_one(struct wide_sink *s, wchar_t c)
{
    if (s->f) {
        if (_fputwc_unlocked_r(s->re, c, s->f) == WEOF)
            sink_fail(&s->sink, errno);
    } else if (s->room > 0) {
        *s->at++ = c;
        s->room--;
    } else {
        sink_fail(&s->sink, EOVERFLOW); // unlike snprintf(), which counts on (XSH swprintf())
    }
}

// ASCII is the same in both.
static void put_wide_from_ascii(struct sink *sink, const char *p, size_t n)
{
    for (size_t i = 0; i < n && !sink->error; i++)
        put_wide_one((struct wide_sink *)sink, (unsigned char)p[i]);
}

// Characters as they are; what the encoding has not got fails in the stream.
static void put_wide_text(struct sink *sink, const wchar_t *p, size_t n)
{
    for (size_t i = 0; i < n && !sink->error; i++)
        put_wide_one((struct wide_sink *)sink, p[i]);
}

static const struct sink wide = {.put = put_wide_from_ascii, .put_wide = put_wide_text};

// The text ends with a NUL also when it did not fit.
int vswprintf(wchar_t *restrict to, size_t size, const wchar_t *restrict format, va_list ap)
{
    struct wide_sink s = {.sink = wide, .at = to, .room = size ? size - 1 : 0};
    int n = __printf_to(&s.sink, (struct text){.wide = format}, ap);
    if (size == 0)
        return errno = EOVERFLOW, -1;
    *s.at = L'\0';
    return n;
}

// The form with dots collects its arguments.
int swprintf(wchar_t *restrict to, size_t size, const wchar_t *restrict format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vswprintf(to, size, format, ap);
    va_end(ap);
    return n;
}

int _vfwprintf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap)
{
    struct wide_sink s = {.sink = wide, .re = re, .f = f};
    init_streams(re);
    lock_stream(f);
    int n = -1;
    if (!(f->_flags & __SORD) || (f->_flags2 & __SWID)) {
        f->_flags |= __SORD;
        f->_flags2 |= __SWID;
        if (!ready_to_write(re, f))
            n = __printf_to(&s.sink, (struct text){.wide = format}, ap);
    }
    unlock_stream(f);
    return n;
}

// newlib's fwprintf() and wprintf() come here by the inner name.
int vfwprintf(FILE *restrict f, const wchar_t *restrict format, va_list ap)
{
    return _vfwprintf_r(_REENT, f, format, ap);
}

int _vfiwprintf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap)
{
    return _vfwprintf_r(re, f, format, ap);
}

// newlib's inner functions print into a FILE that is a string: its sizes are in bytes.
int _svfwprintf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap)
{
    struct wide_sink s = {
        .sink = wide, .at = (wchar_t *)(void *)f->_p, .room = (size_t)f->_w / sizeof(wchar_t)};
    (void)re;
    int n = __printf_to(&s.sink, (struct text){.wide = format}, ap);
    f->_p = (unsigned char *)s.at;
    return n;
}

// newlib's own callers know of a printf without floating-point numbers, too.
int _svfiwprintf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap)
{
    return _svfwprintf_r(re, f, format, ap);
}
