// SPDX-License-Identifier: BSD-2-Clause
// scanf from streams and strings of bytes. newlib's scanf() and fscanf() come here by the inner
// names. A string is read where it lies, without a look at its length first: programs that read a
// long text number by number with sscanf() stay linear. See scanf.h.
#include "libc-glue/stdio/scanf.h"
#include "libc-glue/stdio/stream.h"

// Streams of wide characters fail, as fgetc() of one does.
int __svfscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap);
int __svfiscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap);
int __ssvfscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap);
int __ssvfiscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap);
int _vfscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap);

// ---- strings ----

// AT is the next byte.
struct string_source {
    struct source source;
    const char *at;
};

// The NUL is the end, and stays the end however often it is asked for.
static wint_t string_next(struct source *s)
{
    struct string_source *from = (struct string_source *)s;
    return *from->at ? (unsigned char)*from->at++ : WEOF;
}

// The text itself remembers what it was.
static void string_back(struct source *s, wint_t c)
{
    (void)c;
    ((struct string_source *)s)->at--;
}

// Linear in what is read, not in the length of the text.
int vsscanf(const char *restrict text, const char *restrict format, va_list ap)
{
    struct string_source s = {{.next = string_next, .back = string_back}, text};
    return __scanf_from(&s.source, (struct text){.bytes = format}, ap);
}

int sscanf(const char *restrict text, const char *restrict format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsscanf(text, format, ap);
    va_end(ap);
    return n;
}

// ---- streams ----

// The stream is locked by whoever makes this.
struct stream_source {
    struct source source;
    struct _reent *re;
    FILE *f;
};

// The end of a file is told anew with every call, as a terminal can go on after one.
static wint_t stream_next(struct source *s)
{
    struct stream_source *from = (struct stream_source *)s;
    FILE *f = from->f;
    if (f->_r <= 0 && __srefill_r(from->re, f))
        return WEOF;
    f->_r--;
    return *f->_p++;
}

// The buffer still holds what was read last, also when that is the one of ungetc().
static void stream_back(struct source *s, wint_t c)
{
    FILE *f = ((struct stream_source *)s)->f;
    (void)c;
    f->_p--;
    f->_r++;
}

int __svfscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    struct stream_source s = {{.next = stream_next, .back = stream_back}, re, f};
    init_streams(re);
    lock_stream(f);
    int n = EOF;
    if (!(f->_flags & __SORD) || !(f->_flags2 & __SWID)) {
        bytes_wanted(f);
        n = __scanf_from(&s.source, (struct text){.bytes = format}, ap);
    }
    unlock_stream(f);
    return n;
}

int _vfscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    return __svfscanf_r(re, f, format, ap);
}

// The names of the standard, and newlib's for what has no floating-point numbers.
int vfscanf(FILE *restrict f, const char *restrict format, va_list ap)
{
    return __svfscanf_r(_REENT, f, format, ap);
}

int __svfiscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    return __svfscanf_r(re, f, format, ap);
}

// newlib's way to read a string: a FILE whose buffer it is, without a NUL, and with no lock.
static wint_t buffer_next(struct source *s)
{
    FILE *f = ((struct stream_source *)s)->f;
    if (f->_r <= 0)
        return WEOF;
    f->_r--;
    return *f->_p++;
}

int __ssvfscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    struct stream_source s = {{.next = buffer_next, .back = stream_back}, re, f};
    return __scanf_from(&s.source, (struct text){.bytes = format}, ap);
}

int __ssvfiscanf_r(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    return __ssvfscanf_r(re, f, format, ap);
}
