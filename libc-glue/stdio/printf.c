// SPDX-License-Identifier: BSD-2-Clause
// The engine of printf: text goes out as it stands, a conversion by what its letter says (XSH
// fprintf()). Where the standard leaves something open, glibc decides: unknown conversions are
// printed, a null pointer is "(nil)", %m is the text of errno. See printf.h.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libc-glue/stdio/printf.h"

// The digits of N before END. Returns where they begin; none when N is 0.
static char *digits_before(char *end, uintmax_t n, unsigned base, const char *letters)
{
    if (base == 10) // by a constant: several times faster than a division
        for (; n; n /= 10)
            *--end = (char)('0' + n % 10);
    for (; n; n /= base)
        *--end = letters[n % base];
    return end;
}

// PREFIX is a sign, "0x" and the like; SPEC's precision is the least number of digits.
static void put_integer(struct sink *s, struct spec *spec, uintmax_t n, unsigned base,
                        const char *prefix, int upper)
{
    char text[64], *end = text + sizeof text;
    char *first = digits_before(end, n, base, upper ? "0123456789ABCDEF" : "0123456789abcdef");
    size_t size = (size_t)(end - first);
    size_t least = spec->precision < 0 ? 1 : (size_t)spec->precision;
    if (base == 8 && spec->alt && least <= size) // "#" asks for a leading zero
        least = size + 1;
    size_t zeros = least > size ? least - size : 0;
    int may_fill = spec->precision < 0; // the flag 0 is ignored with a precision
    size_t behind = __printf_open(s, spec, prefix, strlen(prefix), zeros + size, may_fill);
    __sink_pad(s, '0', zeros);
    __sink_emit(s, first, size);
    __sink_pad(s, ' ', behind);
}

// The magnitude is unsigned: the most negative number has no positive one.
static void put_signed_integer(struct sink *s, struct spec *spec, intmax_t n)
{
    n = spec->length == LEN_HH ? (signed char)n : spec->length == LEN_H ? (short)n : n;
    const char *sign = n < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
    put_integer(s, spec, n < 0 ? -(uintmax_t)n : (uintmax_t)n, 10, sign, 0);
}

// hh and h convert what came as an int.
static void put_unsigned(struct sink *s, struct spec *spec, intmax_t value)
{
    uintmax_t n = spec->length == LEN_HH     ? (unsigned char)value
                  : spec->length == LEN_H    ? (unsigned short)value
                  : spec->length == LEN_NONE ? (unsigned)value
                                             : (uintmax_t)value;
    char prefix[3] = {'0', (char)spec->conv, '\0'};
    const char *with = spec->alt && n ? prefix : "";
    switch (spec->conv) {
    case 'x':
    case 'X':
        return put_integer(s, spec, n, 16, with, spec->conv == 'X');
    case 'b':
    case 'B':
        return put_integer(s, spec, n, 2, with, 0);
    case 'o':
        return put_integer(s, spec, n, 8, "", 0);
    default:
        return put_integer(s, spec, n, 10, "", 0);
    }
}

// As glibc: hexadecimal, and a word for NULL.
static void put_pointer(struct sink *s, struct spec *spec, const void *p)
{
    if (!p) {
        if (spec->precision >= 0 && spec->precision < 5)
            spec->precision = 5;
        return __printf_bytes(s, spec, "(nil)");
    }
    const char *prefix = spec->plus ? "+0x" : spec->space ? " 0x" : "0x"; // the sign is glibc's
    put_integer(s, spec, (uintptr_t)p, 16, prefix, 0);
}

// %n: how many characters there are so far.
static void store_count(const struct sink *s, const struct spec *spec, const void *at)
{
    void *to = (void *)(uintptr_t)at;
    switch (spec->length) {
    case LEN_HH:
        *(signed char *)to = (signed char)s->count;
        break;
    case LEN_H:
        *(short *)to = (short)s->count;
        break;
    case LEN_NONE:
        *(int *)to = (int)s->count;
        break;
    default:
        *(long *)to = (long)s->count;
    }
}

// For put_unknown().
static void put_plain_number(struct sink *s, int n)
{
    struct spec plain = {.precision = -1};
    put_integer(s, &plain, (uintmax_t)n, 10, "", 0);
}

