// SPDX-License-Identifier: BSD-2-Clause
// What the files behind printf() share: where characters go, what a conversion asks for, and the
// arguments.
//
// One engine serves all of printf's relatives. What differs between them is the sink: a string, a
// growing string, a stream of bytes or of wide characters. The format is bytes or wide characters
// as well. Nothing here takes memory but the growing sink and formats of more than a few numbered
// arguments. Neighbours: sink.c, printf_spec.c, printf_args.c, printf_float.c, printf_text.c,
// printf.c (the engine); printf_calls.c, printf_stream.c and wprintf.c (the functions of the
// standard).
#ifndef RAMET_GLUE_PRINTF_H
#define RAMET_GLUE_PRINTF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

// ---- where characters go ----
struct sink {
    void (*put)(struct sink *s, const char *p, size_t n);         // ASCII, or bytes as they are
    void (*put_wide)(struct sink *s, const wchar_t *p, size_t n); // NULL: a sink of bytes
    size_t count; // characters so far, taken or not: what printf returns
    int error;    // errno value of the first failure; nothing is put any more then
};

// Puts N characters at P; more than INT_MAX in all are EOVERFLOW.
void __sink_emit(struct sink *s, const char *p, size_t n);
void __sink_emit_wide(struct sink *s, const wchar_t *p, size_t n);
// N times the character C.
void __sink_pad(struct sink *s, char c, size_t n);

// The first failure decides what errno is.
static inline void sink_fail(struct sink *s, int error)
{
    if (!s->error)
        s->error = error;
}

// ---- a conversion ----
enum length { LEN_NONE, LEN_HH, LEN_H, LEN_L, LEN_LL };

#define ARG_NEXT 0  // the next argument there is
#define ARG_NONE -1 // none at all

// What stands between '%' and the letter, and the letter.
struct spec {
    char minus, plus, space, alt, zero, group, digits; // the flags - + space # 0 ' I
    int width, precision;                              // precision -1: none was given
    enum length length;
    wint_t conv;                       // the letter; 0 at the end of the format
    int arg, width_arg, precision_arg; // which argument: counted from 1, or one of ARG_*
};

// A format: one of the two is NULL.
struct text {
    const char *bytes;
    const wchar_t *wide;
};

// The NUL at the end is 0 in both.
static inline wint_t text_at(const struct text *t, size_t i)
{
    return t->wide ? (wint_t)t->wide[i] : (unsigned char)t->bytes[i];
}

// Reads the conversion whose '%' is at T[I]. Returns where the text goes on, or 0 when a number in
// it is larger than an int.
size_t __printf_spec(const struct text *t, size_t i, struct spec *spec);

// ---- arguments ----
union value {
    intmax_t i;
    long double x; // double as well: the conversion is exact
    const void *p;
};
enum kind { KIND_NONE, KIND_INT, KIND_LONG, KIND_POINTER, KIND_DOUBLE, KIND_LONG_DOUBLE };

#define NUMBERED 16 // arguments that a format with numbers has without memory of malloc()

// The arguments of one call: a list that is fetched from, or all of them by number.
struct args {
    va_list ap;
    union value *numbered; // all of them, when the format numbers its arguments; else NULL
    union value few[NUMBERED];
    int next; // of a numbered format: the argument a conversion without a number takes, from 1
};

// What SPEC's letter takes; KIND_NONE for one that takes nothing or that nobody knows.
enum kind __printf_kind(const struct spec *spec);

// Fetches all arguments of a format that numbers them ("%2$s"). Returns 0 or an errno value.
int __printf_number_args(struct args *args, const struct text *t);
// Puts into V argument WHICH, one of the numbers or of ARG_*, which is a KIND.
void __printf_arg(struct args *args, int which, enum kind kind, union value *v);

// ---- conversions ----
// The spaces, the PREFIX and the zeros before a body of SIZE characters. Returns how many spaces
// go behind it.
size_t __printf_open(struct sink *s, const struct spec *spec, const char *prefix, size_t prefix_len,
                     size_t size, int zeros);
// Each puts one argument with its padding. The float's are %e, %f, %g and %a; a TEXT of NULL is a
// word.
void __printf_float(struct sink *s, const struct spec *spec, long double x);
void __printf_bytes(struct sink *s, const struct spec *spec, const char *text);
void __printf_wide(struct sink *s, const struct spec *spec, const wchar_t *text);
void __printf_char(struct sink *s, const struct spec *spec, int c);
void __printf_wide_char(struct sink *s, const struct spec *spec, wint_t c);

// All of a printf. Returns what printf returns, with errno set when that is -1.
int __printf_to(struct sink *s, struct text format, va_list ap);

#endif
