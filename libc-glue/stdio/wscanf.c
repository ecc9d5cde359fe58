// SPDX-License-Identifier: BSD-2-Clause
// scanf of wide characters: fwscanf(), swscanf() and their relatives. See scanf.h.
#include "libc-glue/stdio/scanf.h"
#include "libc-glue/stdio/stream.h"

int __svfwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap);
int __svfiwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap);
int __ssvfwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap);
int __ssvfiwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap);
int _vfwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap);
wint_t _fgetwc_unlocked_r(struct _reent *re, FILE *f);
wint_t _ungetwc_r(struct _reent *re, wint_t c, FILE *f);

// A string of wide characters until END, or, when that is NULL, until L'\0'.
struct wide_string {
    struct source source;
    const wchar_t *at, *end;
};

// The end may be told by a length: newlib's FILE has no NUL.
static wint_t wide_string_next(struct source *s)
{
    struct wide_string *from = (struct wide_string *)s;
    if (from->end ? from->at == from->end : *from->at == L'\0')
        return WEOF;
    return (wint_t)*from->at++;
}

// There is no need to look at C: the text has it.
static void wide_string_back(struct source *s, wint_t c)
{
    (void)c;
    ((struct wide_string *)s)->at--;
}

// The text is not looked at beyond what the format needs.
static int scan_wide(const wchar_t *text, const wchar_t *end, const wchar_t *format, va_list ap)
{
    struct wide_string s = {
        {.next = wide_string_next, .back = wide_string_back, .wide = 1}, text, end};
    return __scanf_from(&s.source, (struct text){.wide = format}, ap);
}

int vswscanf(const wchar_t *restrict text, const wchar_t *restrict format, va_list ap)
{
    return scan_wide(text, NULL, format, ap);
}

// The forms with dots collect their arguments.
int swscanf(const wchar_t *restrict text, const wchar_t *restrict format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vswscanf(text, format, ap);
    va_end(ap);
    return n;
}

// newlib's string in a FILE: _r counts bytes.
int __ssvfwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap)
{
    const wchar_t *text = (const wchar_t *)(const void *)f->_p;
    (void)re;
    return scan_wide(text, text + (size_t)f->_r / sizeof *text, format, ap);
}

int __ssvfiwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap)
{
    return __ssvfwscanf_r(re, f, format, ap);
}

// newlib decodes, by the locale.
struct wide_stream {
    struct source source;
    struct _reent *re;
    FILE *f;
};

// Decodes; a byte that is no character ends the input, with the stream's error indicator set.
static wint_t wide_stream_next(struct source *s)
{
    struct wide_stream *from = (struct wide_stream *)s;
    return _fgetwc_unlocked_r(from->re, from->f);
}

// At most one character, which every stream has room for.
static void wide_stream_back(struct source *s, wint_t c)
{
    struct wide_stream *from = (struct wide_stream *)s;
    _ungetwc_r(from->re, c, from->f);
}

// The first use of a stream makes it one of wide characters.
int __svfwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap)
{
    struct wide_stream s = {{.next = wide_stream_next, .back = wide_stream_back, .wide = 1}, re, f};
    init_streams(re);
    lock_stream(f);
    int n = EOF;
    if (!(f->_flags & __SORD) || (f->_flags2 & __SWID)) {
        f->_flags |= __SORD;
        f->_flags2 |= __SWID;
        n = __scanf_from(&s.source, (struct text){.wide = format}, ap);
    }
    unlock_stream(f);
    return n;
}

int _vfwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap)
{
    return __svfwscanf_r(re, f, format, ap);
}

// The names of the standard, and newlib's.
int vfwscanf(FILE *restrict f, const wchar_t *restrict format, va_list ap)
{
    return __svfwscanf_r(_REENT, f, format, ap);
}

int __svfiwscanf_r(struct _reent *re, FILE *f, const wchar_t *format, va_list ap)
{
    return __svfwscanf_r(re, f, format, ap);
}