// A conversion nobody knows comes out as it was read, but for its length.
static void put_unknown(struct sink *s, const struct spec *spec)
{
    char text[8];
    size_t n = 0;
    text[n++] = '%';
    if (spec->alt)
        text[n++] = '#';
    if (spec->group)
        text[n++] = '\'';
    if (spec->plus || spec->space)
        text[n++] = spec->plus ? '+' : ' ';
    if (spec->minus || spec->zero)
        text[n++] = spec->minus ? '-' : '0';
    if (spec->digits)
        text[n++] = 'I';
    __sink_emit(s, text, n);
    if (spec->width)
        put_plain_number(s, spec->width);
    if (spec->precision >= 0) {
        __sink_emit(s, ".", 1);
        put_plain_number(s, spec->precision);
    }
    wchar_t wide = (wchar_t)spec->conv;
    char byte = (char)spec->conv;
    if (s->put_wide)
        __sink_emit_wide(s, &wide, 1);
    else
        __sink_emit(s, &byte, 1);
}

// Puts what SPEC says of V. ERROR is errno as it was when printf was called.
static void convert(struct sink *s, struct spec *spec, const union value *v, int error)
{
    switch (spec->conv) {
    case 'd':
    case 'i':
        return put_signed_integer(s, spec, v->i);
    case 'u':
    case 'o':
    case 'x':
    case 'X':
    case 'b':
    case 'B':
        return put_unsigned(s, spec, v->i);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
        return __printf_float(s, spec, v->x);
    case 's':
        return spec->length >= LEN_L ? __printf_wide(s, spec, v->p) : __printf_bytes(s, spec, v->p);
    case 'S':
        return __printf_wide(s, spec, v->p);
    case 'c':
        return spec->length >= LEN_L ? __printf_wide_char(s, spec, (wint_t)v->i)
                                     : __printf_char(s, spec, (int)v->i);
    case 'C':
        return __printf_wide_char(s, spec, (wint_t)v->i);
    case 'p':
        return put_pointer(s, spec, v->p);
    case 'n':
        return store_count(s, spec, v->p);
    case 'm':
        return __printf_bytes(s, spec, strerror(error));
    case '%':
        return __sink_emit(s, "%", 1);
    default:
        return put_unknown(s, spec);
    }
}

// The arguments that stand in the place of numbers: a negative width is the flag '-' and a width, a
// negative precision is none.
static void fetch_amounts(struct sink *s, struct args *args, struct spec *spec)
{
    union value v;
    if (spec->width_arg != ARG_NONE) {
        __printf_arg(args, spec->width_arg, KIND_INT, &v);
        if (v.i == INT32_MIN)
            sink_fail(s, EOVERFLOW);
        spec->minus |= v.i < 0;
        spec->width = (int)(v.i < 0 ? -v.i : v.i);
    }
    if (spec->precision_arg != ARG_NONE) {
        __printf_arg(args, spec->precision_arg, KIND_INT, &v);
        spec->precision = v.i < 0 ? -1 : (int)v.i;
    }
}

// Puts what is no conversion, from T[I] on. Returns where it ends.
static size_t put_literal(struct sink *s, const struct text *t, size_t i)
{
    size_t from = i;
    if (t->wide) {
        i += wcscspn(t->wide + i, L"%");
        __sink_emit_wide(s, t->wide + from, i - from);
    } else {
        const char *end = strchrnul(t->bytes + i, '%');
        i = (size_t)(end - t->bytes);
        __sink_emit(s, t->bytes + from, i - from);
    }
    return i;
}

// errno is kept for %m: what is called meanwhile may change it. The first failure ends it.
static void print_all(struct sink *s, const struct text *t, struct args *args)
{
    int error = errno;
    struct spec spec;
    for (size_t i = put_literal(s, t, 0); text_at(t, i) && !s->error; i = put_literal(s, t, i)) {
        union value v = {0};
        i = __printf_spec(t, i, &spec);
        if (i == 0 || !spec.conv)
            return sink_fail(s, i == 0 ? EOVERFLOW : EINVAL);
        int numbered = spec.arg > 0 || spec.width_arg > 0 || spec.precision_arg > 0;
        if (numbered && !args->numbered) {
            int failed = __printf_number_args(args, t);
            if (failed)
                return sink_fail(s, failed);
        }
        fetch_amounts(s, args, &spec);
        enum kind kind = __printf_kind(&spec);
        if (kind != KIND_NONE)
            __printf_arg(args, spec.arg, kind, &v);
        convert(s, &spec, &v, error);
    }
}

// The argument list is copied, as the engine fetches from it by address.
int __printf_to(struct sink *s, struct text format, va_list ap)
{
    struct args args;
    args.numbered = NULL;
    va_copy(args.ap, ap);
    print_all(s, &format, &args);
    va_end(args.ap);
    if (args.numbered && args.numbered != args.few)
        free(args.numbered);
    if (!s->error)
        return (int)s->count;
    errno = s->error;
    return -1;
}
