// SPDX-License-Identifier: BSD-2-Clause
// printf to memory and to file descriptors: sprintf(), snprintf(), asprintf(), dprintf() and their
// v-forms. newlib's know neither "%2$s" nor half of what <stdio.h> promises. See printf.h.
#include <errno.h>
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc-glue/stdio/printf.h"

int _svfprintf_r(struct _reent *re, FILE *f, const char *format, va_list ap);
int _svfiprintf_r(struct _reent *re, FILE *f, const char *format, va_list ap);

// ---- a string of a fixed size ----

// AT is where the next character goes, while there is ROOM.
struct string_sink {
    struct sink sink;
    char *at;
    size_t room; // without the NUL
};

// What does not fit is counted only.
static void put_in_string(struct sink *sink, const char *p, size_t n)
{
    struct string_sink *s = (struct string_sink *)sink;
    if (n > s->room)
        n = s->room;
    memcpy(s->at, p, n);
    s->at += n;
    s->room -= n;
}

// Ends with a NUL unless there is no room at all; returns the length the text would have
// (C11 7.21.6.5).
int vsnprintf(char *restrict to, size_t size, const char *restrict format, va_list ap)
{
    struct string_sink s = {{.put = put_in_string}, to, size ? size - 1 : 0};
    int n = __printf_to(&s.sink, (struct text){.bytes = format}, ap);
    if (size)
        *s.at = '\0';
    return n;
}

// The forms with dots only collect their arguments.
int snprintf(char *restrict to, size_t size, const char *restrict format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(to, size, format, ap);
    va_end(ap);
    return n;
}

// No limit but the address space: SIZE_MAX.
int vsprintf(char *restrict to, const char *restrict format, va_list ap)
{
    return vsnprintf(to, SIZE_MAX, format, ap);
}

// As above.
int sprintf(char *restrict to, const char *restrict format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsprintf(to, format, ap);
    va_end(ap);
    return n;
}

// ---- a string that grows ----

// TEXT is malloc()'s, and the caller's in the end.
struct growing_sink {
    struct sink sink;
    char *text;
    size_t size, used;
};

// Twice the size each time: the text is copied a few times at most.
static void put_and_grow(struct sink *sink, const char *p, size_t n)
{
    struct growing_sink *s = (struct growing_sink *)sink;
    if (n >= s->size - s->used) {
        size_t size = 2 * s->size + n;
        char *text = realloc(s->text, size);
        if (!text)
            return sink_fail(sink, ENOMEM);
        s->text = text;
        s->size = size;
    }
    memcpy(s->text + s->used, p, n);
    s->used += n;
}

// On failure *TO is what it was, and there is nothing to free.
int vasprintf(char **to, const char *format, va_list ap)
{
    struct growing_sink s = {.sink.put = put_and_grow, .size = 64, .text = malloc(64)};
    if (!s.text)
        return errno = ENOMEM, -1;
    int n = __printf_to(&s.sink, (struct text){.bytes = format}, ap);
    if (n < 0) {
        free(s.text);
        return -1;
    }
    s.text[n] = '\0'; // put_and_grow() keeps a byte for it
    char *exact = realloc(s.text, (size_t)n + 1);
    *to = exact ? exact : s.text;
    return n;
}

int asprintf(char **to, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(to, format, ap);
    va_end(ap);
    return n;
}

// ---- a descriptor ----

// Written when it is full, and at the end.
struct fd_sink {
    struct sink sink;
    int fd;
    size_t used;
    char text[4096]; // one write for what a pipe takes in one piece
};

// A write may take a part: the rest is written again.
static void fd_flush(struct fd_sink *s)
{
    const char *p = s->text;
    while (s->used > 0 && !s->sink.error) {
        ssize_t n = write(s->fd, p, s->used);
        if (n < 0)
            sink_fail(&s->sink, errno);
        else
            p += n, s->used -= (size_t)n;
    }
    s->used = 0;
}

// By whole buffers, however small the pieces are.
static void put_to_fd(struct sink *sink, const char *p, size_t n)
{
    struct fd_sink *s = (struct fd_sink *)sink;
    for (size_t some; n > 0 && !sink->error; p += some, n -= some) {
        if (s->used == sizeof s->text)
            fd_flush(s);
        some = sizeof s->text - s->used < n ? sizeof s->text - s->used : n;
        memcpy(s->text + s->used, p, some);
        s->used += some;
    }
}

// The buffer is on the stack and written before this returns: nothing stays behind (XSH dprintf()).
int vdprintf(int fd, const char *restrict format, va_list ap)
{
    struct fd_sink s;
    s.sink = (struct sink){.put = put_to_fd};
    s.fd = fd;
    s.used = 0;
    int n = __printf_to(&s.sink, (struct text){.bytes = format}, ap);
    fd_flush(&s);
    if (!s.sink.error)
        return n;
    errno = s.sink.error;
    return -1;
}

int dprintf(int fd, const char *restrict format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vdprintf(fd, format, ap);
    va_end(ap);
    return n;
}

// ---- newlib's own way to print to memory, for what of it is left: a FILE without a file ----

struct file_sink {
    struct sink sink;
    FILE *f;
};

// Of the kinds that grow, __SOPT has a buffer of the caller's first, which is not to be freed.
static int file_grow(FILE *f, size_t n)
{
    size_t used = (size_t)(f->_p - f->_bf._base), size = 2 * used + n + 64;
    char *old = (char *)f->_bf._base,
         *text = f->_flags & __SOPT ? malloc(size) : realloc(old, size);
    if (!text)
        return 0;
    if (f->_flags & __SOPT)
        memcpy(text, old, used);
    f->_flags = (short)((f->_flags & ~__SOPT) | __SMBF);
    f->_bf._base = (unsigned char *)text;
    f->_bf._size = (int)size;
    f->_p = f->_bf._base + used;
    f->_w = (int)(size - used);
    return 1;
}

// A buffer that does not grow takes what fits; what does not is counted.
static void put_in_file(struct sink *sink, const char *p, size_t n)
{
    FILE *f = ((struct file_sink *)sink)->f;
    if ((f->_flags & (__SMBF | __SOPT)) && n >= (size_t)f->_w && !file_grow(f, n))
        return sink_fail(sink, ENOMEM);
    if (n > (size_t)f->_w)
        n = (size_t)f->_w;
    memcpy(f->_p, p, n);
    f->_p += n;
    f->_w -= (int)n;
}

// An empty result must have room for the NUL, too, hence the put of nothing.
int _svfprintf_r(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    struct file_sink s = {{.put = put_in_file}, f};
    (void)re;
    put_in_file(&s.sink, "", 0);
    return __printf_to(&s.sink, (struct text){.bytes = format}, ap);
}

int _svfiprintf_r(struct _reent *re, FILE *f, const char *format, va_list ap)
{
    return _svfprintf_r(re, f, format, ap);
}
